"""EN: the entropy of the fused image's grey levels."""

from __future__ import annotations

import torch

from fuselens.metrics.metric import APART, metric
from fuselens.metrics.parts.histograms import entropy, histogram


@metric(
    title="EN",
    better="higher",
    bounds=(0, 8),
    needs="fused",
    unit="bit",
    reference="Roberts, van Aardt, Ahmed, J. Applied Remote Sensing 2, 023522, 2008",
    conventions={
        "ivifzoo": "adds 1e-7 inside the logarithm (about 4e-5 lower)",
        "mefb": APART,
        "vifb": APART,
    },
)
def en(fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Entropy of the 256-level histogram of the fused image, in bits.

    Example:
        >>> from fuselens.metrics.en import en
        >>> en(torch.tensor([0, 1.0]).repeat(1, 1, 8, 4))
        tensor([1.])
    """
    shares = histogram(fused)
    if convention == "ivifzoo":
        return -(shares * torch.log2(shares + 1e-7)).sum(dim=1)
    return entropy(shares)
