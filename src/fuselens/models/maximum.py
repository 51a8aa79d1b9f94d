"""Maximum: the brighter source wins each pixel."""

from __future__ import annotations

import torch

from fuselens.core.model import FusionModel


class Maximum(FusionModel):
    """`f = max(a, b)`; the guidance is 1 for the winner, 0 for the loser, 0.5 each where they are equal."""

    name = "maximum"
    reach = 0

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Fuse `[N, 1, H, W]` pairs."""
        return torch.maximum(a, b)
