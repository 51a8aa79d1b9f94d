"""MaskNet: a densely connected network on the stacked sources (paper 002, section 4.2).

754,275 parameters, reach 8.
"""

from __future__ import annotations

import torch

from fuselens.models.layers.conv_unit import conv_unit
from fuselens.models.layers.local_network import Border, LocalNetwork


class MaskNet(LocalNetwork):
    """Four dense 3x3 layers (older features first in each concatenation), then four plain ones, then tanh."""

    name = "masknet"
    reach = 8

    def __init__(self, border: Border = "reflect") -> None:
        """Build the layers with PyTorch's default initialisation."""
        super().__init__(border)
        self.layer1 = conv_unit(2, 48, 3)
        self.layer2 = conv_unit(48, 48, 3)
        self.layer3 = conv_unit(96, 48, 3)
        self.layer4 = conv_unit(144, 48, 3)
        self.layer5 = conv_unit(192, 192, 3)
        self.layer6 = conv_unit(192, 128, 3)
        self.layer7 = conv_unit(128, 64, 3)
        self.layer8 = conv_unit(64, 1, 3)

    def network(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Fuse `[N, 1, H, W]` pairs; the tanh keeps the result in (-1, 1)."""
        features = self.layer1(torch.cat((a, b), dim=1))
        for layer in (self.layer2, self.layer3, self.layer4):
            # Layer 2 sees layer 1 alone; every later dense layer sees all earlier ones.
            features = torch.cat((features, layer(features)), dim=1)
        return torch.tanh(self.layer8(self.layer7(self.layer6(self.layer5(features)))))
