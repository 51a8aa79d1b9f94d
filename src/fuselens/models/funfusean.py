"""FunFuseAn: anatomical and functional branches of low and high frequency (Kumar et al. 2019; paper 002, section 4.1).

122,209 parameters, reach 11 (9 for the first source).
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn

from fuselens.models.layers.conv_unit import conv_unit
from fuselens.models.layers.local_network import Border, LocalNetwork


class FunFuseAn(LocalNetwork):
    """Two branches per source, fused by `rule`, decoded, averaged with the low-frequency branches.

    Args:
        rule: `"sum"` (h1 + h2; what the published runs used, and the default) or `"ratio"`
            (max(h1, h2) / (h1 + h2); what the paper draws, with the denominator kept away from zero).
        border: see `LocalNetwork`; the same for every network.
    """

    name = "funfusean"
    reach = 11

    def __init__(self, rule: Literal["sum", "ratio"] = "sum", border: Border = "reflect") -> None:
        """Build the layers with PyTorch's default initialisation."""
        super().__init__(border)
        self.rule = rule
        self.low_a = conv_unit(1, 16, 9)
        self.low_b = conv_unit(1, 16, 7)
        self.high_a = nn.Sequential(conv_unit(1, 16, 3), conv_unit(16, 32, 3), conv_unit(32, 64, 3))
        self.high_b = nn.Sequential(conv_unit(1, 16, 5), conv_unit(16, 32, 5), conv_unit(32, 64, 3))
        self.decode = nn.Sequential(conv_unit(64, 32, 5), conv_unit(32, 16, 5))
        self.output = nn.Conv2d(16, 1, 5, padding=2)

    def network(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Fuse `[N, 1, H, W]` pairs; the tanh keeps the result in (-1, 1)."""
        high = self._fuse_features(self.high_a(a), self.high_b(b))
        merged = (self.low_a(a) + self.low_b(b) + self.decode(high)) / 3
        return torch.tanh(self.output(merged))

    def _fuse_features(self, h1: torch.Tensor, h2: torch.Tensor) -> torch.Tensor:
        total = h1 + h2
        if self.rule == "sum":
            return total
        sign = torch.where(total < 0, -1.0, 1.0).to(total.dtype)
        return torch.maximum(h1, h2) / (sign * total.abs().clamp_min(1e-3))
