"""Weighted averaging, each pixel weighted by its own brightness (paper 002, section 4.5)."""

from __future__ import annotations

from typing import Literal

import torch

from fuselens.core.intrinsic import ModelState, StateMaps
from fuselens.core.model import FusionModel
from fuselens.core.pair import ImagePair
from fuselens.core.run import model_inputs


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
        weight = self.weight(a, b)
        if self.gradient == "frozen":
            weight = weight.detach()
        return weight * a + (1 - weight) * b

    def weight(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Return w1, the weight of a at each pixel, in `[0, 1]`; w2 is what it lacks to 1."""
        total = a + b
        # Equal pixels weigh 0.5 each; that covers 0 / 0, and the safe denominator keeps its gradient finite.
        return torch.where(total > 0, a / torch.where(total > 0, total, 1.0), 0.5)

    @torch.no_grad()
    def explain_state(self, pair: ImagePair) -> ModelState:
        """Show both weight maps."""
        weight = self.weight(*model_inputs(self, pair))[0, 0]
        first, second = pair.names
        mean, ahead, behind = (float(part.double().mean()) for part in (weight, weight > 0.5, weight < 0.5))
        maps = StateMaps(
            "Weights",
            "How much each source counts at each pixel, from 0, not at all, to 1, alone. Both weights of a pixel add "
            "up to 1, and what is black in a source counts for nothing.",
            {first: weight, second: 1 - weight},
        )
        summary = [
            "Each pixel is weighted by its own brightness: the brighter source counts for more.",
            f"Averaged over the image, {first} weighs {mean:.2f} and {second} {1 - mean:.2f}.",
            f"At {ahead:.0%} of the pixels {first} weighs more, at {behind:.0%} {second} does.",
        ]
        facts = {
            f"mean weight of {first}": mean,
            f"mean weight of {second}": 1 - mean,
            f"part of the pixels where {first} weighs more": ahead,
            f"part of the pixels where {second} weighs more": behind,
        }
        return ModelState(pair.names, summary, [maps], facts)
