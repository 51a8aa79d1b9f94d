"""DeepFuse: tied feature layers, addition, reconstruction (Prabhakar et al. 2017, as built for paper 002).

89,155 parameters, reach 12.
"""

from __future__ import annotations

import torch
from torch import nn

from fuselens.models.layers.conv_unit import conv_unit
from fuselens.models.layers.local_network import Border, LocalNetwork


class DeepFuse(LocalNetwork):
    """The same two layers read both sources; the sum of their features is decoded by three more."""

    name = "deepfuse"
    reach = 12

    def __init__(self, border: Border = "reflect") -> None:
        """Build the layers with PyTorch's default initialisation."""
        super().__init__(border)
        # Slope 0.01 and one plain ReLU: the published code, not the paper's text.
        self.features = nn.Sequential(
            conv_unit(1, 16, 5, activation=nn.LeakyReLU(0.01, inplace=True)),
            conv_unit(16, 32, 7, activation=nn.ReLU(inplace=True)),
        )
        self.decode = nn.Sequential(
            conv_unit(32, 32, 7, activation=nn.LeakyReLU(0.01, inplace=True)),
            conv_unit(32, 16, 5, activation=nn.LeakyReLU(0.01, inplace=True)),
            conv_unit(16, 1, 5, activation=nn.Tanh()),
        )

    def network(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Fuse `[N, 1, H, W]` pairs; the tanh keeps the result in (-1, 1)."""
        fused: torch.Tensor = self.decode(self.features(a) + self.features(b))
        return fused
