"""VIF and VIFF: against a computation by hand, closed forms, constant images, gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fuselens.core.errors import InputError
from fuselens.metrics import METRICS
from tests.metrics.by_hand import gaussian, means, moments, natural, to_levels

VIF, VIFF = METRICS["vif"], METRICS["viff"]


def information(
    source: np.ndarray, fused: np.ndarray, noise: float, off_centre: bool = False
) -> list[tuple[np.ndarray, ...]]:
    """Gain, kept and held information at the four scales, by the letter of the reference."""
    found = []
    for side in (17, 9, 5, 3):
        window, border = gaussian(side, side / 5), 0
        if off_centre:
            line, border = (
                np.exp(-0.5 * (np.linspace(-(side + 1) / 2, (side - 1) / 2, side) / (side / 5)) ** 2),
                side // 2,
            )
            window = np.outer(line, line) / line.sum() ** 2
        if side < 17:
            source, fused = (means(np.pad(each, border), window)[::2, ::2] for each in (source, fused))
        m = moments(np.pad(source, border), np.pad(fused, border), window)
        gain = m.covariance / (m.variance_x + 1e-10)
        added = m.variance_y - gain * m.covariance
        gain[m.variance_x < 1e-10], added[m.variance_x < 1e-10] = 0, m.variance_y[m.variance_x < 1e-10]
        gain[m.variance_y < 1e-10], added[m.variance_y < 1e-10] = 0, 0
        added[gain < 0], gain[gain < 0] = m.variance_y[gain < 0], 0
        kept = np.log10(1 + gain**2 * m.variance_x / (np.maximum(added, 1e-10) + noise))
        found.append((gain, kept, np.log10(1 + m.variance_x / noise)))
    return found


@pytest.mark.parametrize("convention", ["canonical", "ivifzoo"])
def test_vif_by_hand(convention: str) -> None:
    images = natural(0, 45, 52)
    a, b, fused = (to_levels(image) for image in images)
    expected = 0.0
    for source in (a, b):
        scales = information(source, fused, 2, off_centre=convention == "ivifzoo")
        expected += sum(kept.sum() for _, kept, _ in scales) / sum(held.sum() for _, _, held in scales)
    assert VIF(*images, convention=convention).item() == pytest.approx(expected, rel=1e-9)


def test_viff_by_hand() -> None:
    images = natural(1, 44, 43)
    a, b, fused = (to_levels(image) for image in images)
    expected = 0.0
    for share, of_a, of_b in zip(
        (1, 0, 0.15, 1), information(a, fused, 325.125), information(b, fused, 325.125), strict=True
    ):
        chosen = np.where(of_a[0] < of_b[0], of_a, of_b)
        expected += share / 2.15 * (chosen[1] + 1e-7).sum() / (chosen[2] + 1e-7).sum()
    assert VIFF(*images).item() == pytest.approx(expected, rel=1e-9)


def test_more_contrast_than_a_source_is_more_information() -> None:
    a, _, _ = (image * 0.5 + 0.1 for image in natural(2, 48, 48))
    assert VIF(a, a, a).item() == pytest.approx(2)
    assert VIF(a, a, (a - 0.3) * 1.3 + 0.3).item() > 2
    noisy = (a + 0.05 * torch.randn(a.shape, generator=torch.Generator().manual_seed(0))).clamp(0, 1)
    assert VIF(a, a, noisy).item() < 1.5


def test_brightness_does_not_matter() -> None:
    a, b, fused = (image * 0.5 for image in natural(3, 44, 50))
    for metric in (VIF, VIFF):
        assert metric(a, b, fused + 0.3).item() == pytest.approx(metric(a, b, fused).item(), rel=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_constant_images(dtype: torch.dtype) -> None:
    a, b, fused = (image.to(dtype) for image in natural(4, 60, 70))
    flat = torch.full_like(a, 0.3)
    assert VIF(a, b, flat).item() == pytest.approx(0, abs=1e-6)
    assert VIF(flat, b, fused).isnan().all()
    assert VIF(flat, b, fused, convention="cddfuse").item() == pytest.approx(1 + VIF(b, b, fused).item() / 2)
    assert VIF(flat, b, fused, convention="ivifzoo").isfinite().all()
    assert VIFF(a, b, flat).item() == pytest.approx(0, abs=1e-5)


def test_one_source_undefined_leaves_the_batch_alone() -> None:
    a, b, fused = natural(5, 41, 41)
    values = VIF(torch.cat((a, torch.zeros_like(a))), torch.cat((b, b)), torch.cat((fused, fused)))
    assert values.isnan().tolist() == [False, True]
    assert values[0].item() == pytest.approx(VIF(a, b, fused).item())


@pytest.mark.parametrize("metric", [VIF, VIFF], ids=["vif", "viff"])
def test_41_pixels_are_needed(metric: object) -> None:
    assert callable(metric)
    small = torch.rand(1, 1, 41, 40)
    with pytest.raises(InputError, match="at least 41x41 pixels but got 40x41"):
        metric(small, small, small)


@pytest.mark.parametrize("convention", ["canonical", "ivifzoo"])
def test_gradient_of_vif(convention: str) -> None:
    a, b, fused = natural(6, 41, 42)
    fused = (fused * 0.8 + 0.1).requires_grad_(True)
    assert torch.autograd.gradcheck(lambda f: VIF(a, b, f, convention=convention), (fused,), fast_mode=True)


def test_gradient_is_finite_for_constant_images() -> None:
    a, b, _ = natural(7, 41, 41)
    flat = torch.full_like(a, 0.3).requires_grad_(True)
    VIF(a, b, flat).sum().backward()
    assert flat.grad is not None
    assert flat.grad.isfinite().all()
