"""The loss of UAAFusion: each part against an independent calculation, labels, and who learns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from fuselens.core.errors import InputError
from fuselens.data.folders import find_pairs
from fuselens.models.uaafusion import UAAFusion
from fuselens.segmentation.protocol import IGNORED
from fuselens.training.label_store import LabelStore
from fuselens.training.objectives.segmentation_aware import SegmentationAware, cross_entropy
from fuselens.training.stores import PairStore
from tests.segmentation.attributed import SmallSegmenter, noise, quarters
from tests.training.test_objectives import edges_by_hand, images

SIZE = (17, 14)


def network(segmenter: Any = "small") -> UAAFusion:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return UAAFusion(stages=2, segmenter=SmallSegmenter() if segmenter == "small" else segmenter).double().train()


def test_the_loss_is_the_weighted_sum_of_its_parts() -> None:
    """Equations 16 and 17, by numpy and loops."""
    fused, a, b = images(2)
    weight, logits, regions = noise(2, 1, *SIZE), noise(6, 4, *SIZE, seed=3) * 5, quarters(*SIZE, count=2)
    regions[0, :4] = IGNORED
    objective = SegmentationAware(intensity=2.0, gradient=3.0, segmentation=0.5)
    total, parts = objective.loss((fused[None], weight, regions.double(), logits), (a, b))
    intensity = np.mean((weight * (fused - a) ** 2 + (1 - weight) * (fused - b) ** 2).numpy())
    gradient = np.mean(
        [
            np.abs(edges_by_hand(f) - np.maximum(edges_by_hand(x), edges_by_hand(y)))
            for f, x, y in zip(fused[:, 0], a[:, 0], b[:, 0], strict=True)
        ]
    )
    terms = []
    for kind in range(3):  # a, b and the fused image, one after the other
        for index in range(2):
            picture = logits[2 * kind + index].numpy()
            log_shares = picture - np.log(np.exp(picture).sum(axis=0))
            for (row, column), number in np.ndenumerate(regions[index].numpy()):
                if number != IGNORED:
                    terms.append(-log_shares[number, row, column])
    assert parts["intensity"] == pytest.approx(intensity)
    assert parts["gradient"] == pytest.approx(gradient)
    assert parts["segmentation"] == pytest.approx(np.mean(terms))
    assert float(total) == pytest.approx(2 * intensity + 3 * gradient + 0.5 * np.mean(terms))


def test_structure_and_the_pictures_of_the_path_count_where_asked() -> None:
    fused, a, b = images(2)
    weight, before = noise(2, 1, *SIZE), noise(2, 1, *SIZE, seed=7)
    path, one = torch.stack((before, fused)), {"segmentation": 0.0, "ssim": 0.5}

    def alone(picture: torch.Tensor) -> float:
        return float(SegmentationAware(**one).loss((picture[None], weight), (a, b))[0])

    plain, parts = SegmentationAware(segmentation=0.0).loss((fused[None], weight), (a, b))
    assert alone(fused) == pytest.approx(float(plain) + 0.25 * (parts["ssim_a"] + parts["ssim_b"]))
    assert parts["ssim_a"] > 0.01
    total, told = SegmentationAware(**one, path=0.2).loss((path, weight), (a, b))
    assert float(total) == pytest.approx(alone(fused) + 0.2 * alone(before))
    assert told["intensity"] == parts["intensity"]


def test_no_pixel_that_counts_is_no_loss() -> None:
    logits = noise(2, 3, 5, 6).requires_grad_(True)
    loss = cross_entropy(logits, torch.full((2, 5, 6), IGNORED))
    assert float(loss.detach()) == 0
    loss.backward()
    assert logits.grad is not None
    assert not logits.grad.any()


@pytest.mark.parametrize("joint", [True, False])
def test_who_learns(joint: bool) -> None:
    """The weights and the attention pass no gradient; the cross-entropy reaches the segmenter only where it learns."""
    model, objective = network(), SegmentationAware(joint=joint)
    model.requires_grad_(False)
    objective.trained(model).requires_grad_(True)
    a, b = noise(2, 1, *SIZE), noise(2, 1, *SIZE, seed=2)
    before = {name: value.clone() for name, value in model.segmenter.named_buffers()}  # type: ignore[union-attr]
    outputs = objective.outputs(model, (a, b))
    assert not outputs[1].requires_grad
    total, _ = objective.loss(outputs, (a, b))
    total.backward()
    assert all(p.grad is not None for p in model.network.parameters())
    assert all((p.grad is not None) == joint for p in model.segmenter.parameters())  # type: ignore[union-attr]
    moved = [not torch.equal(v, before[n]) for n, v in model.segmenter.named_buffers()]  # type: ignore[union-attr]
    assert any(moved) == joint, "batch normalisation keeps its statistics where the segmenter does not learn"
    assert model.training


def test_fused_only() -> None:
    a, b = noise(2, 1, *SIZE), noise(2, 1, *SIZE, seed=2)
    assert len(SegmentationAware().outputs(network(), (a, b))[3]) == 6
    assert len(SegmentationAware(sources=False).outputs(network(), (a, b))[3]) == 2


def test_without_a_segmenter_both_sources_weigh_the_same() -> None:
    model, (fused, a, b) = network(None), images(5)
    outputs = SegmentationAware().outputs(model, (a, b))
    total, parts = SegmentationAware(gradient=0.0).loss((fused[None], outputs[1]), (a, b))
    assert parts["segmentation"] == 0
    assert float(total) == pytest.approx(float(((fused - a) ** 2 + (fused - b) ** 2).mean()) / 2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for name in ("ir", "vi", "label"):
        (tmp_path / name).mkdir()
        for number in range(2):
            values = random.integers(0, 3 if name == "label" else 256, (20, 24)).astype(np.uint8)
            Image.fromarray(values).save(tmp_path / name / f"{number}.png")
    return tmp_path


class ThreeClasses(SmallSegmenter):
    classes = ("nothing", "one", "two")

    def __init__(self) -> None:
        super().__init__(3)


def test_labels_come_with_the_pairs_and_decide(folder: Path) -> None:
    objective, model = SegmentationAware(label_folder="label"), network(ThreeClasses())
    store, cell = objective.served(model, PairStore(find_pairs(folder, "ir", "vi"), None))
    assert cell == 1
    assert len(store) == 2
    a, b, label = store[1]
    truth = np.asarray(Image.open(folder / "label" / "1.png"))
    assert label.shape == a.shape == (1, 20, 24)
    np.testing.assert_array_equal(label[0].numpy(), truth)
    sample = tuple(part[None] for part in (a.double(), b.double(), label))
    outputs = objective.outputs(model, sample)
    np.testing.assert_array_equal(outputs[2][0].numpy(), truth)
    assert torch.isfinite(objective.loss(outputs, sample)[0])


def test_bad_labels(folder: Path) -> None:
    pairs = PairStore(find_pairs(folder, "ir", "vi"), None)
    with pytest.raises(InputError, match="no class table"):
        SegmentationAware(label_folder="label").served(network(), pairs)
    with pytest.raises(InputError, match="classes 0 to 1"):
        LabelStore(pairs, "label", ("nothing", "one"))[0]
    (folder / "label" / "1.png").unlink()
    with pytest.raises(InputError, match="no label"):
        LabelStore(pairs, "label", ThreeClasses.classes)
