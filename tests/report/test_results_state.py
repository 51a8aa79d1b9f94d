"""The section about a model's own account."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

import fuselens as fl
from fuselens.core.intrinsic import ModelState, StateBars, StateMaps
from fuselens.report.page import ReportContents
from fuselens.report.page import render as render_guidance
from fuselens.report.results_bars import BarsPart
from fuselens.report.results_page import render
from fuselens.report.results_state import MapsPart, StateSection
from tests.report.parsed import Page
from tests.report.results import NAMES, bright_pair, contents_of, map_of, planted_model

SIZE = (24, 32)


def bars_of(count: int = 3, **changes: Any) -> StateBars:
    series = {"infrared": torch.linspace(-1, 3, count), "visible": torch.linspace(1, 0, count)}
    values = {"title": "Weights", "words": "Longer counts for more.", "labels": [f"c{i}" for i in range(count)]}
    return StateBars(**({**values, "series": series} | changes))


def maps_of(count: int = 2, size: tuple[int, int] = SIZE, **changes: Any) -> StateMaps:
    names = [*NAMES, *(f"map {i}" for i in range(count - 2))]
    values = {name: torch.full(size, float(i)) for i, name in enumerate(names)}
    return StateMaps(**({"title": "activity of visible", "words": "Yellow: more.", "maps": values} | changes))


def state_of(*parts: StateMaps | StateBars, **changes: Any) -> ModelState:
    summary = ["infrared counts for more.", "Nothing else matters."]
    return ModelState(NAMES, summary, parts or (bars_of(), maps_of()), **changes)


def test_the_account_stands_on_the_page_in_order() -> None:
    state = state_of(facts={"accuracy of infrared": 0.875}, settings={"rule": "planted", "model": "planted"})
    page = Page(render(contents_of(state)))
    order = [
        "The answer",
        "Infrared counts for more. Nothing else matters.",
        "These are numbers that the model itself decided with",
        "The pair and its fusion",
        "The model's own account: how planted fuses this pair",
        "Weights Longer counts for more.",
        "c1 1.000 0.500",
        "Activity of visible Yellow: more.",
        "Single numbers Accuracy of infrared 0.875",
        "For the record",
        "rule planted",
    ]
    places = [page.text.index(words) for words in order]
    assert places == sorted(places)
    assert all(after - before <= 1 for before, after in pairwise(page.headings))
    assert "The mark shows what is explained." not in page.text


def test_an_account_stands_beside_other_results() -> None:
    html = render(contents_of(map_of(target="region:0,0,8,8"), state_of(), map_of(target="pixel:20,30")))
    page = Page(html)
    assert "2 Infrared counts for more." in page.text
    assert set(re.findall(r'class="mark[^>]*><b>(.*?)</b>', html)) == {"1", "3"}  # an account is of no one place
    assert "2 The model's own account: how planted fuses this pair" in page.text


def test_bars_are_measured_on_one_scale_that_holds_zero() -> None:
    part = BarsPart.of(bars_of(), NAMES)
    infrared = [row.bars[0] for row in part.rows]
    assert [(bar.start, bar.length) for bar in infrared] == [(0, 25), (25, 25), (25, 75)]
    assert [row.bars[1].length for row in part.rows] == [25, 12.5, 0]
    assert [bar.text for bar in infrared] == ["−1.000", "1.000", "3.000"]
    assert (part.high, part.zero, part.low) == ("3.000", 75, "−1.000")
    assert part.series == [("infrared", "a"), ("visible", "b")]
    assert part.alts[0] == "infrared: 3 bars, from −1.000 (c0) to 3.000 (c2), mean 1.000."


def test_bars_that_all_vanish_can_be_drawn() -> None:
    part = BarsPart.of(bars_of(series={"weight": torch.zeros(3)}), NAMES)
    assert [row.bars[0].length for row in part.rows] == [0, 0, 0]
    assert part.series == [("weight", "")]


def test_a_label_that_is_a_source_has_its_colour() -> None:
    part = BarsPart.of(bars_of(labels=["other", *NAMES], series={"weight": torch.ones(3)}), NAMES)
    assert [row.kind for row in part.rows] == ["", "a", "b"]


@pytest.mark.parametrize("count", [3, 32, 33, 128])
def test_many_bars_are_strips_first_and_all_numbers_are_there(count: int) -> None:
    page = Page(render(contents_of(state_of(bars_of(count)))))
    strips = [a["aria-label"] or "" for tag, a in page.tags if tag == "svg" and "aria-label" in a]
    rects = [a for tag, a in page.tags if tag == "rect" and (a.get("class") or "").startswith("bar")]
    if count > 32:
        assert strips == BarsPart.of(bars_of(count), NAMES).alts
        assert f"All {count} in numbers" in page.text
        assert len(rects) == 4 * count
    else:
        assert strips == []
        assert len(rects) == 2 * count
    assert f"c{count - 1} 3.000 0" in page.text


def test_labels_of_strips_have_room() -> None:
    for labels in ([str(i) for i in range(128)], [f"channel {i}" for i in range(300)], ["a very long label" * 3] * 40):
        part = BarsPart.of(bars_of(labels=labels, series={"weight": torch.rand(len(labels))}), NAMES)
        places = [tick.place for tick in part.ticks]
        assert 1 <= len(places) <= 16
        assert all(0 < place < 100 for place in places)
        longest = max(map(len, labels))
        assert len(places) <= 2 or all(after - before > 2 * longest for before, after in pairwise(places))


def test_pictures_of_bars_are_shown_beside_their_labels() -> None:
    pictures = [torch.rand(6, 8), torch.rand(6, 8, 3), torch.zeros(1, 1)]
    part = BarsPart.of(bars_of(pictures=pictures), NAMES)
    assert [row.picture and (row.picture.width, row.picture.height) for row in part.rows] == [(8, 6), (8, 6), (1, 1)]
    page = Page(render(contents_of(state_of(bars_of(pictures=pictures)))))
    assert {"c0, 1 of 3.", "c2, 3 of 3."} <= {a.get("alt") for tag, a in page.tags if tag == "img"}


def test_maps_are_linked_to_the_sources_only_where_they_have_their_size() -> None:
    assert MapsPart.of(maps_of(), NAMES, SIZE, 1.0).is_linked
    assert not MapsPart.of(maps_of(size=(12, 16)), NAMES, SIZE, 1.0).is_linked
    part = MapsPart.of(maps_of(4), NAMES, SIZE, 1.0)
    assert part.are_many
    assert [(words, kind) for words, kind, _ in part.figures[:3]] == [
        ("infrared", "a"),
        ("visible", "b"),
        ("map 0", ""),
    ]
    assert part.figures[1][2].alt == "activity of visible, visible: from 1.000 to 1.000, mean 1.000."
    assert part.scale is not None
    assert part.scale.ticks[-1].text == "3"


def test_grey_images_need_no_colour_bar() -> None:
    grey = maps_of(maps={"base": torch.rand(SIZE)}, display="grey")
    assert MapsPart.of(grey, NAMES, SIZE, 1.0).scale is None
    assert "Black is 0, white is 1." in Page(render(contents_of(state_of(grey)))).text


def test_modalities_are_written_as_people_write_them() -> None:
    names = ("mri", "pet")
    part = bars_of(labels=["mri of pet", "x", "y"], series={"pet": torch.ones(3)})
    state = replace(state_of(part, facts={"accuracy for mri": 1.0}), names=names, summary=["mri decides."])
    page = Page(render(contents_of(state, pair=bright_pair(names=names))))
    for words in ("MRI decides.", "MRI of PET", "Accuracy for MRI"):
        assert words in page.text
    assert not re.search(r"\b(mri|pet)\b", page.text)


def test_hostile_texts_stay_texts() -> None:
    evil = '"><script>alert(1)</script>{{ 7 * 7 }}'
    state = ModelState(
        NAMES,
        [evil, evil],
        [
            StateBars(evil, evil, [evil, evil], {evil: torch.ones(2)}, [torch.ones(4, 4)] * 2),
            StateBars(evil, evil, [evil] * 40, {evil: torch.ones(40)}),
            StateMaps(evil, evil, {evil: torch.ones(4, 4)}),
        ],
        {evil: 1.0},
        {evil: evil},
    )
    html = render(contents_of(state))
    assert html.count("<script>") == 1
    assert "49" not in re.findall(r"alert\(1\).{0,60}", html)[0]
    Page(html)


def test_the_guidance_report_shows_the_account_of_a_model_that_has_one(tmp_path: Path) -> None:
    pair, model = bright_pair(), planted_model()
    contents = ReportContents(pair, fl.fuse(model, pair), model, None)
    assert "What the model says itself" not in render_guidance(contents)
    page = Page(render_guidance(replace(contents, state=state_of())))
    assert "What the model says itself Infrared counts for more." in page.text
    assert all(after - before <= 1 for before, after in pairwise(page.headings))
    assert StateSection.of("", state_of(), "planted", pair.size).parts


def test_the_colour_bar_follows_the_maps_own_exponent() -> None:
    """Gamma 0.5 of the maps under 0.8 of the page is 0.4: pictures and bar show it alike."""
    lifted, plain = (MapsPart.of(maps_of(gamma=gamma), NAMES, SIZE, page) for gamma, page in ((0.5, 0.8), (1.0, 0.4)))
    assert lifted.scale == plain.scale
    assert [shown.uri for _, _, shown in lifted.figures] == [shown.uri for _, _, shown in plain.figures]
    assert lifted.scale != MapsPart.of(maps_of(), NAMES, SIZE, 0.8).scale
