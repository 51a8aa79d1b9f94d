"""Sobel's operator and the metrics of activity, SF, AG, EI and QSF: against numpy and scipy, and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from fuselens.metrics import METRICS
from fuselens.metrics.parts.gradients import Padding, magnitude, sobel

MODES: dict[Padding, str] = {"zero": "constant", "replicate": "nearest", "reflect": "mirror"}
ACTIVITY = ("ag", "ei", "sf")
sizes = st.tuples(st.integers(2, 8), st.integers(2, 8))


def picture(seed: int, size: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, size).astype(np.float64)


def score(name: str, *levels: np.ndarray, convention: str = "canonical") -> float:
    return float(METRICS[name].formula(*(torch.from_numpy(each)[None, None] for each in levels), convention=convention))


@pytest.mark.parametrize("padding", MODES)
@settings(deadline=None, max_examples=10)
@given(st.integers(0, 10**6), sizes)
def test_sobel_is_scipys(padding: Padding, seed: int, size: tuple[int, int]) -> None:
    image = picture(seed, size)
    gx, gy = (each[0, 0].numpy() for each in sobel(torch.from_numpy(image)[None, None], padding))
    assert np.array_equal(gx, ndimage.sobel(image, axis=1, mode=MODES[padding]))
    assert np.array_equal(gy, ndimage.sobel(image, axis=0, mode=MODES[padding]))


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), sizes)
def test_definitions(seed: int, size: tuple[int, int]) -> None:
    image = picture(seed, size)
    across, down = np.diff(image, axis=1), np.diff(image, axis=0)
    assert score("sf", image) == pytest.approx(np.sqrt((across**2).mean() + (down**2).mean()))
    all_pixels = np.sqrt(((across**2).sum() + (down**2).sum()) / image.size)
    assert score("sf", image, convention="mefb") == pytest.approx(all_pixels)
    gy, gx = np.gradient(image)
    mean_gradient = np.sqrt((gx**2 + gy**2) / 2).mean()
    assert score("ag", image) == pytest.approx(mean_gradient)
    fewer = image.size / ((size[0] - 1) * (size[1] - 1))
    assert score("ag", image, convention="linfeng") == pytest.approx(mean_gradient * fewer)
    for convention, mode in (("canonical", "nearest"), ("ivifzoo", "constant")):
        edges = np.hypot(ndimage.sobel(image, axis=0, mode=mode), ndimage.sobel(image, axis=1, mode=mode))
        assert score("ei", image, convention=convention) == pytest.approx(edges.mean())


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), sizes)
def test_qsf_by_its_definition(seed: int, size: tuple[int, int]) -> None:
    a, b, fused = (picture(seed + i, size) for i in range(3))

    def differences(image: np.ndarray) -> list[np.ndarray]:
        return [
            np.diff(image, axis=1),
            np.diff(image, axis=0),
            image[1:, 1:] - image[:-1, :-1],
            image[1:, :-1] - image[:-1, 1:],
        ]

    def frequency(parts: list[np.ndarray]) -> float:
        weights = (1, 1, 1 / np.sqrt(2), 1 / np.sqrt(2))
        return np.sqrt(sum(w * (part**2).sum() for w, part in zip(weights, parts, strict=True)) / fused.size)

    stronger = [np.where(np.abs(x) > np.abs(y), x, y) for x, y in zip(differences(a), differences(b), strict=True)]
    ideal = frequency(stronger)
    assert score("qsf", a, b, fused) == pytest.approx((frequency(differences(fused)) - ideal) / ideal)


def test_a_ramp() -> None:
    """Three levels a pixel to the right: no metric but EI, whose replicated border halves two columns, sees an edge."""
    ramp = np.tile(3 * np.arange(10.0), (7, 1))
    assert score("sf", ramp) == pytest.approx(3)
    assert score("ag", ramp) == pytest.approx(3 / np.sqrt(2))
    assert score("ei", ramp) == pytest.approx(24 * 9 / 10)
    assert score("qsf", ramp, ramp, 2 * ramp) == pytest.approx(1)
    assert score("qsf", ramp, ramp, 0 * ramp) == -1


def test_cslib_softens_ag() -> None:
    flat = np.full((5, 6), 40.0)
    assert score("ag", flat) == 0
    assert score("ag", flat, convention="cslib") == pytest.approx(255 * np.sqrt(5e-11) * 30 / 20)


@pytest.mark.parametrize("name", ACTIVITY)
def test_flat_areas_do_not_spoil_the_derivative(name: str) -> None:
    image = torch.zeros(1, 1, 8, 8)
    image[..., 5:, 5:] = 0.5
    for each in (image, torch.zeros_like(image)):
        each.requires_grad_()
        (derivative,) = torch.autograd.grad(METRICS[name](each).sum(), each)
        assert derivative.isfinite().all()


def test_magnitude_is_the_same_with_and_without_derivative() -> None:
    gx, gy = torch.tensor([0.0, 3.0, 1e-4]), torch.tensor([0.0, 4.0, 0.0])
    assert torch.equal(magnitude(gx, gy), magnitude(gx.requires_grad_(), gy).detach())
    assert torch.allclose(magnitude(gx, gy), torch.tensor([0.0, 5.0, 1e-4]))
