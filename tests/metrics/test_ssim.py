"""SSIM and MS-SSIM: against scikit-image and a computation by hand, closed forms, gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from fuselens.core.errors import InputError
from fuselens.metrics import METRICS
from fuselens.metrics.ssim import READINGS
from tests.metrics.by_hand import gaussian, moments, natural, ssim, to_levels

SSIM, MS_SSIM = METRICS["ssim"], METRICS["ms_ssim"]


def skimages(images: list[torch.Tensor], **settings: object) -> float:
    a, b, fused = (to_levels(image) for image in images)
    return sum(structural_similarity(source, fused, **settings) for source in (a, b)) / 2


@pytest.mark.parametrize(
    ("convention", "factor", "settings"),
    [
        ("canonical", 1, {"data_range": 255, "gaussian_weights": True, "use_sample_covariance": False}),
        ("vifb", 2, {"data_range": 255, "gaussian_weights": True, "use_sample_covariance": False}),
        ("film", 2, {"data_range": 255}),
        ("uniform7_mean_l255", 1, {"data_range": 255}),
        ("cddfuse", 2, {"data_range": 2}),
        ("uniform7_mean_l2", 1, {"data_range": 2}),
        ("ivifzoo", 2, {"data_range": 1, "gaussian_weights": True, "use_sample_covariance": False}),
    ],
)
def test_ssim_is_scikit_images(convention: str, factor: float, settings: dict[str, object]) -> None:
    images = natural(0, 31, 40)
    assert SSIM(*images, convention=convention).item() == pytest.approx(factor * skimages(images, **settings), rel=1e-9)


@pytest.mark.parametrize(("convention", "factor", "mode"), [("diffif", 2, "constant"), ("cslib", 1, "reflect")])
def test_continued_borders(convention: str, factor: float, mode: str) -> None:
    images = natural(1, 18, 15)
    a, b, fused = (np.pad(to_levels(image), 5, mode=mode) for image in images)
    by_hand = [ssim(moments(x, fused, gaussian(11, 1.5)), 2.55**2, 7.65**2).mean() for x in (a, b)]
    assert SSIM(*images, convention=convention).item() == pytest.approx(factor * sum(by_hand) / 2, rel=1e-9)


def test_ssim_of_constant_images_compares_brightness() -> None:
    low, high = torch.full((1, 1, 12, 13), 0.2), torch.full((1, 1, 12, 13), 0.6)
    expected = (2 * 51 * 153 + 2.55**2) / (51**2 + 153**2 + 2.55**2)
    assert SSIM(low, low, high).item() == pytest.approx(expected)
    assert SSIM(low, high, high).item() == pytest.approx((1 + expected) / 2)


def test_every_reading_says_how_it_differs() -> None:
    assert set(READINGS) == {"canonical", *SSIM.conventions}
    assert all(SSIM.conventions.values())


def ms_ssim_by_hand(x: np.ndarray, y: np.ndarray) -> float:
    value = 1.0
    for scale, exponent in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
        if scale > 0:
            x, y = (each.reshape(each.shape[0] // 2, 2, each.shape[1] // 2, 2).mean(axis=(1, 3)) for each in (x, y))
        m = moments(x, y, gaussian(11, 1.5))
        structure = (2 * m.covariance + 7.65**2) / (m.variance_x + m.variance_y + 7.65**2)
        value *= (ssim(m, 2.55**2, 7.65**2) if scale == 4 else structure).mean() ** exponent
    return value


def test_ms_ssim_by_hand() -> None:
    images = natural(2, 176, 192)
    a, b, fused = (to_levels(image) for image in images)
    expected = (ms_ssim_by_hand(a, fused) + ms_ssim_by_hand(b, fused)) / 2
    assert MS_SSIM(*images).item() == pytest.approx(expected, rel=1e-9)


def test_ms_ssim_of_a_negative_is_zero() -> None:
    a, _, _ = natural(3, 161, 170)
    assert MS_SSIM(a, a, 1 - a).item() == 0
    assert MS_SSIM(a, 1 - a, a).item() == pytest.approx(0.5)


def test_ms_ssim_needs_161_pixels() -> None:
    small = torch.rand(1, 1, 160, 200)
    with pytest.raises(InputError, match="at least 161x161 pixels but got 200x160"):
        MS_SSIM(small, small, small)


@pytest.mark.parametrize("convention", ["canonical", "cddfuse", "diffif", "cslib"])
def test_gradient_of_ssim(convention: str) -> None:
    a, b, fused = natural(4, 13, 12)
    fused = (fused * 0.8 + 0.1).requires_grad_(True)
    assert torch.autograd.gradcheck(lambda f: SSIM(a, b, f, convention=convention), (fused,), fast_mode=True)


def test_gradient_of_ms_ssim_is_finite_where_it_is_clipped() -> None:
    a, b, fused = natural(5, 161, 161)
    fused = (fused * 0.8 + 0.1).requires_grad_(True)
    assert torch.autograd.gradcheck(lambda f: MS_SSIM(a, b, f), (fused,), fast_mode=True)
    negative = (1 - a).requires_grad_(True)
    MS_SSIM(a, a, negative).sum().backward()
    assert negative.grad is not None
    assert (negative.grad == 0).all()
