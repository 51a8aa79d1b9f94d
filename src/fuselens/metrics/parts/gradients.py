"""Image gradients by Sobel's operator, by slices rather than convolution: exact on whole levels, and fast.

Reference: Sobel, Feldman, "A 3x3 isotropic gradient operator for image processing", 1968.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch.nn import functional as F

Padding = Literal["zero", "replicate", "reflect"]
_MODES = {"zero": "constant", "replicate": "replicate", "reflect": "reflect"}


def sobel(levels: torch.Tensor, padding: Padding) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the horizontal and the vertical derivative (right minus left, lower minus upper), each as `levels`.

    Args:
        levels: `[N, 1, H, W]`; sides of at least 2 for `"reflect"`.
        padding: what stands beyond the border: zeros, the border pixels, or the mirror image without the border pixel.
    """
    padded = F.pad(levels, (1, 1, 1, 1), mode=_MODES[padding])
    return _difference(_smoothed(padded, -2), -1), _difference(_smoothed(padded, -1), -2)


def _smoothed(image: torch.Tensor, axis: int) -> torch.Tensor:
    """Weights 1, 2, 1 as the sum of neighbouring sums."""
    inner = image.shape[axis] - 1
    sums = image.narrow(axis, 0, inner) + image.narrow(axis, 1, inner)
    return sums.narrow(axis, 0, inner - 1) + sums.narrow(axis, 1, inner - 1)


def _difference(image: torch.Tensor, axis: int) -> torch.Tensor:
    inner = image.shape[axis] - 2
    return image.narrow(axis, 2, inner) - image.narrow(axis, 0, inner)


def magnitude(gx: torch.Tensor, gy: torch.Tensor) -> torch.Tensor:
    """Return the root of gx^2 + gy^2; its derivative is 0, not NaN, where both are 0."""
    squares = torch.addcmul(gx * gx, gy, gy)
    if not squares.requires_grad:
        return squares.sqrt()
    flat = (squares == 0).to(squares.dtype)
    return (squares + flat).sqrt() - flat
