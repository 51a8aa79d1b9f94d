"""The stretch to the full range that the classic Matlab codes apply before they score."""

from __future__ import annotations

import torch

from fuselens.metrics.parts.levels import WHITE


def stretched(levels: torch.Tensor) -> torch.Tensor:
    """Return each image of `[N, 1, H, W]` in whole levels from 0, its minimum, to 255, its maximum; NaN if constant."""
    low, high = (end.view(-1, 1, 1, 1) for end in levels.flatten(1).aminmax(dim=1))
    return ((levels - low) * WHITE / (high - low) + 0.5).floor()
