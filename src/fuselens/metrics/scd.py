"""SCD: how well what the fused image adds to one source correlates with the other source."""

from __future__ import annotations

import torch

from fuselens.metrics.metric import metric
from fuselens.metrics.parts.correlation import pearson


@metric(
    title="SCD",
    better="higher",
    bounds=(-2, 2),
    differentiable=True,
    reference="Aslantas, Bendes, AEU Int. J. Electronics and Communications 69, 2015",
    conventions={"cslib": "adds 1e-10 under the root: 0 instead of NaN where the fused image equals a source"},
)
def scd(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Correlation of F - B with A plus that of F - A with B; NaN where one of the four is constant."""
    softening = 1e-10 if convention == "cslib" else 0.0
    return pearson(fused - b, a, softening) + pearson(fused - a, b, softening)
