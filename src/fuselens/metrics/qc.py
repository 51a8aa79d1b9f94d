"""QC: Cvejic's similarity to the sources, each by its share of the covariance with the fused image."""

from __future__ import annotations

import torch

from fuselens.core.filters import gaussian
from fuselens.core.ssim import SIGMA, similarity
from fuselens.metrics.metric import APART, metric
from fuselens.metrics.parts.windows import exact_moments

WINDOW = 7
_C = 2e-16  # both constants of SSIM: none, in effect


@metric(
    title="QC",
    better="higher",
    bounds=(-1, 1),
    smallest=WINDOW,
    symmetric=False,
    reference="Cvejic, Loza, Bull, Canagarajah, Int. J. Signal Processing 2(3), 2005",
    conventions={"mefb": APART},
)
def qc(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Mean over windows of the similarity to the sources by covariance; windows where both vanish are left out."""
    moments = exact_moments(torch.stack((a, b)), fused, gaussian(WINDOW, SIGMA, fused))
    to_a, to_b = similarity(moments, _C, _C)
    share = moments.covariance[0] / moments.covariance.sum(dim=0)
    quality = torch.where(share < 0, 0, torch.where(share > 1, 1, share * to_a + (1 - share) * to_b))
    return quality.nanmean(dim=(1, 2, 3))
