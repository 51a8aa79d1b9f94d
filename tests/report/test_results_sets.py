from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
from PIL import Image

from fuselens.core.explanation import STATUS_WORDS, SetExplanation, Status
from fuselens.core.targets import Pixel, RegionMean
from fuselens.core.units import bits
from fuselens.report.results_charts import LEFT, RIGHT, WIDTH, Profile, ScoreBars
from fuselens.report.results_page import render
from fuselens.report.results_replay import MOST_FRAMES, Replay
from fuselens.report.results_words import part, score_text
from tests.report.parsed import Page
from tests.report.results import NAMES, bright_pair, contents_of, set_of

RIGHT_CELL = RegionMean((0, 24, 8, 32))


def text_of(*results: SetExplanation, **changes: Any) -> str:
    return Page(render(contents_of(*results, **changes))).text


def test_a_planted_set_is_told_with_its_certificate() -> None:
    found = set_of()
    assert found.members == [0]  # the cell itself, in a: one of 24, with 64 of 1536 pixels
    text = text_of(found)
    assert (
        "The brightness of the fused image in rows 0 to 7, columns 0 to 7 rests on 1 of 24 segments, 4.2% of the "
        "pixels. It is enough: with it alone the score is 1.00, and 0.9 or more counts as the same. It is needed: with "
        "everything but it the score is 0.00."
    ) in text
    assert "The score is the mean brightness there, 0 black to 1 white. It is stretched so that" in text
    assert "What is hidden is replaced by black." in text
    mean = f"{float(found.pair.a.y[:8, :8].mean()):.3f}"
    assert f"everything {mean} 1.00 the same result nothing 0 0.00 another result" in text
    assert f"only the set {mean} 1.00 the same result everything but the set 0 0.00 another result" in text
    assert "Margin 0.100 to the level" in text
    assert "1 segment of infrared, 8.3% of it." in text
    assert "Nothing of visible is in the set." in text
    assert f"Cost {found.model_images} fused images" in text
    assert "Beware" not in text


def test_a_set_in_both_sources_is_shared_out_by_pixels() -> None:
    found = set_of(target=RIGHT_CELL)
    page = Page(render(contents_of(found)))
    assert found.size == 2
    assert "rests on 2 of 24 segments, 8.3% of the pixels. They are enough" in page.text
    assert "No single one of them can be spared." in page.text
    assert any(a.get("aria-label") == "The set's pixels by source: infrared 50%, visible 50%" for _, a in page.tags)
    assert "Segments by source infrared 1, visible 1" in page.text


def test_a_source_that_cannot_be_hidden_is_said_to_be_shown() -> None:
    page = Page(render(contents_of(set_of(which="a"))))
    assert "Visible was always shown in full." in page.text
    assert "Only infrared could be hidden; visible was always shown." in page.text
    assert "rests on 1 of 12 segments, 8.3% of the pixels" in page.text
    assert not any("split" in (a.get("class") or "") for _, a in page.tags)


@pytest.mark.parametrize(
    ("mode", "start"),
    [
        ("sufficient", "To keep the brightness of the fused image in rows 0 to 7, columns 0 to 7, 1 of 24 segments, "
                       "4.2% of the pixels, is enough. With it alone the score is 1.00"),
        ("necessary", "The brightness of the fused image in rows 0 to 7, columns 0 to 7 changes when 1 of 24 segments, "
                      "4.2% of the pixels, is hidden. It is needed"),
    ],
)  # fmt: skip
def test_what_was_asked_for_is_said_first(mode: Literal["sufficient", "necessary"], start: str) -> None:
    assert start in text_of(set_of(mode=mode))


@pytest.mark.parametrize(
    ("mode", "said"),
    [("both", "Two tests"), ("sufficient", "The test: the yellow"), ("necessary", "The test: the blue")],
)
def test_the_bars_are_explained_by_what_was_asked(mode: Any, said: str) -> None:
    assert said in text_of(set_of(mode=mode))


def test_only_a_set_that_is_enough_is_said_to_keep_the_framed_part() -> None:
    found = set_of(mode="necessary")
    said = "Only the score of the framed part has to agree."
    assert said in text_of(found)
    assert said not in text_of(replace(found, score_kept=found.score_empty))


def test_a_set_that_is_only_enough_is_not_called_needed() -> None:
    found = set_of(mode="sufficient")
    text = text_of(replace(found, score_removed=found.score_full))
    assert "Others would do as well: with everything but it the score is 1.00." in text
    assert "It is needed" not in text
    text = text_of(replace(set_of(mode="necessary"), score_kept=found.score_empty))
    assert "It is not enough to keep it: with it alone the score is 0.00" in text


@pytest.mark.parametrize("status", ["NO_INFLUENCE", "NOT_FOUND"])
def test_without_a_set_the_page_says_why(status: Status) -> None:
    found = replace(set_of(), status=status, kept=0, trace=(), score_full=0.5, score_empty=0.496)
    page = Page(render(contents_of(found)))
    subject = "the brightness of the fused image in rows 0 to 7, columns 0 to 7"
    assert STATUS_WORDS[status].replace("the target", subject) in page.text
    assert "The score is 0.500 with everything shown and 0.496 with everything hidden." in page.text
    for absent in ("What counts in", "The certificate", "The explained fusion", "How the search", "counts as"):
        assert absent not in page.text


@pytest.mark.parametrize("status", ["BUDGET_EXHAUSTED", "INTERRUPTED"])
def test_a_search_cut_short_is_said_to_be(status: Status) -> None:
    settings = {"one_minimal": False, "fill": "black"}
    text = text_of(replace(set_of(target=RIGHT_CELL), status=status, settings=settings))
    assert f"Beware. {STATUS_WORDS[status]}" in text
    assert "search cut short" in text
    assert "can be spared." not in text
    assert "Minimal not checked" in text


@pytest.mark.parametrize(("excess", "warned"), [(2e-5, True), (2e-3, False)])
def test_a_narrow_margin_is_warned_of(excess: float, warned: bool) -> None:
    found = replace(set_of(), score_full=1.0, score_empty=0.0, score_kept=0.9 + excess)
    text = text_of(found)
    assert ("A score is within 2e-05 of the level" in text) is warned
    assert ("narrow margin" in text) is warned
    assert f"with it alone the score is {0.9 + excess:.{5 if warned else 3}f}, and 0.9 or more" in text


def test_scores_of_an_absolute_level_are_not_stretched() -> None:
    found = set_of(preset="paper", fill="black", which="both", level=0.2, target=RegionMean((0, 0, 8, 8)))
    text = text_of(found)
    assert not found.is_relative
    assert "It is stretched" not in text
    assert "0 to 1 counts as" not in text


def test_score_bars_stand_on_the_scale_of_the_level() -> None:
    found = replace(set_of(), score_full=1.5, score_empty=0.5, score_kept=1.45, score_removed=0.3)
    bars = ScoreBars.of(found)
    full, kept, removed, empty = bars.bars  # 1, 0.95, -0.2 and 0 on a scale from -0.2 to 1
    assert (full.text, kept.text, removed.text, empty.text) == ("1.00", "0.95", "−0.20", "0.00")
    zero = WIDTH * 0.2 / 1.2
    assert (full.x, full.width) == pytest.approx((zero, WIDTH - zero))
    assert kept.width == pytest.approx(WIDTH * 0.95 / 1.2)
    assert (removed.x, removed.width) == pytest.approx((0, zero))
    assert bars.level == pytest.approx(WIDTH * 1.1 / 1.2)
    assert "only the set shown: 0.95" in bars.alt


def test_profile_is_a_step_curve_through_the_known_points() -> None:
    found = replace(set_of(), level=0.75, kept=bits([1, 2, 3, 4]))
    profile = Profile.of([(0.75, 4), (0.5, 2), (1.0, 10)], found)
    x, y = zip(*profile.dots, strict=True)
    assert x == pytest.approx([(LEFT + RIGHT) / 2, LEFT + 0.75 * (RIGHT - LEFT), RIGHT])
    # Between two levels the size is that of the higher one: up first, then across.
    expected = f"M{x[0]:.2f} {y[0]:.2f}V{y[1]:.2f}H{x[1]:.2f}V{y[2]:.2f}H{x[2]:.2f}"
    assert profile.path == expected
    assert profile.here == pytest.approx((x[1], y[1]))
    assert y[0] - y[1] == pytest.approx((y[1] - y[2]) / 3)  # 2, 4, 10
    assert profile.alt == "Segments needed. level 0.5: 2; level 0.75: 4; level 1: 10."
    html = render(contents_of(set_of(), profile=[(0.5, 3), (0.9, 1)]))
    assert 'aria-label="Segments needed. level 0.5: 3; level 0.9: 1."' in html
    assert "How large the set must be" not in text_of(set_of())


def test_replay_shows_the_first_and_the_last_step_and_at_most_twelve() -> None:
    found = set_of()
    steps = [(2, 24 - i, "removal", 0, hex((1 << 23 - i) - 1)) for i in range(20)]
    failed = [(4, 9, "part", -1, hex(1))]
    replay = Replay.of(replace(found, trace=(*failed, *steps, *failed)), NAMES)
    assert replay is not None
    assert len(replay.frames) == MOST_FRAMES
    assert (replay.frames[0].size, replay.frames[-1].size) == ("23 segments", "4 segments")
    assert (replay.frames[0].step, replay.frames[-1].step) == ("Step 1", "Step 20")
    assert replay.words == "From 24 segments to 4 segments in 20 steps and 2 more in vain; 12 of them shown."
    assert replay.frames[-1].pictures[0].alt == "infrared after step 20: 4 segments shown."
    assert replay.frames[-1].pictures[1].alt == "visible after step 20: 0 segments shown."
    short = Replay.of(replace(found, trace=tuple(steps[:1])), NAMES)
    assert short is not None
    assert short.words == "From 24 segments to 23 segments in 1 step; all of them shown."


@pytest.mark.parametrize("trace", [(), ((2, 24, "part", -1, "0x1"),), ("a remark",)])
def test_without_accepted_steps_there_is_no_replay(trace: tuple[Any, ...]) -> None:
    assert Replay.of(replace(set_of(), trace=trace), NAMES) is None
    assert "How the search found it" not in text_of(replace(set_of(), trace=trace))


def test_thumbnails_are_bright_where_the_set_is() -> None:
    found = set_of(bright_pair((240, 320)), units="grid:80", target=Pixel(10, 10))
    replay = Replay.of(replace(found, trace=((2, 24, "part", 0, hex(bits([0]))),)), NAMES)
    assert replay is not None
    uri = replay.frames[0].pictures[0].uri
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).convert("L"))
    assert pixels.shape == (150, 200)
    assert pixels[5:45, 5:45].mean() > 120
    assert pixels[60:, 60:].mean() < 70


def test_overlays_dim_what_the_set_does_not_hold() -> None:
    html = render(contents_of(set_of()))
    alts = re.findall(r'alt="(\w+: [^"]*)"', html)
    assert "infrared: 8.3% of its pixels are shown, the rest dark." in alts
    assert "visible: 0% of its pixels are shown, the rest dark." in alts


@pytest.mark.parametrize(
    ("value", "level", "text"),
    [(0.93, 0.9, "0.93"), (0.9, 0.9, "0.90"), (0.89999, 0.9, "0.89999"), (0.90001, 0.9, "0.90001"),
     (-0.25, 0.5, "−0.25"), (-1e-9, 0.5, "0.00"), (1.0, 1.0, "1.00")],
)  # fmt: skip
def test_scores_are_told_apart_from_the_level(value: float, level: float, text: str) -> None:
    assert score_text(value, level) == text


def test_small_parts_keep_a_decimal() -> None:
    assert [part(each) for each in (0.0, 0.0099, 0.0994, 0.0996, 0.9999)] == ["0%", "1.0%", "9.9%", "10%", ">99%"]
