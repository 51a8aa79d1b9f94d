"""NMI: mutual information, normalised."""

from __future__ import annotations

import torch

from fuselens.metrics.metric import APART, metric
from fuselens.metrics.parts.histograms import entropies


@metric(
    title="NMI",
    better="higher",
    bounds=(0, 2),
    reference="Hossny, Nahavandi, Creighton, Electronics Letters 44, 1066, 2008",
    conventions={
        "ivifzoo": "2 MI / (H(A) + H(B)), without the fused image's entropy (0.97 to 1.11 times)",
        "mefb": APART,
    },
)
def nmi(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Mutual information of the fused image with each source over the mean of both entropies, summed.

    NaN where the fused image and a source are constant.
    """
    with_a, with_b = entropies(a, fused), entropies(b, fused)
    if convention == "ivifzoo":
        return 2 * (with_a.mutual + with_b.mutual) / (with_a.x + with_b.x)
    return 2 * with_a.mutual / (with_a.x + with_a.y) + 2 * with_b.mutual / (with_b.x + with_b.y)
