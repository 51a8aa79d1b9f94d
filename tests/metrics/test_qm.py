"""QM, rebuilt block by block."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fuselens.metrics.qm import qm


def near(seed: int, *size: int) -> torch.Tensor:
    """8-bit images whose levels differ little, for QM sees differences of a few levels only."""
    return torch.randint(100, 110, size, generator=torch.Generator().manual_seed(seed)).double() / 255


def haar(image: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    height, width = (side // 2 for side in image.shape)
    bands = np.zeros((4, height, width))
    for y, x in np.ndindex(height, width):
        (p, q), (r, s) = image[2 * y : 2 * y + 2, 2 * x : 2 * x + 2]
        bands[:, y, x] = (p + q + r + s) / 2, (p + q - r - s) / 2, (p - q + r - s) / 2, (p - q - r + s) / 2
    return bands[0], list(bands[1:])


@pytest.mark.parametrize("size", [(8, 12), (11, 6), (5, 4)])
def test_rebuilt_block_by_block(size: tuple[int, int]) -> None:
    images = [near(k, 1, 1, *size) for k in range(3)]
    a, b, f = ((image[0, 0] * 255).round().numpy() for image in images)
    expected = 1.0
    for power in (2 / 3, 1 / 3):
        (a, of_a), (b, of_b), (f, of_f) = haar(a), haar(b), haar(f)
        followed = total = 0.0
        for detail in (of_a, of_b):
            energy = sum(band**2 for band in detail)
            likeness = sum(np.exp(-abs(band - fused)) for band, fused in zip(detail, of_f, strict=True))
            followed, total = followed + (energy * likeness).sum(), total + energy.sum()
        expected *= (followed / total) ** power
    assert float(qm(*images)) == pytest.approx(expected, rel=1e-12)


def test_identical_images_score_three() -> None:
    image = near(0, 2, 1, 9, 13)
    assert torch.allclose(qm(image, image, image), torch.tensor(3.0, dtype=torch.float64))


def test_mean_level_does_not_matter() -> None:
    a, b, fused = (near(k, 1, 1, 8, 8) for k in range(3))
    assert torch.allclose(qm(a, b, fused), qm(a, b, fused + 50 / 255))


def test_flat_sources_are_undefined() -> None:
    flat = torch.full((1, 1, 8, 8), 0.5)
    assert qm(flat, flat, near(0, 1, 1, 8, 8).float()).isnan().all()
