"""Average: half of each source; the baseline every fusion method must beat."""

from __future__ import annotations

import torch

from fuselens.core.intrinsic import ModelState, StateBars
from fuselens.core.model import FusionModel
from fuselens.core.pair import ImagePair

WEIGHT = 0.5


class Average(FusionModel):
    """`f = (a + b) / 2`; both guidance images are 0.5 everywhere."""

    name = "average"
    reach = 0

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Fuse `[N, 1, H, W]` pairs."""
        return WEIGHT * a + (1 - WEIGHT) * b

    def explain_state(self, pair: ImagePair) -> ModelState:
        """Show the one weight there is."""
        weights = torch.tensor([WEIGHT, 1 - WEIGHT])
        bars = StateBars(
            "Weights", "How much each source counts, at every pixel of every pair.", pair.names, {"weight": weights}
        )
        summary = [f"Every pixel is half {pair.names[0]} and half {pair.names[1]}, whatever the two images show."]
        return ModelState(pair.names, summary, [bars])
