"""CE: how far the fused image's histogram is from those of its sources."""

from __future__ import annotations

import torch

from fuselens.metrics.metric import APART, metric
from fuselens.metrics.parts.histograms import histogram


@metric(
    title="CE",
    better="lower",
    bounds=(None, None),
    unit="bit",
    reference="Bulanon, Burks, Alchanatis, Biosystems Engineering 103, 2009",
    conventions={"mefb": APART, "vifb": APART},
)
def ce(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Mean divergence of the sources' histograms from the fused image's, over levels that both images have."""
    shares = histogram(fused)
    return (_divergence(histogram(a), shares) + _divergence(histogram(b), shares)) / 2


def _divergence(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    """Sum of p log2(p / q); levels that one of both lacks are left out, so that it may fall slightly below 0."""
    return torch.where((p > 0) & (q > 0), p * torch.log2(p / q), 0).sum(dim=1)
