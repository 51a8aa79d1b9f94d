"""EI: the edge intensity of the fused image."""

from __future__ import annotations

import torch

from fuselens.metrics.metric import APART, metric
from fuselens.metrics.parts.gradients import magnitude, sobel


@metric(
    title="EI",
    better="higher",
    bounds=(0, None),
    needs="fused",
    unit="grey level",
    reference="Rajalingam, Priya, Int. J. Engineering Science Invention, 2018",
    differentiable=True,
    conventions={
        "ivifzoo": "zeros beyond the border, which make the frame an edge (13 % larger, up to 67 % on small images)",
        "mefb": APART,
        "vifb": APART,
    },
)
def ei(fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Mean length of Sobel's gradient, the border pixels repeated beyond the border."""
    return magnitude(*sobel(fused, "zero" if convention == "ivifzoo" else "replicate")).flatten(1).mean(dim=1)
