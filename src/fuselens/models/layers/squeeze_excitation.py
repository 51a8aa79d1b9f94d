"""Squeeze-and-excitation (Hu et al., CVPR 2018): every channel scaled by what the whole image shows."""

from __future__ import annotations

import torch
from torch import nn


class SqueezeExcitation(nn.Module):
    """Global average, two dense layers, a sigmoid, and each channel times its number.

    Args:
        width: channels.
        reduction: the hidden layer has `width / reduction` units, but at least 4.
    """

    def __init__(self, width: int, reduction: int = 16) -> None:
        """Build the dense layers."""
        super().__init__()
        hidden = max(4, width // reduction)
        self.gates = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width), nn.Sigmoid())

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return `[N, C, H, W]` of the same shape."""
        gates: torch.Tensor = self.gates(features.mean(dim=(2, 3)))
        return features * gates[:, :, None, None]
