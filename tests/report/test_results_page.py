from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch

import fuselens as fl
from fuselens.core.errors import InputError
from fuselens.core.targets import RegionMean, Similarity
from fuselens.explainers.ddfimage import ddfimage
from fuselens.report.results_page import render, write_result_report
from tests.report.parsed import Page
from tests.report.results import bright_pair, contents_of, map_of, planted_model, set_of


def test_page_nests_and_holds_all_sections_in_order() -> None:
    notes = ["The second image was rotated."]
    profile = [(0.5, 1), (0.9, 1)]
    page = Page(render(contents_of(set_of(), profile=profile, command="fuselens explain x y", notes=notes)))
    order = [
        "infrared + visible , fused by planted",
        "The answer",
        "The pair and its fusion",
        "The second image was rotated.",
        "DDFImage: the brightness of the fused image in rows 0 to 7, columns 0 to 7",
        "What counts in infrared",
        "What counts in visible",
        "The certificate",
        "The explained fusion",
        "How large the set must be",
        "How the search found it",
        "Research software, not a medical device.",
        "For the record",
        "fuselens explain x y",
    ]
    places = [page.text.index(words) for words in order]
    assert places == sorted(places)


@pytest.mark.parametrize("several", [False, True])
def test_headings_descend_without_gaps(several: bool) -> None:
    results = [set_of(), map_of(error_a=torch.ones(24, 32))] if several else [set_of()]
    levels = Page(render(contents_of(*results, profile=[(0.5, 1)]))).headings
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_several_answers_are_numbered_on_the_page_and_on_the_pictures() -> None:
    page = Page(render(contents_of(set_of(), map_of(target="region:0,0,8,8"), map_of(target="pixel:20,30"))))
    assert "The answers 1 The brightness of the fused image in rows 0 to 7, columns 0 to 7 rests on" in page.text
    assert page.text.count("1 · 2") == 3  # both sources and the fused image
    assert page.text.count("Settings of this result") == 3


def test_settings_that_all_share_stand_in_the_record_and_the_others_with_their_result() -> None:
    results = [
        map_of(settings={"samples": 77, "which": "a", "seed": 5, "fill": None}),
        map_of(settings={"samples": 77}),
    ]
    text = Page(render(contents_of(*results))).text
    record = text.index("For the record")
    assert text.index("samples 77") > record
    assert text.index("which infrared") < record
    assert text.index("seed 5") < record
    assert "fill " not in text
    alone = Page(render(contents_of(results[0]))).text
    assert alone.index("which infrared") > alone.index("For the record")
    assert "Settings of this result" not in alone


def test_nothing_is_loaded_from_elsewhere_and_only_our_script_runs() -> None:
    html = render(contents_of(set_of(), map_of()))
    for word in ("http://", "https://", "url("):
        assert word not in html
    for tag, attributes in Page(html).tags:
        assert tag not in {"link", "iframe", "object", "embed", "base"}
        for name in ("src", "href", "data", "action"):
            assert (attributes.get(name) or "data:").startswith("data:")
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(a["content"] or "" for t, a in Page(html).tags if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy


def test_pictures_have_alternative_texts_with_numbers() -> None:
    errors = torch.rand(2, 24, 32)
    page = Page(render(contents_of(set_of(), map_of(error_a=errors[0], error_b=errors[1]), profile=[(0.5, 1)])))
    texts = [a["alt"] or "" for t, a in page.tags if t == "img" and a.get("class") != "strip"]
    texts += [a["aria-label"] or "" for t, a in page.tags if t == "svg"]
    assert len(texts) > 12
    for text in texts:
        assert re.search(r"\d", text)
        assert not re.search(r"\b(source|image) [ab]\b", text)


def test_hostile_texts_stay_texts() -> None:
    evil = '"><script>alert(1)</script>{{ 7 * 7 }}'
    pair = bright_pair(names=(evil, "visible"))
    found = replace(set_of(pair), target=evil, method=evil, settings={"fill": evil, evil: evil})
    told = map_of(pair, evil, target=f"downstream:{evil}", facts={"warning": evil, evil: evil, "layer": evil})
    contents = contents_of(found, told, pair=pair, command=evil, notes=[evil])
    contents.model.name = evil
    html = render(contents)
    assert html.count("<script>") == 1
    assert "49" not in re.findall(r"alert\(1\).{0,60}", html)[0]
    assert f"Beware. {evil}" in Page(html).text


def test_sources_are_called_by_their_modality() -> None:
    pair = bright_pair(names=("mri", "pet"))
    settings = {"which": "a", "path": "b", "towards": "b"}
    found = map_of(pair, target="closeness:b:0,0,8,8", settings=settings)
    text = Page(render(contents_of(set_of(pair), found, pair=pair))).text
    assert "Left and right are those of the image, not of the patient." in text
    assert "likeness of the fused image to PET in rows 0 to 7" in text
    assert not re.search(r"\b(mri|pet|source [ab])\b", text)


def test_a_similarity_that_is_explained_is_that_of_the_explained_fusion() -> None:
    pair = bright_pair()
    found = ddfimage(planted_model(), pair, Similarity(), units="grid:8", fill="black", mode="sufficient")
    text = Page(render(contents_of(found))).text
    # Computed twice: by the search, and from the two fused images.
    assert f"Similarity (SSIM) to the fused image: {found.score_kept:.3f} over the whole image" in text


@pytest.mark.parametrize("size", [(8, 8), (9, 31), (31, 8)])
def test_small_and_odd_sizes(size: tuple[int, int]) -> None:
    pair = bright_pair(size)
    text = Page(render(contents_of(set_of(pair, units="grid:4"), map_of(pair), pair=pair))).text
    assert f"{size[1]} × {size[0]} pixels" in text
    assert "Similarity (SSIM) to the fused image" not in text  # smaller than the window


def test_without_results_the_pair_is_shown() -> None:
    page = Page(render(contents_of()))
    assert "The pair and its fusion" in page.text
    assert sum(tag == "img" for tag, _ in page.tags) == 3


def test_same_contents_same_page() -> None:
    contents = contents_of(set_of(), map_of())
    assert render(contents) == render(contents)


def test_the_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    contents = contents_of(set_of(), map_of())
    path = write_result_report(tmp_path / "report.html", contents)
    assert path.read_text(encoding="utf-8") == render(contents)
    with pytest.raises(InputError):
        write_result_report(path, replace(contents, gamma=-1.0))
    assert path.read_text(encoding="utf-8") == render(contents)
    with pytest.raises(InputError, match="no folder"):
        write_result_report(tmp_path / "missing" / "report.html", contents)


def test_a_usual_pair_stays_below_four_megabytes() -> None:
    pair = fl.example_pair("street", size=(480, 640))
    model = fl.load_model("average")
    found = ddfimage(model, pair, RegionMean((200, 300, 240, 340)), units="grid:40", fill="black")
    noise = torch.nn.functional.interpolate(torch.randn(4, 1, 12, 16), size=(480, 640), mode="bicubic")[:, 0]
    told = map_of(pair, a=noise[0], b=noise[1], error_a=noise[2].abs(), error_b=noise[3].abs())
    html = render(contents_of(found, told, pair=pair, model=model, profile=[(0.5, 3), (0.9, 9)]))
    assert html.count('<div class="pictures">') == 12
    assert len(html) < 4e6
