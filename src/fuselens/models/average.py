"""Average: half of each source; the baseline every fusion method must beat."""

from __future__ import annotations

import torch

from fuselens.core.model import FusionModel


class Average(FusionModel):
    """`f = (a + b) / 2`; both guidance images are 0.5 everywhere."""

    name = "average"
    reach = 0

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Fuse `[N, 1, H, W]` pairs."""
        return (a + b) / 2
