"""Histograms of whole levels and their entropies, for a batch at once.

Reference: Shannon, "A mathematical theory of communication", Bell System Technical Journal, 1948.
"""

from __future__ import annotations

import torch

from fuselens.metrics.parts.levels import rounded

LEVELS = 256


def histogram(levels: torch.Tensor) -> torch.Tensor:
    """Return the share of pixels at each level, `[N, 256]`, in the type of `levels` `[N, 1, H, W]`."""
    return _shares(rounded(levels).long(), LEVELS, levels.dtype)


def joint_histogram(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return the share of pixels at each pair of levels, `[N, 256 * 256]`."""
    return _shares(rounded(x).long() * LEVELS + rounded(y).long(), LEVELS**2, x.dtype)


def entropy(shares: torch.Tensor) -> torch.Tensor:
    """Return the Shannon entropy of distributions `[N, K]` in bits, `[N]`; 0 log 0 counts 0."""
    return -torch.xlogy(shares, shares).sum(dim=1) / torch.log(shares.new_tensor(2.0))


def _shares(codes: torch.Tensor, kinds: int, dtype: torch.dtype) -> torch.Tensor:
    flat = codes.flatten(1)
    numbered = flat + torch.arange(len(flat), device=flat.device)[:, None] * kinds
    return torch.bincount(numbered.flatten(), minlength=len(flat) * kinds).view(-1, kinds).to(dtype) / flat.shape[1]
