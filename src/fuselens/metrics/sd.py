"""SD: the contrast of the fused image."""

from __future__ import annotations

from math import sqrt

import torch

from fuselens.metrics.metric import APART, metric
from fuselens.metrics.parts.correlation import centred
from fuselens.metrics.parts.lengths import length
from fuselens.metrics.parts.levels import WHITE


@metric(
    title="SD",
    better="higher",
    bounds=(0, 127.5),
    needs="fused",
    unit="grey level",
    reference="Rao, Measurement Science and Technology 8, 355, 1997",
    differentiable=True,
    conventions={
        "mefb": APART,
        "rfnnest": "grey on 0..1, never divided by the number of pixels: grows with the image",
        "vifb": f"called Variance there; {APART}",
    },
)
def sd(fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Population standard deviation of the fused image's grey levels."""
    return length(centred(fused)) / (WHITE if convention == "rfnnest" else sqrt(fused[0].numel()))
