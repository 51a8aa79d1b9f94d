"""The Swin block (Liu et al. 2021): window attention, then a two-layer perceptron, each normalised and residual."""

from __future__ import annotations

import torch
from torch import nn

from fuselens.models.layers.window_attention import WINDOW, WindowAttention


class SwinBlock(nn.Module):
    """`[N, H, W, C] -> [N, H, W, C]` of any size.

    Args:
        dim: channels C.
        heads: attention heads.
        shifted: whether the grid of windows is shifted by half a window.
        drop: how often either half is skipped for an image while training (stochastic depth, Huang et al. 2016).
    """

    def __init__(self, dim: int, heads: int, *, shifted: bool = False, drop: float = 0.0) -> None:
        """Build the layers."""
        super().__init__()
        self.drop = drop
        self.attention_norm = nn.LayerNorm(dim)
        self.attention = WindowAttention(dim, heads, WINDOW // 2 if shifted else 0)
        self.perceptron_norm = nn.LayerNorm(dim)
        self.perceptron = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Attend within windows, then mix the channels of each token."""
        tokens = self._changed(tokens, self.attention(self.attention_norm(tokens)))
        return self._changed(tokens, self.perceptron(self.perceptron_norm(tokens)))

    def _changed(self, tokens: torch.Tensor, change: torch.Tensor) -> torch.Tensor:
        """Add the change; while training only to some images, and larger, so that its mean stays."""
        if not self.training or not self.drop:
            return tokens + change
        keep = 1 - self.drop
        kept = torch.rand(len(tokens), 1, 1, 1, device=tokens.device) < keep
        return torch.addcmul(tokens, change, kept.to(change.dtype), value=1 / keep)
