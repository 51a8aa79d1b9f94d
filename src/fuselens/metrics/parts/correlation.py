"""Pearson's correlation coefficient of two batches of images."""

from __future__ import annotations

import torch

from fuselens.metrics.parts.lengths import length
from fuselens.metrics.parts.levels import WHITE


def centred(levels: torch.Tensor) -> torch.Tensor:
    """Return `[N, 1, H, W]` less the mean of each image; exactly 0 for a constant image."""
    shifted = levels - levels[..., :1, :1]  # the mean of a constant image would carry rounding errors
    return shifted.sub_(shifted.mean(dim=(1, 2, 3), keepdim=True))


def cosine(u: torch.Tensor, v: torch.Tensor, softening: float = 0.0) -> torch.Tensor:
    """Return the cosine of the angle between images `[N, 1, H, W]`, one value a pair; NaN where one is 0 throughout.

    Args:
        u, v: differences of levels 0..255.
        softening: added under the root, for values on 0..1, so that images of zeros give 0.
    """
    lengths = length(u) * length(v)
    if softening:
        lengths = (lengths**2 + softening * WHITE**4).sqrt()
    rows: torch.Tensor = torch.linalg.vecdot(u, v)
    return rows.flatten(1).sum(dim=1) / lengths


def pearson(x: torch.Tensor, y: torch.Tensor, softening: float = 0.0) -> torch.Tensor:
    """Return the correlation over all pixels of `[N, 1, H, W]`, one value an image; NaN where one is constant."""
    return cosine(centred(x), centred(y), softening)
