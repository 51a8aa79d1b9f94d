"""DeepPedestrian: a residual network without normalisation on the stacked sources (paper 002, section 4.4).

313,105 parameters, reach 17.
"""

from __future__ import annotations

import torch
from torch import nn

from fuselens.models.layers.local_network import Border, LocalNetwork

WIDTH = 48


def _block(layers: int) -> nn.Sequential:
    """Return `layers` times ReLU, conv 3x3."""
    parts: list[nn.Module] = []
    for _ in range(layers):
        parts += [nn.ReLU(), nn.Conv2d(WIDTH, WIDTH, 3, padding=1)]
    return nn.Sequential(*parts)


class DeepPedestrian(LocalNetwork):
    """Seventeen 3x3 convolutions with two residual sums and a linear output."""

    name = "deeppedestrian"
    reach = 17

    def __init__(self, border: Border = "reflect") -> None:
        """Build the layers with PyTorch's default initialisation."""
        super().__init__(border)
        self.block_a = nn.Sequential(nn.Conv2d(2, WIDTH, 3, padding=1), _block(3))
        self.block_b = _block(4)
        self.block_c = _block(4)
        self.block_d = _block(4)
        self.output = nn.Sequential(nn.ReLU(), nn.Conv2d(WIDTH, 1, 3, padding=1))

    def network(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Fuse `[N, 1, H, W]` pairs; the output is linear, so it may leave [0, 1] a little."""
        first = self.block_a(torch.cat((a, b), dim=1))
        middle = self.block_c(first + self.block_b(first))
        fused: torch.Tensor = self.output(middle + self.block_d(middle))
        return fused
