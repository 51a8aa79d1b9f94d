"""CC: how well the fused image correlates with its sources."""

from __future__ import annotations

import torch

from fuselens.metrics.metric import metric
from fuselens.metrics.parts.correlation import centred, cosine


@metric(
    title="CC",
    better="higher",
    bounds=(-1, 1),
    differentiable=True,
    reference="Deshmukh, Bhosale, Int. J. Image Processing 4, 2010",
    conventions={"cslib": "adds 1e-10 under the root: 0 instead of NaN where an image is constant"},
)
def cc(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Mean of Pearson's correlation of the fused image with each source; NaN where an image is constant."""
    softening = 1e-10 if convention == "cslib" else 0.0
    deviations = centred(fused)
    return (cosine(centred(a), deviations, softening) + cosine(centred(b), deviations, softening)) / 2
