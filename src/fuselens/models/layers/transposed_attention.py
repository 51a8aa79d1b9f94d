"""Attention between channels instead of pixels: linear in the image's size, global in its reach.

Reference: Zamir et al., "Restormer: efficient transformer for high-resolution image restoration", CVPR 2022.
"""

from __future__ import annotations

import torch
from torch import nn


class ChannelNorm(nn.LayerNorm):
    """Layer normalisation over the channels of each pixel of `[N, C, H, W]`."""

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return the normalised features, in the channels-last layout."""
        return super().forward(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class TransposedAttention(nn.Module):
    """Multi-head attention whose attention matrix is channels by channels (MDTA).

    Args:
        width: channels.
        heads: groups of channels that attend to each other; divides `width`.
        depthwise: whether the 3x3 convolution behind queries, keys and values works on each channel by itself, as in
            Restormer; CDDFuse's base feature extraction mixes them.
    """

    def __init__(self, width: int, heads: int, *, depthwise: bool = True) -> None:
        """Build the layers; every head's temperature starts at 1."""
        super().__init__()
        self.heads = heads
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.project = nn.Conv2d(width, 3 * width, 1, bias=False)
        self.spread = nn.Conv2d(3 * width, 3 * width, 3, padding=1, groups=3 * width if depthwise else 1, bias=False)
        self.merge = nn.Conv2d(width, width, 1, bias=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return `[N, C, H, W]` of the same shape."""
        count, width, height, across = features.shape
        planes = self.spread(self.project(features)).permute(0, 2, 3, 1)
        # [3, N, heads, pixels, channels of a head]
        queries, keys, values = (
            planes.reshape(count, height * across, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind()
        )
        # Normalising queries and keys over the pixels is the same as dividing their products by both lengths.
        products = queries.transpose(2, 3) @ keys
        scale = _lengths(queries).transpose(2, 3) * _lengths(keys)
        attention = (products / scale * self.temperature).softmax(dim=-1)
        mixed = (values @ attention.transpose(2, 3)).permute(0, 2, 1, 3).reshape(count, height, across, width)
        merged: torch.Tensor = self.merge(mixed.permute(0, 3, 1, 2))
        return merged


def _lengths(parts: torch.Tensor) -> torch.Tensor:
    """Return the length of every channel over the pixels, `[N, heads, 1, channels]`, never 0."""
    lengths: torch.Tensor = torch.linalg.vector_norm(parts, dim=2, keepdim=True)
    return lengths.clamp_min(1e-12)
