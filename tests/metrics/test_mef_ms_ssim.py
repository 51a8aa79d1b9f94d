"""MEF-MS-SSIM: against the patches of its definition, made one by one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fuselens.metrics import METRICS
from tests.metrics.by_hand import gaussian, natural, to_levels

MEF_MS_SSIM = METRICS["mef_ms_ssim"]
WINDOW = gaussian(11, 1.5)


def common_patch(patches: list[np.ndarray]) -> np.ndarray:
    deviations = [patch - patch.mean() for patch in patches]
    lengths = [np.linalg.norm(each) for each in deviations]
    agreement = (np.linalg.norm(sum(deviations)) + 1e-16) / (sum(lengths) + 1e-16)
    power = min(np.tan(np.pi / 2 * min(agreement, 1 - 2e-16)), 10)
    contrasts = [length + 0.001 for length in lengths]
    weights = np.array([(contrast / 11) ** power + 2e-16 for contrast in contrasts])
    patch = sum(
        weight / weights.sum() * each / contrast
        for weight, each, contrast in zip(weights, deviations, contrasts, strict=True)
    )
    length = np.linalg.norm(patch)
    return patch / length * max(contrasts) if length > 0 else patch


def at_one_scale(a: np.ndarray, b: np.ndarray, fused: np.ndarray) -> float:
    values = []
    for i in range(a.shape[0] - 10):
        for j in range(a.shape[1] - 10):
            x, y, z = (image[i : i + 11, j : j + 11] for image in (a, b, fused))
            wanted = common_patch([x, y])
            u, v = wanted - (WINDOW * wanted).sum(), z - (WINDOW * z).sum()
            c = 7.65**2
            values.append((2 * (WINDOW * u * v).sum() + c) / ((WINDOW * (u * u + v * v)).sum() + c))
    return float(np.mean(values))


def halved(image: np.ndarray) -> np.ndarray:
    height, width = image.shape
    even = np.pad(image, ((0, height % 2), (0, width % 2)), mode="edge")
    return even.reshape(len(even) // 2, 2, -1, 2).mean(axis=(1, 3))


def test_by_hand() -> None:
    a, b, fused = natural(0, 45, 46)
    a[..., :20, :20] = 0.2
    b[..., :16, 5:] = 0
    b[..., 24:, 20:] = 0.7 * a[..., 24:, 20:] + 0.05 * b[..., 24:, 20:]  # agreement at which the power is cut off
    b = (b * 255).round() / 255
    levels = [to_levels(image) for image in (a, b, fused)]
    expected = 1.0
    for scale, exponent in enumerate((0.0448, 0.2856, 0.3001)):
        if scale > 0:
            levels = [halved(each) for each in levels]
        expected *= at_one_scale(*levels) ** (exponent / 0.6305)
    assert MEF_MS_SSIM(a, b, fused).item() == pytest.approx(expected, rel=1e-7)


def test_copies_and_negatives() -> None:
    a, _, _ = natural(1, 50, 47)
    assert MEF_MS_SSIM(a, a, a).item() == pytest.approx(1)
    assert MEF_MS_SSIM(a, a, 1 - a).item() == 0


def test_brightness_does_not_matter() -> None:
    a, b, fused = (image * 0.5 for image in natural(2, 44, 44))
    assert MEF_MS_SSIM(a, b, fused + 0.25).item() == pytest.approx(MEF_MS_SSIM(a, b, fused).item(), rel=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_constant_images_are_defined(dtype: torch.dtype) -> None:
    flat = torch.full((1, 1, 44, 44), 0.3, dtype=dtype)
    assert MEF_MS_SSIM(flat, flat, flat).item() == pytest.approx(1, abs=1e-4)
