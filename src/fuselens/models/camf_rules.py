"""How CAMF fuses the features of its sources: by class activation weights, or by one of the four rules beside them."""

from __future__ import annotations

from typing import Literal

import torch
from torch.nn.functional import avg_pool2d

Rule = Literal["class_weights", "mean", "add", "max", "l1"]
RULES: tuple[Rule, ...] = ("class_weights", "mean", "add", "max", "l1")


def channel_weights(scores: torch.Tensor, scale: float) -> torch.Tensor:
    """Turn class scores `[..., C]` of a source's channels into its weights `[..., C]`: positive, `scale` on average."""
    weights = scores.tanh() / 2 + 0.5
    return scale * weights / weights.mean(dim=-1, keepdim=True)


def merge_by_rule(rule: Rule, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Fuse features `[N, C, h, w]`, none below 0, by a rule that needs no classifier."""
    if rule == "mean":
        return (a + b) / 2
    if rule == "add":
        return a + b
    if rule == "max":
        return torch.maximum(a, b)
    share = _share_of_a(_activity(a), _activity(b))
    return share * a + (1 - share) * b


def _activity(features: torch.Tensor) -> torch.Tensor:
    """Return the l1 norm over the channels, averaged over 3 x 3 positions: DenseFuse's rule (Li and Wu 2019)."""
    return avg_pool2d(features.abs().sum(dim=1, keepdim=True), 3, stride=1, padding=1)


def _share_of_a(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    # Where neither source has any activity both features are 0, and so is their sum by whatever share.
    total = a + b
    return a / total.where(total > 0, 1)
