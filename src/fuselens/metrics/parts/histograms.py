"""Histograms of whole levels and their entropies, for a batch at once.

Reference: Shannon, "A mathematical theory of communication", Bell System Technical Journal, 1948.
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

import torch

LEVELS = 256


class Entropies(NamedTuple):
    """Entropies of two images and of their joint distribution, in bits, each `[N]`."""

    x: torch.Tensor
    y: torch.Tensor
    joint: torch.Tensor

    @property
    def mutual(self) -> torch.Tensor:
        """Return the mutual information H(X) + H(Y) - H(X, Y), in bits."""
        return (self.x + self.y - self.joint).clamp(min=0)


def histogram(levels: torch.Tensor) -> torch.Tensor:
    """Return the share of pixels at each level, `[N, 256]`, in the type of `levels` `[N, 1, H, W]`."""
    return _shares(_whole(levels), LEVELS, levels.dtype)


def joint_histogram(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return the share of pixels at each pair of levels, `[N, 256, 256]`: rows are the levels of `x`."""
    codes = torch.add(_whole(y), _whole(x), alpha=LEVELS)
    return _shares(codes, LEVELS**2, x.dtype).view(-1, LEVELS, LEVELS)


def entropy(shares: torch.Tensor) -> torch.Tensor:
    """Return the Shannon entropy of distributions `[N, ...]` in bits, `[N]`; 0 log 0 counts 0."""
    parts: torch.Tensor = torch.special.entr(shares)
    return parts.flatten(1).sum(dim=1) / log(2)


def entropies(x: torch.Tensor, y: torch.Tensor) -> Entropies:
    """Return what two batches of images, levels `[N, 1, H, W]`, hold in common and each for itself."""
    joint = joint_histogram(x, y)
    return Entropies(entropy(joint.sum(dim=2)), entropy(joint.sum(dim=1)), entropy(joint))


def _whole(levels: torch.Tensor) -> torch.Tensor:
    """Round levels, none further than 0.5 outside 0..255, to `[N, H * W]` in a type that counts fast."""
    return (levels.detach() + 0.5).to(torch.int32).flatten(1)


def _shares(codes: torch.Tensor, kinds: int, dtype: torch.dtype) -> torch.Tensor:
    images, pixels = codes.shape
    if images > 1:
        codes = codes + torch.arange(images, dtype=codes.dtype, device=codes.device)[:, None] * kinds
    return torch.bincount(codes.flatten(), minlength=images * kinds).view(images, kinds).to(dtype) / pixels
