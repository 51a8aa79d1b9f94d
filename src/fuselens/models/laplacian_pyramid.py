"""Laplacian pyramid fusion (Burt & Adelson 1983; Toet 1989): the stronger detail wins at every scale."""

from __future__ import annotations

import torch
from torch.nn.functional import conv2d, conv_transpose2d, pad

from fuselens.core.errors import InputError
from fuselens.core.model import FusionModel

RADIUS = 2  # of Burt's five-tap kernel


class LaplacianPyramid(FusionModel):
    """Details by larger magnitude (0.5 each where equal), the coarsest level by average.

    Args:
        levels: how often the image is halved; each doubles the reach.
    """

    name = "laplacian_pyramid"

    def __init__(self, levels: int = 3) -> None:
        """Choose the depth.

        Raises:
            InputError: levels outside 1..6.
        """
        super().__init__()
        if not 1 <= levels <= 6:
            raise InputError(f"Expected 1 to 6 pyramid levels but got {levels}.")
        self.levels = levels
        self.stride = 2**levels
        # Level l samples every 2^l pixels: down and up each reach 2 samples of the finer grid; measured and proved
        # by the contract test.
        self.reach = 4 * (2**levels - 1)
        taps = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
        self.register_buffer("kernel", (taps[:, None] * taps[None, :])[None, None], persistent=False)
        self.kernel: torch.Tensor

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Fuse `[N, 1, H, W]` pairs of any size."""
        kernel = self.kernel.to(a)
        details = []
        for _ in range(self.levels):
            smaller_a, smaller_b = _halve(a, kernel), _halve(b, kernel)
            detail_a = a - _double(smaller_a, kernel, a.shape[-2:])
            detail_b = b - _double(smaller_b, kernel, b.shape[-2:])
            details.append(_stronger(detail_a, detail_b))
            a, b = smaller_a, smaller_b
        fused = (a + b) / 2
        for detail in reversed(details):
            fused = detail + _double(fused, kernel, detail.shape[-2:])
        return fused


def _halve(image: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    return conv2d(pad(image, (RADIUS,) * 4, mode="replicate"), kernel, stride=2)


def _double(image: torch.Tensor, kernel: torch.Tensor, size: torch.Size) -> torch.Tensor:
    """Insert zeros between the samples, smooth, and cut to `size` (the finer level may have an odd side)."""
    widened = conv_transpose2d(pad(image, (1,) * 4, mode="replicate"), 4 * kernel, stride=2)
    start = 2 + RADIUS
    return widened[..., start : start + size[0], start : start + size[1]]


def _stronger(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    weight = (a.abs() > b.abs()).to(a.dtype) + 0.5 * (a.abs() == b.abs()).to(a.dtype)
    return weight * a + (1 - weight) * b
