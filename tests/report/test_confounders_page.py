"""The page of a confounder dictionary: its numbers, its contact sheets, its charts."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from fuselens.confounders import SceneSettings, find_scenes
from fuselens.confounders.scenes import FoundScenes
from fuselens.core.errors import InputError
from fuselens.report.confounders_charts import HEIGHT, WIDTH, SceneMap, SizeBars, hues
from fuselens.report.confounders_page import EXAMPLES, ConfoundersContents, render, write_confounders_page
from tests.confounders.planted_scenes import cells, write_pairs
from tests.report.parsed import Page

KINDS_A, KINDS_B = [0] * 10 + [1, 1, 2], [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 2, 2]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> FoundScenes:
    files = write_pairs(tmp_path_factory.mktemp("pairs"), KINDS_A, KINDS_B)
    return find_scenes(files, SceneSettings(scenes=3, dim=4, backbone=cells))


@pytest.fixture(scope="module")
def html(found: FoundScenes) -> str:
    return render(ConfoundersContents(found, "fuselens confounders x", ["One remark."]))


def test_page_nests_and_holds_all_in_order(html: str) -> None:
    page = Page(html)
    order = [
        "The scenes of 13 pairs of infrared + visible",
        "3 scenes of each modality",
        "features: cells",
        "The 3 infrared scenes are as even as 2.0 scenes of one size would be; the 3 visible scenes are as even as",
        "The largest infrared scene holds 77% of the images, and 1 of the scenes has one image only",
        "Even scenes would hold 33% each.",
        "Map of the infrared scenes",
        "scene 0: 10 images",
        "Map of the visible scenes",
        "Infrared scenes",
        "Scene 0 10 images, 77%",
        "2 more images; 90% in visible scene 0.",
        "Scene 1 2 images, 15%",
        "Spread over 2 visible scenes.",
        "Scene 2 1 image, 8%",
        "Visible scenes",
        "Scene 2 2 images, 15%",
        "Scenes are what the features see.",
        "One remark.",
        "For the record",
        "fuselens confounders x",
    ]
    place = 0
    for words in order:
        assert words in page.text[place:], words
        place = page.text.index(words, place)
    assert page.headings[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(page.headings))


def test_contact_sheets_show_the_nearest_images_first(found: FoundScenes, html: str) -> None:
    sheets = re.findall(r'<div class="sheet">(.*?)</div>', html, re.DOTALL)
    assert len(sheets) == 6
    for k, sheet in enumerate(sheets):
        clusters = (found.a if k < 3 else found.b).clusters
        members = clusters.members(k % 3)[:EXAMPLES]
        assert re.findall(r'alt="(.*?)"', sheet) == [found.files[i].name for i in members]
        assert sheet.count("data:image/jpeg;base64,") == len(members)


def test_nothing_is_loaded_from_elsewhere(html: str) -> None:
    assert "http" not in html.replace("http-equiv", "")
    assert "url(" not in html
    for tag, attributes in Page(html).tags:
        assert tag not in {"link", "iframe", "object", "embed", "base"}
        for name in ("src", "href"):
            assert (attributes.get(name) or "data:").startswith(("data:", "#"))


def test_hostile_names_stay_text(found: FoundScenes) -> None:
    evil = '"><script>alert(1)</script>{{ 7 * 7 }}'
    files = [replace(one, name=evil, names=(evil, "visible")) for one in found.files]
    hostile = replace(found, files=files, a=replace(found.a, name=evil), facts={"backbone": evil})
    html = render(ConfoundersContents(hostile, evil, [evil]))
    assert html.count("<script>") == 1
    assert Page(html).text.count(evil) > 5


def test_written_whole_or_not_at_all(found: FoundScenes, tmp_path: Path) -> None:
    path = write_confounders_page(tmp_path / "page.html", ConfoundersContents(found))
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]
    gone = replace(found, files=[replace(one, a=tmp_path / "gone.png") for one in found.files])
    with pytest.raises(InputError, match=r"There is no file .*gone\.png"):
        write_confounders_page(tmp_path / "other.html", ConfoundersContents(gone))
    assert path.stat().st_size < 300_000
    assert not (tmp_path / "other.html").exists()


def test_map_keeps_proportions_and_stays_on_the_canvas() -> None:
    points = np.random.default_rng(0).standard_normal((40, 2)) * (5, 1)
    labels = np.arange(40) % 4
    drawn = SceneMap.of(points, labels, hues(points, labels), "infrared")
    placed = np.empty((40, 2))
    for spot in drawn.spots:
        placed[labels == spot.number] = spot.dots
        np.testing.assert_allclose((spot.x, spot.y), np.mean(spot.dots, axis=0))
    assert (placed >= 0).all()
    assert (placed <= (WIDTH, HEIGHT)).all()
    lengths = [np.linalg.norm(a - b) for a, b in pairwise(placed)]
    expected = [np.linalg.norm(a - b) for a, b in pairwise(points)]
    np.testing.assert_allclose(np.array(lengths) / expected, lengths[0] / expected[0])
    assert placed[points[:, 1].argmax(), 1] == placed[:, 1].min()  # up is up


def test_a_single_place_is_drawn_too() -> None:
    drawn = SceneMap.of(np.zeros((3, 2)), np.array([0, 0, 1]), [0, 180], "infrared")
    assert drawn.spots[0].dots[0] == (WIDTH / 2, HEIGHT / 2)


def test_bars_are_as_high_as_their_sizes() -> None:
    bars = SizeBars.of(np.array([8, 4, 1]), [0, 120, 240], "visible")
    heights = [120 - bar.top for bar in bars.bars]
    np.testing.assert_allclose(heights, heights[0] * np.array([1, 1 / 2, 1 / 8]))
    assert 120 - bars.even == pytest.approx(heights[0] * 13 / 3 / 8)
    assert bars.alt == "Images in each visible scene: 8, 4, 1."
    many = SizeBars.of(np.ones(100, np.int64), [0] * 100, "visible")
    assert [bar.label for bar in many.bars if bar.label][:3] == ["0", "4", "8"]


def test_hues_turn_with_the_direction_and_are_all_different() -> None:
    angles = np.array([0.5, -2.0, 2.5, -0.5])
    points = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points -= points.mean(axis=0)
    found = hues(points, np.arange(4))
    assert sorted(found) == [0, 90, 180, 270]
    turned = np.argsort(np.arctan2(points[:, 1], points[:, 0]))
    assert [found[k] for k in turned] == [0, 90, 180, 270]
