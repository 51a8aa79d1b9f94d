"""The lite transformer block of CDDFuse (Zhao et al., CVPR 2023): base features, common to both sources."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from fuselens.models.layers.transposed_attention import ChannelNorm, TransposedAttention


class BaseFeatures(nn.Module):
    """`x + attention(norm(x))`, then `x + mlp(norm(x))`.

    Args:
        width, heads: as of the attention.
        depthwise: attention as in Restormer instead of CDDFuse's full 3x3 convolution, which holds nine tenths of the
            parameters.
    """

    def __init__(self, width: int, heads: int, *, depthwise: bool = False) -> None:
        """Build the layers."""
        super().__init__()
        self.attention_norm, self.mlp_norm = ChannelNorm(width), ChannelNorm(width)
        self.attention = TransposedAttention(width, heads, depthwise=depthwise)
        self.mlp = _GatedMlp(width)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return `[N, C, H, W]` of the same shape."""
        features = features + self.attention(self.attention_norm(features))
        return features + self.mlp(self.mlp_norm(features))  # type: ignore[no-any-return]


class _GatedMlp(nn.Module):
    """1x1 convolution to twice the width, 3x3 in pairs of channels, one half gates the other, 1x1 back."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.widen = nn.Conv2d(width, 2 * width, 1, bias=False)
        self.spread = nn.Conv2d(2 * width, 2 * width, 3, padding=1, groups=width, bias=False)
        self.merge = nn.Conv2d(width, width, 1, bias=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        gate, value = self.spread(self.widen(features)).chunk(2, dim=1)
        return self.merge(F.gelu(gate) * value)  # type: ignore[no-any-return]
