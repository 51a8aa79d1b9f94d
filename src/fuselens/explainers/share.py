"""Shares: how much of a fused pixel each source caused."""

from __future__ import annotations

import torch

VANISHES = 1e-6


def share_map(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return `|a| / (|a| + |b|)` in `[0, 1]` for two maps `[H, W]`, NaN where both vanish.

    Both vanish where their sum is below 1e-6 of the largest: there neither source moves the pixel, and a ratio of
    rounding errors would mean nothing.

    Example:
        >>> import torch
        >>> share_map(torch.tensor([[3.0, 0.0]]), torch.tensor([[-1.0, 0.0]]))
        tensor([[0.7500,    nan]])
    """
    total = a.abs() + b.abs()
    alive = total > VANISHES * total.max()
    return torch.where(alive, a.abs() / torch.where(alive, total, 1.0), float("nan"))
