"""Pearson's correlation coefficient of two batches of images."""

from __future__ import annotations

import torch


def pearson(x: torch.Tensor, y: torch.Tensor, softening: float = 0.0) -> torch.Tensor:
    """Return the correlation over all pixels of `[N, 1, H, W]`, one value an image; NaN where one is constant.

    Args:
        x, y: levels 0..255.
        softening: added under the root, in squares of the range, so that constant images give 0.
    """
    u, v = (image.flatten(1) / 255 for image in (x, y))
    u, v = (_centred(image) for image in (u, v))
    return (u * v).sum(dim=1) / ((u * u).sum(dim=1) * (v * v).sum(dim=1) + softening).sqrt()


def _centred(values: torch.Tensor) -> torch.Tensor:
    """Subtract the mean; exactly 0 for a constant image, where the mean's rounding would leave noise."""
    lowest, highest = values.aminmax(dim=1, keepdim=True)
    return torch.where(lowest == highest, 0, values - values.mean(dim=1, keepdim=True))
