"""PSNR: the mean squared error as a signal-to-noise ratio."""

from __future__ import annotations

import torch

from fuselens.metrics.metric import APART, metric
from fuselens.metrics.mse import mse, rmse
from fuselens.metrics.parts.levels import WHITE

_OWN_PEAK = "its peak is the fused image's maximum, not 255"
_TWO_RANGES = "errors on 0..1 with the peak 255: 48.13 dB larger"
_NO_MEAN = f"sqrt(sum of squares) / (H W) in place of the MSE, no signal-to-noise ratio; {APART}"


@metric(
    title="PSNR",
    better="higher",
    bounds=(0, None),
    unit="dB",
    reference="Ma, Ma, Li, Information Fusion 45, 2019",
    differentiable=True,
    conventions={
        "cddfuse": _OWN_PEAK,
        "diffif": _OWN_PEAK,
        "film": _OWN_PEAK,
        "ivifzoo": _TWO_RANGES,
        "linfeng": _TWO_RANGES,
        "mefb": _NO_MEAN,
        "vifb": _NO_MEAN,
    },
)
def psnr(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """10 log10(255^2 / MSE) of the mean of both MSEs; infinite where all three images are one."""
    if convention in ("mefb", "vifb"):
        error = rmse.formula(a, b, fused, convention=convention)
    else:
        error = mse.formula(a, b, fused, convention=convention if convention in mse.conventions else "canonical")
    peak = fused.flatten(1).amax(dim=1) if convention in ("cddfuse", "diffif", "film") else WHITE
    return 10 * torch.log10(peak**2 / error)
