"""Weighted averaging, each pixel weighted by its own brightness (paper 002, section 4.5)."""

from __future__ import annotations

from typing import Literal

import torch

from fuselens.core.model import FusionModel


class WeightedAverage(FusionModel):
    """`f = w1 a + w2 b` with `w1 = a / (a + b)`, `w2 = b / (a + b)`, and 0.5 each where `a = b`.

    Args:
        gradient: `"frozen"` treats the weights as constants, as the paper's tool does: the guidance images are w1 and
            w2 and add up to 1. `"true"` differentiates through them: (a^2 + 2ab - b^2) / (a + b)^2 and its mirror.
    """

    name = "weighted_average"
    reach = 0

    def __init__(self, gradient: Literal["frozen", "true"] = "frozen") -> None:
        """Choose the gradient convention."""
        super().__init__()
        self.gradient = gradient

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Fuse `[N, 1, H, W]` pairs."""
        total = a + b
        # Equal pixels weigh 0.5 each; that covers 0 / 0, and the safe denominator keeps its gradient finite.
        weight = torch.where(total > 0, a / torch.where(total > 0, total, 1.0), 0.5)
        if self.gradient == "frozen":
            weight = weight.detach()
        return weight * a + (1 - weight) * b
