from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

import fuselens as fl
from fuselens.core.errors import InputError
from fuselens.core.model import FusionModel, WrappedModel
from fuselens.core.pair import ImagePair
from fuselens.report.page import ReportContents, render, write_report
from tests.report.parsed import Page

LOSSES = ("ssim_a", "ssim_b", "l2_a", "l2_b")


def local_model(weight: float = 0.75) -> FusionModel:
    """Return `weight a + (1 - weight) blur(b)`: the guidance is known in closed form."""

    def fuse(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return weight * a + (1 - weight) * torch.nn.functional.avg_pool2d(b, 3, 1, 1)

    return WrappedModel(fuse, name="planted", reach=1, stride=1)


def contents_of(
    size: tuple[int, int] = (17, 23),
    model: FusionModel | None = None,
    names: tuple[str, str] = ("infrared", "visible"),
    algorithm: Any = "auto",
    **changes: Any,
) -> ReportContents:
    generator = torch.Generator().manual_seed(1)
    a, b = torch.rand(2, *size, generator=generator)
    pair = ImagePair.from_arrays(a, b, names)
    model = model or local_model()
    guide = fl.guidance(model, pair, algorithm=algorithm, probes=4)
    region = (1, 2, 5, 6)
    values: dict[str, Any] = {
        "guidance": guide,
        "probes": [fl.jacobian(model, pair, pixel=(3, 4)), fl.jacobian(model, pair, region=region)],
        "regions": [fl.region_report(model, pair, region, guide)],
    }
    return ReportContents(pair, fl.fuse(model, pair), model, **(values | changes))


def test_page_nests_and_holds_all_sections_in_order() -> None:
    page = Page(render(contents_of(command="fuselens explain x y", notes=["The second image was rotated."])))
    order = [
        "infrared + visible , fused by planted",
        "The answer",
        "The pair and its fusion",
        "The second image was rotated.",
        "Who decides where",
        "How strongly each source acts",
        "Do the sources compete?",
        "What single places depend on",
        "Regions",
        "Research software, not a medical device.",
        "For the record",
        "fuselens explain x y",
    ]
    places = [page.text.index(words) for words in order]
    assert places == sorted(places)


def test_headings_descend_without_gaps() -> None:
    levels = Page(render(contents_of())).headings
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_planted_numbers_stand_on_the_page() -> None:
    text = Page(render(contents_of())).text
    # |0.75| / (|0.75| + |0.25 / 9|) = 96.4 %; the pixel's whole influence is 0.75 to 0.25.
    assert "infrared causes 96% of the fused brightness changes and visible 4%" in text
    assert "Pixel in row 3, column 4" in text
    assert "Infrared has 75% of the influence on this value, visible 25%" in text
    assert "At the pixel itself +0.750 +0.0278" in text
    assert "Influence from outside 0% 89%" in text
    assert "Radius of influence 0 px 1 px" in text
    assert "Region of rows 1 to 4, columns 2 to 5" in text
    assert "16 pixels" in text


def test_region_report_stands_on_the_page() -> None:
    contents = contents_of()
    text = Page(render(contents)).text
    for sentence in contents.regions[0].sentences():
        assert sentence in text


def test_nothing_is_loaded_from_elsewhere() -> None:
    html = render(contents_of())
    assert "http://" not in html
    assert "https://" not in html
    assert "url(" not in html
    for tag, attributes in Page(html).tags:
        assert tag not in {"link", "iframe", "object", "embed", "base"}
        for name in ("src", "href", "data", "action"):
            assert (attributes.get(name) or "data:").startswith("data:")


def test_content_policy_knows_the_script_and_no_other() -> None:
    html = render(contents_of())
    script = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert len(script) == 1
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    policy = next(a["content"] or "" for t, a in Page(html).tags if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy


def test_every_picture_is_a_png_with_alternative_text_of_numbers() -> None:
    pictures = [a for t, a in Page(render(contents_of())).tags if t == "img"]
    assert len(pictures) > 10
    for attributes in pictures:
        uri = attributes["src"] or ""
        assert base64.b64decode(uri.removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")
        if attributes.get("class") != "strip":
            assert re.search(r"\d", attributes["alt"] or "")


def test_hostile_names_stay_text() -> None:
    evil = '"><script>alert(1)</script>{{ 7 * 7 }}'
    contents = contents_of(names=(evil, "visible"), command=evil, notes=[evil])
    origin = replace(contents.pair, a=replace(contents.pair.a, origin=evil))
    contents.model.name = evil
    contents.model.weights_info = {"weights": evil, "data": evil, "test": {evil: dict.fromkeys(LOSSES, 0.5)}}
    html = render(replace(contents, pair=origin))
    assert html.count("<script>") == 1
    assert "49" not in re.findall(r"alert\(1\).{0,60}", html)[0]
    assert evil in Page(html).text


def test_without_guidance_only_places_are_explained() -> None:
    page = Page(render(contents_of(guidance=None, regions=[])))
    assert "Who decides where" not in page.text
    assert "At the explained 2 places, infrared has 75% to 75% of the influence" in page.text
    assert "What single places depend on" in page.text


def test_without_anything_the_pair_is_shown() -> None:
    page = Page(render(contents_of(guidance=None, regions=[], probes=[])))
    assert "no explanation was asked for" in page.text
    assert "What single places depend on" not in page.text
    assert sum(tag == "img" for tag, _ in page.tags) == 3


def test_an_estimate_is_called_one() -> None:
    contents = contents_of(algorithm="estimate")
    text = Page(render(contents)).text
    assert contents.guidance is not None
    assert contents.guidance.error_a is not None
    assert f"{float(contents.guidance.error_a.median()):.2g} for infrared" in text
    assert "This is an estimate" in text
    assert "estimate" not in Page(render(contents_of())).text


def test_a_source_that_is_ignored_everywhere_and_pixels_that_nothing_moves() -> None:
    def half(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        columns = torch.arange(a.shape[-1]) < a.shape[-1] // 2
        return torch.where(columns, a, 0.5 + 0 * b)

    text = Page(render(contents_of((16, 20), WrappedModel(half, name="half", reach=0, stride=1)))).text
    assert "Infrared dominates 50% of the image, most densely in the left third" in text
    assert "visible dominates nowhere; 50% follows neither" in text
    assert "Only infrared moves this value" in text


def test_a_model_that_ignores_both_sources_has_no_shares() -> None:
    dead = WrappedModel(lambda a, b: 0 * a + 0 * b, name="dead", reach=0, stride=1)
    page = Page(render(contents_of((9, 9), dead)))
    assert "Neither source moves the fused image" in page.text
    assert "Who decides where" not in page.text


@pytest.mark.parametrize("size", [(8, 8), (9, 31), (31, 8)])
@pytest.mark.parametrize("preset", ["signed", "paper"])
def test_small_and_odd_sizes(size: tuple[int, int], preset: Any) -> None:
    assert f"{size[1]} × {size[0]} pixels" in Page(render(contents_of(size, preset=preset))).text


def test_modalities_are_written_as_people_write_them_and_never_as_letters() -> None:
    text = Page(render(contents_of(names=("mri", "pet")))).text
    assert "MRI + PET , fused by planted" in text
    assert "Left and right are those of the image, not of the patient." in text
    assert not re.search(r"\b(mri|pet|source [ab])\b", text)


def test_the_card_of_the_weights_is_told() -> None:
    contents = contents_of()
    contents.model.weights_info = {
        "weights": "mri-pet",
        "modalities": ["mri", "pet"],
        "sha256": "ab" * 32,
        "pairs": {"training": 229, "validation": 25},
        "seconds": 3600.0,
        "recipe": {"lr": 0.002, "loss": {"lambda": 0.99}, "data_words": "said elsewhere"},
        "test": {"pairs": 9, "planted": dict.fromkeys(LOSSES, 0.1234), "average": dict.fromkeys(LOSSES, 0.4321)},
    }
    text = Page(render(contents)).text
    for words in ("weights mri-pet", "MRI + PET", "abababababab…", "training 229, validation 25", "60 min"):
        assert words in text
    assert "lambda 0.99, lr 0.002" in text
    assert "1 − SSIM to MRI" in text
    assert "planted 0.1234 0.1234 0.1234 0.1234 average 0.4321" in text
    assert "The weights and how they came to be" not in Page(render(contents_of())).text


def test_same_contents_same_page() -> None:
    contents = contents_of()
    assert render(contents) == render(contents)


def test_the_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    contents = contents_of((8, 8))
    path = write_report(tmp_path / "report.html", contents)
    assert path.read_text(encoding="utf-8") == render(contents)
    broken = replace(contents, preset="nonsense", gamma_guidance=-1.0)  # type: ignore[arg-type]
    with pytest.raises(InputError):
        write_report(path, broken)
    assert path.read_text(encoding="utf-8") == render(contents)
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(InputError, match="no folder"):
        write_report(tmp_path / "missing" / "report.html", contents)


def test_a_usual_pair_stays_below_three_megabytes() -> None:
    model = fl.load_model("average")
    noise = torch.rand(2, 3, 288, 384, generator=torch.Generator().manual_seed(0))
    pair = ImagePair.from_arrays(noise[0, 0], noise[1, 0], ("infrared", "visible"))
    guide = fl.guidance(model, pair)
    assert len(render(ReportContents(pair, fl.fuse(model, pair), model, guide))) < 3e6
