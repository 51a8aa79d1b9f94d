"""QY: Yang's similarity to both sources where they agree, and to the nearer one where they do not."""

from __future__ import annotations

import torch

from fuselens.core.filters import gaussian
from fuselens.core.ssim import SIGMA, similarity
from fuselens.metrics.metric import APART, metric
from fuselens.metrics.parts.windows import exact_moments

WINDOW = 7
_C = 2e-16  # both constants of SSIM: none, in effect
_AGREE = 0.75


@metric(
    title="QY",
    better="higher",
    bounds=(-1, 1),
    smallest=WINDOW,
    reference="Yang, Zhang, Wang, Liu, Information Fusion 9(2), 2008",
    conventions={"mefb": APART},
)
def qy(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Mean over windows of the similarity to the sources; windows that are flat in both are left out."""
    weights = gaussian(WINDOW, SIGMA, fused)
    moments = exact_moments(torch.stack((a, b)), fused, weights)
    to_a, to_b = similarity(moments, _C, _C)
    between = similarity(exact_moments(a[None], b, weights), _C, _C)[0]
    share = moments.variance_x[0] / moments.variance_x.sum(dim=0)
    quality = torch.where(between >= _AGREE, share * to_a + (1 - share) * to_b, torch.maximum(to_a, to_b))
    quality = torch.where(share.isnan(), share, quality)
    return quality.nanmean(dim=(1, 2, 3))
