"""MI: how much information the fused image shares with its sources."""

from __future__ import annotations

from math import log

import torch

from fuselens.metrics.metric import APART, metric
from fuselens.metrics.parts.histograms import entropies, entropy, histogram

_NATS = "in nats: 0.6931 of the value in bits"
_TWICE_EN = "its joint entropies come out as 0: exactly twice the entropy EN of the fused image"
_IN_NATS = ("cddfuse", "cslib", "diffif", "film", "vifb")


@metric(
    title="MI",
    better="higher",
    bounds=(0, 16),
    unit="bit",
    reference="Qu, Zhang, Yan, Electronics Letters 38, 313, 2002",
    conventions={
        "cddfuse": _NATS,
        "cslib": _NATS,
        "densefuse": _TWICE_EN,
        "diffif": _NATS,
        "film": _NATS,
        "linfeng": "levels 254 and 255 count as one in the joint histogram only (up to 5 % larger)",
        "rfnnest": _TWICE_EN,
        "vifb": f"{_NATS}; {APART}",
    },
)
def mi(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Mutual information of the fused image with each source, over 256 levels, summed, in bits."""
    if convention in ("densefuse", "rfnnest"):
        return 2 * entropy(histogram(fused))
    if convention == "linfeng":
        return _merged(a, fused) + _merged(b, fused)
    bits = entropies(a, fused).mutual + entropies(b, fused).mutual
    return bits * log(2) if convention in _IN_NATS else bits


def _merged(source: torch.Tensor, fused: torch.Tensor) -> torch.Tensor:
    joint = entropies(source.clamp(max=254), fused.clamp(max=254)).joint
    return entropy(histogram(source)) + entropy(histogram(fused)) - joint
