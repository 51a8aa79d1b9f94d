"""The mean squared difference of two batches of images."""

from __future__ import annotations

import torch
from torch.nn import functional as F


def mean_squared_error(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return the mean over all pixels of `[N, 1, H, W]` of the squared difference, one value an image."""
    return F.mse_loss(x, y, reduction="none").flatten(1).mean(dim=1)
