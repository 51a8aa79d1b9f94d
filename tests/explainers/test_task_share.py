"""Task share: closed forms, the paper's weights, the chain through a fusion model; and the path through stages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import fuselens as fl
from fuselens.core.errors import InputError
from fuselens.core.pair import ImagePair
from fuselens.core.targets import Downstream, RegionMean
from fuselens.explainers.paths import StagePath
from fuselens.explainers.stage_gradients import stage_gradients
from fuselens.segmentation import load_segmenter
from fuselens.segmentation.class_weights import class_weights
from tests.models.test_uaafusion import built
from tests.segmentation.attributed import SmallSegmenter, noise, quarters

SIZE = (14, 17)


@pytest.fixture(scope="module")
def pair() -> ImagePair:
    return ImagePair.from_arrays(noise(*SIZE), noise(*SIZE, seed=2), ("infrared", "visible"))


def bright(image: torch.Tensor) -> torch.Tensor:
    """Every class's logit is the brightness."""
    return image.expand(-1, 4, -1, -1)


def segmenter(smooth: bool = False) -> SmallSegmenter:
    return SmallSegmenter(smooth=smooth).double().eval()


def test_of_a_pair_it_is_equation_8(pair: ImagePair) -> None:
    found = fl.task_share(pair, segmenter(), regions=quarters(*SIZE)[0])
    a, b = pair.tensors(dtype=torch.float64)
    weights = class_weights(segmenter(), a, b, quarters(*SIZE))
    assert [row.name for row in found.classes] == ["class 0", "class 1", "class 2", "class 3"]
    for place, row in enumerate(found.classes):
        assert row.share_a == pytest.approx(float(weights.shares[0, place]))
        assert row.brought_b == pytest.approx(float(weights.brought_b[0, place]))
        assert row.area == pytest.approx(float((found.regions == place).double().mean()))
        inside = found.regions == place
        assert float(found.a[inside].sum()) == pytest.approx(row.brought_a)


@pytest.mark.parametrize("weight", [0.3, 0.9])
def test_a_linear_model_passes_its_weights_on(pair: ImagePair, weight: float) -> None:
    """Of logits that are the brightness of w a + (1 - w) b, a brings w mean(a), exactly and at any number of steps."""
    found = fl.task_share(
        pair, bright, model=lambda a, b: weight * a + (1 - weight) * b, regions=quarters(*SIZE)[0], steps=1
    )
    for number, row in enumerate(found.classes):
        inside = found.regions == number
        a, b = (float(source.y[inside].double().mean()) for source in pair)
        assert row.brought_a == pytest.approx(weight * a, rel=1e-5)
        assert row.share_a == pytest.approx(weight * a / (weight * a + (1 - weight) * b), rel=1e-5)
        assert row.score == pytest.approx(weight * a + (1 - weight) * b, rel=1e-5)
        assert row.gap == pytest.approx(0, abs=1e-6)


def test_a_model_that_copies_one_source_gives_it_every_share(pair: ImagePair) -> None:
    found = fl.task_share(pair, segmenter(), model=lambda a, b: b + 0 * a, regions=quarters(*SIZE)[0])
    for row in found.classes:
        assert row.brought_a == 0
        assert row.share_a == pytest.approx(0.0 if row.brought_b > 0 else 0.5, abs=1e-6)
    assert not found.a.any()


def test_gaps_close_with_more_steps(pair: ImagePair) -> None:
    coarse, fine = (
        fl.task_share(pair, segmenter(smooth=True), model=lambda a, b: (a * b).sqrt() + a, steps=steps, rule="right")
        for steps in (4, 64)
    )
    assert max(abs(row.gap) for row in fine.classes) < max(abs(row.gap) for row in coarse.classes) / 4


def test_files_figure_and_words(pair: ImagePair, tmp_path: Path) -> None:
    found = fl.task_share(pair, segmenter(), model=built())
    assert found.sentences()
    assert len(found.plot().axes) >= 4
    found.save(tmp_path)
    answer = json.loads((tmp_path / "explanation.json").read_text(encoding="utf-8"))
    assert answer["method"] == "task_share"
    assert answer["classes"][0].keys() >= {"name", "area", "share_a", "score", "gap"}
    assert answer["settings"]["model"] == "uaafusion"
    assert list(tmp_path.glob("task_share_*.png"))


def test_as_an_explainer_it_is_the_same(pair: ImagePair) -> None:
    model = fl.load_model("weighted_average")
    named, given = (
        fl.explain(model, pair, "task_share", segmenter=one, steps=2) for one in ("deeplab:road", load_segmenter())
    )
    expected = fl.task_share(pair, load_segmenter(), model=model, steps=2)
    for found in (named, given):
        assert torch.equal(found.a, expected.a)
        assert found.classes == expected.classes
        assert found.settings["model"] == "weighted_average"


@pytest.mark.parametrize(
    ("network", "settings", "words"),
    [
        (torch.nn.Conv2d(3, 4, 1), {}, "as_segmenter"),
        (lambda image: (image / 0).expand(-1, 3, -1, -1), {}, "NaN or infinite logits"),
        (bright, {"regions": quarters(9, 9)[0]}, "Expected regions"),
        (bright, {"regions": quarters(*SIZE)[0] + 1}, "classes 0 to 3"),
        (bright, {"regions": torch.full(SIZE, 255)}, "name no class"),
    ],
)
def test_bad_input(pair: ImagePair, network: Any, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        fl.task_share(pair, network, **settings)


def test_stage_path_meets_its_pictures_and_halves_between() -> None:
    pictures = [noise(1, 1, 5, 6, seed=seed) for seed in range(4)]
    path = StagePath(pictures)
    torch.testing.assert_close(path([0, 1 / 3, 2 / 3, 1]), torch.cat(pictures))
    torch.testing.assert_close(path([0.5])[0], (pictures[1][0] + pictures[2][0]) / 2)
    with pytest.raises(InputError, match="two pictures"):
        StagePath(pictures[:1])


def test_stage_gradients_add_up_to_the_score(pair: ImagePair) -> None:
    model = built()
    exact = stage_gradients(model, pair, RegionMean((2, 3, 9, 10)), steps=1)
    with torch.no_grad():
        path = model.unfold(*pair.tensors(dtype=torch.float64)).path
    gained = torch.stack([f[0, 0, 2:9, 3:10].mean() for f in path]).diff()
    torch.testing.assert_close(exact.parts[1].series["maps add up to"], gained)  # type: ignore[union-attr]
    coarse, fine = (
        stage_gradients(model, pair, Downstream(contrast), steps=steps).facts["Completeness gap"] for steps in (1, 8)
    )
    assert coarse > 0
    assert fine < coarse / 30  # the midpoint rule's error falls with the square of the steps


def contrast(fused: torch.Tensor) -> torch.Tensor:
    return (8 * (fused - 0.5)).pow(4).mean((1, 2, 3))


def test_stage_gradients_need_stages(pair: ImagePair) -> None:
    with pytest.raises(InputError, match="no pictures"):
        stage_gradients(lambda a, b: (a + b) / 2, pair)
    with pytest.raises(InputError, match="one step"):
        stage_gradients(built(), pair, steps=0)
