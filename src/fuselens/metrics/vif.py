"""VIF: how much of the sources' visual information the fused image keeps."""

from __future__ import annotations

import torch

from fuselens.metrics.metric import metric
from fuselens.metrics.parts.visual_information import SMALLEST, information

NOISE = 2.0  # variance of the observer's noise on 0..255


@metric(
    title="VIF",
    better="higher",
    bounds=(0, None),
    smallest=SMALLEST,
    differentiable=True,
    reference="Sheikh, Bovik, IEEE Trans. Image Processing 15(2), 2006 (pixel domain)",
    conventions={
        "cddfuse": "1 instead of NaN for a constant source",
        "ivifzoo": "borders of zeros, under windows half a pixel off the centre (about 12 % larger)",
    },
)
def vif(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Sum over both sources of the share of their information that is kept; above 1 each where contrast grew."""
    values = source_vif(torch.stack((a, b)), fused, off_centre=convention == "ivifzoo")
    if convention == "cddfuse":
        values = torch.where(values.isnan(), 1, values)
    return values.sum(dim=0)


def source_vif(sources: torch.Tensor, fused: torch.Tensor, *, off_centre: bool = False) -> torch.Tensor:
    """Return the VIF of the fused image `[N, 1, H, W]` for each of R sources `[R, N, 1, H, W]`, `[R, N]`."""
    over = (-3, -2, -1)
    scales = information(sources, fused, NOISE, off_centre=off_centre)
    sums = [torch.stack((scale.kept.sum(dim=over), scale.held.sum(dim=over))) for scale in scales]
    kept, held = torch.stack(sums).sum(dim=0)
    fidelity: torch.Tensor = kept / held
    if off_centre:
        return fidelity  # borders of zeros tell something even of a constant source
    constant = sources.amax(dim=over) == sources.amin(dim=over)
    return torch.where(constant, torch.nan, fidelity)  # held was rounding noise
