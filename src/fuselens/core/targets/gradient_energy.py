"""The target of edges: how much there is of them in a region.

Reference: Gu and Dong, "Interpreting super-resolution networks with local attribution maps", CVPR 2021, whose detector
is the gradient magnitude in a window.
"""

from __future__ import annotations

import torch
from torch.nn.functional import pad

from fuselens.core.locality import Box
from fuselens.core.targets.region import Region, RegionLike

_EPS = 1e-12  # keeps the root differentiable where the image is flat


class GradientEnergy:
    """The mean Sobel magnitude of the fused image over a region; the whole image by default."""

    def __init__(self, region: RegionLike = None) -> None:
        """Take a box `(y0, x0, y1, x1)`, a mask `[H, W]`, or None."""
        self.region = Region(region)

    def box(self, size: tuple[int, int]) -> Box:
        """Return the region's box and one pixel around it.

        Raises:
            InputError: the region leaves the image.
        """
        return self.region.grown(size, 1)

    def __call__(self, fused: torch.Tensor) -> torch.Tensor:
        """Return the mean magnitude, in luma per pixel; at the image's border the last pixel is repeated."""
        return self.region.mean(sobel_magnitude(fused), margin=1)

    def __str__(self) -> str:
        """Return `edges:y0,x0,y1,x1` or `edges`."""
        return self.region.words("edges", "edges")


def sobel_magnitude(images: torch.Tensor) -> torch.Tensor:
    """Return the gradient magnitude of `[N, 1, h, w]`, in luma per pixel, the border repeated."""
    padded = pad(images, (1, 1, 1, 1), mode="replicate")
    rows = padded[..., :-2] + 2 * padded[..., 1:-1] + padded[..., 2:]
    columns = padded[..., :-2, :] + 2 * padded[..., 1:-1, :] + padded[..., 2:, :]
    gy, gx = rows[..., 2:, :] - rows[..., :-2, :], columns[..., 2:] - columns[..., :-2]
    return (gx * gx + gy * gy + _EPS).sqrt() / 8
