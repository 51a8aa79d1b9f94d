"""QNCIE: how tightly sources and fused image hang together, by nonlinear correlation."""

from __future__ import annotations

from math import log

import torch

from fuselens.metrics.metric import APART, metric
from fuselens.metrics.parts.correlation import pearson
from fuselens.metrics.parts.histograms import LEVELS, entropies


@metric(
    title="QNCIE",
    better="higher",
    bounds=(0, 1),
    reference="Wang, Shen, Zhang, Physica D 200, 287, 2005",
    conventions={
        "ivifzoo": "linear correlation in place of the nonlinear one (1.02 to 1.19 times)",
        "mefb": APART,
    },
)
def qncie(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """One less the entropy, in base 256, of the eigenvalues of the matrix of nonlinear correlations."""
    related = pearson if convention == "ivifzoo" else nonlinear_correlation
    return _dependence(related(a, b), related(a, fused), related(b, fused))


def nonlinear_correlation(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return the mutual information of two images in base 256: 0 independent, 1 a bijection of uniform levels."""
    return entropies(x, y).mutual / 8


def _dependence(ab: torch.Tensor, af: torch.Tensor, bf: torch.Tensor) -> torch.Tensor:
    one = torch.ones_like(ab)
    matrix = torch.stack((one, ab, af, ab, one, bf, af, bf, one), dim=-1).view(-1, 3, 3)
    shares = torch.linalg.eigvalsh(matrix.nan_to_num()).clamp(min=0) / 3
    undefined = matrix.isnan().any(dim=(1, 2))
    return torch.where(undefined, torch.nan, 1 + torch.xlogy(shares, shares).sum(dim=1) / log(LEVELS))
