"""MSE and RMSE: how far the fused image's grey levels are from those of its sources."""

from __future__ import annotations

from math import sqrt

import torch

from fuselens.metrics.metric import APART, metric
from fuselens.metrics.parts.errors import mean_squared_error
from fuselens.metrics.parts.levels import WHITE

_UNIT_RANGE = "on 0..1: divided by 65025"
_NO_MEAN = f"sqrt(sum of squares) / (H W), which falls as images grow; {APART}"


@metric(
    title="MSE",
    better="lower",
    bounds=(0, WHITE**2),
    unit="grey level^2",
    reference="Ma, Ma, Li, Information Fusion 45, 2019",
    differentiable=True,
    conventions={"cslib": _UNIT_RANGE, "ivifzoo": _UNIT_RANGE, "linfeng": _UNIT_RANGE},
)
def mse(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Mean of the mean squared differences from both sources."""
    levels = (mean_squared_error(a, fused) + mean_squared_error(b, fused)) / 2
    return levels if convention == "canonical" else levels / WHITE**2


@metric(
    title="RMSE",
    better="lower",
    bounds=(0, WHITE),
    unit="grey level",
    reference="Ma, Ma, Li, Information Fusion 45, 2019",
    differentiable=True,
    conventions={"mefb": _NO_MEAN, "vifb": _NO_MEAN},
)
def rmse(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Root of the mean of both mean squared differences."""
    with_a, with_b = mean_squared_error(a, fused), mean_squared_error(b, fused)
    if convention == "canonical":
        return ((with_a + with_b) / 2).sqrt()
    return (with_a.sqrt() + with_b.sqrt()) / (2 * sqrt(fused[0].numel()))
