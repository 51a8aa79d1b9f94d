"""SSIM against torchmetrics, and its closed forms."""

from __future__ import annotations

import pytest
import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from fuselens.core.errors import InputError
from fuselens.core.ssim import C1, ssim_map


@pytest.mark.parametrize("size", [(11, 11), (37, 52)])
def test_agrees_with_torchmetrics(size: tuple[int, int]) -> None:
    x, y = torch.rand(2, 3, 1, *size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y = 0.6 * x + 0.4 * y
    theirs = structural_similarity_index_measure(x, y, data_range=1.0, reduction="none", return_full_image=True)[1]
    torch.testing.assert_close(ssim_map(x, y, padding="reflect"), theirs, rtol=1e-6, atol=1e-8)


def test_reflect_keeps_the_size_and_the_interior() -> None:
    x, y = torch.rand(2, 1, 1, 30, 25, dtype=torch.float64)
    whole = ssim_map(x, y, padding="reflect")
    assert whole.shape == x.shape
    torch.testing.assert_close(whole[..., 5:-5, 5:-5], ssim_map(x, y))


def test_identical_and_constant_images() -> None:
    x = torch.rand(1, 1, 20, 20, dtype=torch.float64)
    torch.testing.assert_close(ssim_map(x, x), torch.ones(1, 1, 10, 10, dtype=torch.float64))
    low, high = torch.full_like(x, 0.2), torch.full_like(x, 0.7)
    expected = (2 * 0.2 * 0.7 + C1) / (0.2**2 + 0.7**2 + C1)
    torch.testing.assert_close(ssim_map(low, high), torch.full((1, 1, 10, 10), expected, dtype=torch.float64))


def test_gradient() -> None:
    x, y = torch.rand(2, 1, 1, 12, 13, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda f: ssim_map(f, y), (x.requires_grad_(True),))


def test_small_or_unequal_images_are_refused() -> None:
    with pytest.raises(InputError, match="at least 11x11"):
        ssim_map(torch.rand(1, 1, 10, 30), torch.rand(1, 1, 10, 30))
    with pytest.raises(InputError, match="one shape"):
        ssim_map(torch.rand(1, 1, 20, 30), torch.rand(1, 1, 30, 20))
