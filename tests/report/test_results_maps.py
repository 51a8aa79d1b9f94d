from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from fuselens.core.locality import Box
from fuselens.core.results import Attribution
from fuselens.report.places import Mark
from fuselens.report.results_facts import fact_rows, warnings
from fuselens.report.results_maps import MapSection
from fuselens.report.results_page import render
from fuselens.report.results_words import hideable
from tests.report.parsed import Page
from tests.report.results import NAMES, bright_pair, contents_of, map_of, unit_map


def section_of(found: Attribution, gamma: float = 1.0) -> MapSection:
    return MapSection.of("1", found, bright_pair(), NAMES, gamma, [])


def pixels_of(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).convert("RGB")).astype(int)


def rows_of(section: MapSection) -> dict[str, tuple[str, str]]:
    return {label: (first, second) for label, first, second in section.rows}


def test_planted_numbers_stand_on_the_page() -> None:
    text = Page(render(contents_of(map_of(target="region:0,0,8,8")))).text
    assert (
        "Infrared has 75% of the influence on the brightness of the fused image in rows 0 to 7, columns 0 to 7, "
        "visible 25%. Half of the influence of infrared lies on 0.1% of its pixels, most densely in the upper left. "
        "Half of the influence of visible lies on 0.1% of its pixels, most densely in the lower right."
    ) in text
    assert "Share of the influence 75% 25%" in text
    assert "Lowest 0 −1.000 Highest +3.000 0" in text
    assert "Score of the pair 0.625" in text
    assert "gain of the mean score where a pixel is shown" in text


def test_both_maps_have_one_scale() -> None:
    first, second = (pixels_of(each.uri) for each in section_of(map_of()).maps)
    assert first[1, 2, 0] > first[1, 2, 2]  # the strongest red
    assert first[1, 2].sum() < 200
    assert second[-1, -1, 2] > second[-1, -1, 0]  # a paler blue: a third of the scale
    assert 400 < second[-1, -1].sum() < 650
    assert (first[10, 10] > 240).all()


def test_overlays_leave_the_image_where_nothing_acts() -> None:
    pair = bright_pair()
    shown = pixels_of(section_of(map_of()).overlays[0].uri)
    expected = (pair.a.y * 255).round().int().numpy()
    assert (shown[5:, 5:, 0] == expected[5:, 5:]).all()
    assert shown[1, 2, 0] > shown[1, 2, 2] + 50


def test_half_of_the_influence_is_counted_from_the_strongest_pixel_down() -> None:
    a, b = torch.zeros(24, 32), torch.ones(24, 32)
    a[0, :4] = torch.tensor([4.0, -3.0, 2.0, 1.0])  # 4 + 3 of 10
    rows = rows_of(section_of(map_of(a=a, b=b)))
    assert rows["Pixels with half of it"] == ("0.3%", "100%")  # equal pixels come together


def test_maps_that_vanish_are_told() -> None:
    nothing = torch.zeros(24, 32)
    text = Page(render(contents_of(map_of(a=nothing, b=nothing)))).text
    assert "Neither source moves the brightness of the fused image." in text
    assert "Half of the influence" not in text
    page = Page(render(contents_of(map_of(b=nothing))))
    assert "Only infrared acts on the brightness of the fused image." in page.text


@pytest.mark.parametrize("settings", [{"which": "b"}, {"path": "b"}])
def test_a_source_that_was_left_alone_is_not_called_without_influence(settings: dict[str, Any]) -> None:
    page = Page(render(contents_of(map_of(a=torch.zeros(24, 32), settings=settings))))
    assert (
        "This shows where visible acts on the brightness of the fused image; infrared was left as it is." in page.text
    )
    assert not any("split" in (a.get("class") or "") for _, a in page.tags)


def test_hideable_is_read_from_units_before_settings() -> None:
    units = unit_map(bright_pair(), {0: 1.0}).units
    assert hideable({"which": "a"}, units) == (True, True)
    assert hideable({"which": "a"}, None) == (True, False)
    assert hideable({"which": "both", "path": "joint"}, None) == (True, True)


def test_a_confined_influence_is_cut_out() -> None:
    a = torch.zeros(24, 32)
    a[4:6, 4:6] = 1
    section = section_of(map_of(a=a, b=a, target="pixel:4,4", window=Box(2, 2, 8, 8)))
    assert section.cut == "Rows 0 to 10, columns 0 to 10: nearly all of the influence lies there."
    assert (section.maps[0].width, section.maps[0].height) == (11, 11)
    assert section.target_mark == Mark.at("", Box(4, 4, 5, 5), Box(0, 0, 11, 11))
    whole = section_of(map_of(a=a, b=a, target="mean"))
    assert whole.cut == ""
    assert (whole.maps[0].width, whole.maps[0].height) == (32, 24)


def test_the_five_strongest_segments_are_listed_and_marked() -> None:
    scores = {0: 0.5, 13: -2.0, 5: 1.5, 6: -1.0, 23: 0.75, 7: 0.1}
    section = section_of(unit_map(bright_pair(), scores))
    assert [unit.score for unit in section.top] == ["−2.000", "+1.500", "−1.000", "+0.750", "+0.500"]
    assert [unit.source for unit in section.top] == ["Visible", "Infrared", "Infrared", "Visible", "Infrared"]
    assert section.top[0].place == "rows 0 to 7, columns 8 to 15"  # unit 13 is the second cell of b
    assert section.top[0].pixels == "64"
    assert [mark.label for mark in section.marks[0]] == ["2", "3", "5"]
    inside = section.marks[1][0]
    assert 25 <= inside.left < 50
    assert inside.top < 100 / 3
    assert rows_of(section)["Sum over segments"] == ("+1.100", "−1.250")


def test_segments_without_influence_are_not_listed_and_errors_are() -> None:
    found = unit_map(bright_pair(), {3: 1.0}, facts={"unit_std": [0.25] * 24})
    section = section_of(found)
    assert [(unit.rank, unit.error) for unit in section.top] == [("1", "± 0.250")]
    assert all(label != "unit std" for label, *_ in section.facts)
    assert "The segments with the strongest influence" not in Page(render(contents_of(map_of()))).text


def test_standard_errors_are_shown_where_there_are_some() -> None:
    error = torch.full((24, 32), 0.75)
    section = section_of(map_of(error_a=error))
    assert [which for which, _ in section.errors] == [0]
    assert rows_of(section)["Median standard error"] == ("0.750", "–")
    assert rows_of(section)["Pixels beyond twice theirs"] == ("0.1%", "–")  # 3 > 1.5 at one of 768
    assert "How sure each number is" in Page(render(contents_of(map_of(error_a=error)))).text
    assert "How sure each number is" not in Page(render(contents_of(map_of()))).text


def test_facts_are_told_in_words_and_unknown_ones_by_their_key() -> None:
    facts = {
        "r2": 0.875, "interaction": -0.25, "layer": "encoder.2", "completeness_delta_relative": 0.03, "steps": 1024,
        "my_number": 0.5, "my_list": list(range(99)), "my_none": None, "share_a": 0.5, "complete": True,
        "diffusion_index_a": 12.5, "diffusion_index_b": 3.0, "call_a": 0,
    }  # fmt: skip
    told = map_of(facts=facts)
    rows = {label: text for label, text, _ in fact_rows(told)}
    assert rows == {
        "Score of the pair": "0.625", "Fit (R²)": "0.875", "Interaction": "−0.250", "As a part of the change": "3%",
        "Steps": "1,024", "Layer": "encoder.2", "my number": "0.500",
    }  # fmt: skip
    section = section_of(told)
    assert rows_of(section)["Spread (diffusion index; 100: all pixels alike)"] == ("12.500", "3.000")
    text = Page(render(contents_of(told))).text
    assert "Fit (R²) 1 would mean that a sum over the segments tells every score exactly 0.875" in text


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"warning": "R² is 0.10.", "complete": False}, ["R² is 0.10."]),
        ({"complete": False}, ["The computation was cut short: this map rests on what was done until then."]),
        ({"complete": False, "completeness_delta_relative": 0.07},
         ["The maps' sum misses the change of the score by 7%: single numbers are that rough."]),
        ({"layer_is_after_fusion": True},
         ["The layer lies after the fusion, so it cannot tell the sources apart: both maps are halves of one."]),
        ({"complete": True, "layer_is_after_fusion": False, "warning": ""}, []),
    ],
)  # fmt: skip
def test_warnings(facts: dict[str, Any], words: list[str]) -> None:
    found = map_of(facts=facts)
    assert warnings(found) == words
    text = Page(render(contents_of(found))).text
    for sentence in words:
        assert f"Beware. {sentence}" in text
    assert ("Beware." in text) is bool(words)
    badge = "not complete" if facts.get("complete") is False else "doubtful"
    assert (badge in text) is bool(words)
