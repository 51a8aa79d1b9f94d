"""VIFF: visual information fidelity for fusion, where each place is judged by the source that it keeps least of."""

from __future__ import annotations

import math

import torch

from fuselens.metrics.metric import APART, metric
from fuselens.metrics.parts.visual_information import SMALLEST, information

NOISE = 0.005 * 255**2  # variance of the observer's noise on 0..255
_SHARES = (1 / 2.15, 0.0, 0.15 / 2.15, 1 / 2.15)  # of the scales, from fine to coarse
_EPSILON = 1e-7 * math.log(10)  # a window, in nats; 1e-7 under the logarithms to base 10 of the original


@metric(
    title="VIFF",
    better="higher",
    bounds=(0, None),
    smallest=SMALLEST,
    symmetric=False,
    reference="Han, Cai, Cao, Xu, Information Fusion 14(2), 2013",
    conventions={"mefb": APART},
)
def viff(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Share of the sources' information that is kept, over the windows' less preserved sources and three scales."""
    total = torch.zeros_like(fused[:, 0, 0, 0])
    for share, scale in zip(_SHARES, information(torch.stack((a, b)), fused, NOISE), strict=True):
        by_a = scale.gain[0] < scale.gain[1]
        kept, held = (torch.where(by_a, each[0], each[1]) for each in (scale.kept, scale.held))
        total = total + share * (kept + _EPSILON).sum(dim=(1, 2, 3)) / (held + _EPSILON).sum(dim=(1, 2, 3))
    return total
