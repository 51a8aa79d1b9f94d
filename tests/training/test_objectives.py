"""The objectives besides likeness: each part against an independent calculation, gradients, and what is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve
from scipy.signal import convolve2d

from fuselens.core.errors import InputError
from fuselens.models import load_model
from fuselens.training.losses import partial_losses
from fuselens.training.objectives.classification import Classification
from fuselens.training.objectives.reconstruction import Reconstruction
from fuselens.training.objectives.strongest import Strongest, decomposition, edges
from fuselens.training.stores import Sample, Store

SOBEL = np.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])


def images(seed: int, count: int = 3, shape: tuple[int, int] = (17, 14)) -> list[torch.Tensor]:
    random = np.random.default_rng(seed)
    return [torch.from_numpy(random.random((2, 1, *shape))) for _ in range(count)]


def edges_by_hand(image: torch.Tensor) -> Any:
    both = [convolve(image.numpy(), kernel, mode="constant") for kernel in (SOBEL, SOBEL.T)]
    return np.abs(both[0]) + np.abs(both[1])


def test_edges_agree_with_scipy() -> None:
    (image,) = images(1, 1)
    for got, plane in zip(edges(image)[:, 0], image[:, 0], strict=True):
        np.testing.assert_allclose(got, edges_by_hand(plane), atol=1e-12)


def test_strongest_is_the_weighted_sum_of_its_parts() -> None:
    fused, a, b = images(2)
    total, parts = Strongest(intensity=2.0, gradient=3.0, ssim=0.5).loss((fused,), (a, b))
    intensity = float((fused - torch.maximum(a, b)).abs().mean())
    pairs = zip(fused[:, 0], a[:, 0], b[:, 0], strict=True)
    differences = [np.abs(edges_by_hand(f) - np.maximum(edges_by_hand(x), edges_by_hand(y))) for f, x, y in pairs]
    likeness = partial_losses(fused, a, b)
    assert parts["intensity"] == pytest.approx(intensity)
    assert parts["gradient"] == pytest.approx(np.mean(differences))
    assert parts["l2_b"] == pytest.approx(float(likeness["l2_b"]))
    structure = float(likeness["ssim_a"] + likeness["ssim_b"]) / 2
    assert float(total) == pytest.approx(2 * intensity + 3 * np.mean(differences) + 0.5 * structure)


def test_strongest_vanishes_where_one_source_has_everything() -> None:
    (a,) = images(3, 1)
    nothing = torch.zeros_like(a)
    total, _ = Strongest().loss((a,), (a, nothing))
    assert float(total) == pytest.approx(0, abs=1e-12)


def test_decomposition_by_numpy_and_its_extremes() -> None:
    random = np.random.default_rng(4)
    parts = [torch.from_numpy(random.standard_normal((2, 3, 5, 6))) for _ in range(4)]
    shallow_a, deep_a, shallow_b, deep_b = parts

    def correlation(x: torch.Tensor, y: torch.Tensor) -> float:
        rows = zip(x.reshape(6, 30).numpy(), y.reshape(6, 30).numpy(), strict=True)
        return float(np.mean([np.corrcoef(one, other)[0, 1] for one, other in rows]))

    expected = correlation(deep_a, deep_b) ** 2 / (1.01 + correlation(shallow_a, shallow_b))
    assert float(decomposition(*parts)) == pytest.approx(expected)
    assert float(decomposition(shallow_a, deep_a, shallow_a, deep_a)) == pytest.approx(1 / 2.01)


def test_the_feature_part_needs_a_network_with_features() -> None:
    a, b = images(5, 2)
    with pytest.raises(InputError, match=r"'deepfuse' has no shallow and deep features; set loss.decomposition to 0"):
        Strongest(decomposition=2.0).outputs(load_model("deepfuse", weights=None).double(), (a, b))
    model = load_model("cmcffuse", weights=None, width=16).double()
    objective = Strongest(decomposition=2.0)
    total, parts = objective.loss(objective.outputs(model, (a, b)), (a, b))
    assert float(total.detach()) > 2 * parts["decomposition"] > 0


def test_reconstruction_is_the_weighted_sum_of_its_parts() -> None:
    made, image = images(6, 2)
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
    difference = (made - image).numpy()
    laplacians = [convolve2d(plane[0], kernel, mode="valid") for plane in difference]
    total, parts = Reconstruction(l1=1.0, mse=5.0, ssim=1000.0, laplacian=2.0).loss((made,), (image,))
    assert parts["laplacian"] == pytest.approx(np.mean(np.square(laplacians)))
    assert parts["mse"] == pytest.approx(np.mean(difference**2))
    assert parts["l1"] == pytest.approx(np.mean(np.abs(difference)))
    expected = parts["l1"] + 5 * parts["mse"] + 1000 * parts["ssim"] + 2 * parts["laplacian"]
    assert float(total) == pytest.approx(expected)
    assert float(Reconstruction(ssim=1.0).loss((image,), (image,))[0]) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("objective", [Strongest(ssim=1.0), Reconstruction(l1=1.0, ssim=3.0, laplacian=1.0)])
def test_gradients_agree_with_finite_differences(objective: Strongest | Reconstruction) -> None:
    made, *sample = images(7, 3 if isinstance(objective, Strongest) else 2, (13, 12))
    made.requires_grad_()
    (gradient,) = torch.autograd.grad(objective.loss((made,), tuple(sample))[0], made)
    random = np.random.default_rng(0)
    direction = torch.from_numpy(random.standard_normal(made.shape))
    with torch.no_grad():
        ahead, behind = (objective.loss((made + step * direction,), tuple(sample))[0] for step in (1e-6, -1e-6))
    assert float((ahead - behind) / 2e-6) == pytest.approx(float((gradient * direction).sum()), rel=1e-4)


class _Head(torch.nn.Module):
    """Tells bright images (class 0) from dark ones."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        mean = features.mean(dim=(1, 2, 3))
        return torch.stack((mean, 0.5 + 0 * mean), dim=1)


class _Teller(torch.nn.Module):
    stride = 4

    def __init__(self) -> None:
        super().__init__()
        self.head = _Head()
        self.calls = 0

    def encode(self, image: torch.Tensor) -> torch.Tensor:
        assert not self.training
        self.calls += 1
        return image[..., ::4, ::4]


class _Images(Store):
    def __len__(self) -> int:
        return 3

    def name(self, index: int) -> Path:
        return Path(f"{index}.png")

    def read(self, index: int) -> Sample:
        return torch.full((1, 12, 16), index / 4), torch.full((1, 12, 16), 0.5)


def test_classification_encodes_every_image_once() -> None:
    model = _Teller().train()
    store, cell = Classification().served(model, _Images(None))
    assert (len(store), store.name(2), cell) == (3, Path("2.png"), 4)
    for index in (2, 0, 2, 2):
        a, b = store[index]
        assert a.shape == b.shape == (1, 3, 4)
        assert float(a.max()) == index / 4
    assert model.calls == 4
    assert model.training


def test_classification_counts_each_source_by_itself() -> None:
    bright, dark = torch.full((2, 4, 1, 12, 12), 0.9)[0], torch.full((4, 1, 12, 12), 0.1)
    bright[3] = 0.2
    objective, model = Classification(), _Teller()
    loss, parts = objective.loss(objective.outputs(model, (bright, dark)), (bright, dark))
    assert parts == {"error_a": 0.25, "error_b": 0.0}
    logits = [(0.9, 0.5)] * 3 + [(0.2, 0.5)] + [(0.1, 0.5)] * 4
    truth = [0] * 4 + [1] * 4
    expected = np.mean([np.log(np.exp(row).sum()) - row[right] for row, right in zip(logits, truth, strict=True)])
    assert float(loss) == pytest.approx(expected, rel=1e-6)
    assert objective.trained(model) is model.head
