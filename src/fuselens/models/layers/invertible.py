"""Invertible block: keeps every detail of its input, since the input can be computed back from the output.

References: Dinh et al., "Density estimation using Real NVP", ICLR 2017 (coupling); Zhao et al., "CDDFuse", CVPR 2023
(detail feature extraction, whose block this is).
"""

from __future__ import annotations

import torch
from torch import nn


class InvertibleBlock(nn.Module):
    """A 1x1 convolution and one affine coupling between the two halves of the channels.

    Args:
        width: channels, an even number.
    """

    def __init__(self, width: int) -> None:
        """Build the mixing convolution and the three coupling networks."""
        super().__init__()
        self.mix = nn.Conv2d(width, width, 1)
        self.shift_second, self.scale_first, self.shift_first = (_bottleneck(width // 2) for _ in range(3))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return `[N, C, H, W]` of the same shape."""
        first, second = self.mix(features).chunk(2, dim=1)
        second = second + self.shift_second(first)
        first = first * self.scale_first(second).exp() + self.shift_first(second)
        return torch.cat((first, second), dim=1)

    def inverse(self, features: torch.Tensor) -> torch.Tensor:
        """Return the input that `forward` makes `features` of."""
        first, second = features.chunk(2, dim=1)
        first = (first - self.shift_first(second)) * (-self.scale_first(second)).exp()
        second = second - self.shift_second(first)
        mixed = torch.cat((first, second), dim=1) - self.mix.bias[None, :, None, None]  # type: ignore[index]
        matrix = self.mix.weight[:, :, 0, 0]
        unmixed: torch.Tensor = torch.linalg.solve(matrix, mixed.flatten(2))
        return unmixed.reshape(mixed.shape)


def _bottleneck(width: int) -> nn.Sequential:
    """Return the inverted residual of MobileNetV2 without norm and without the residual."""
    return nn.Sequential(
        nn.Conv2d(width, 2 * width, 1, bias=False),
        nn.ReLU6(),
        nn.ReflectionPad2d(1),
        nn.Conv2d(2 * width, 2 * width, 3, groups=2 * width, bias=False),
        nn.ReLU6(),
        nn.Conv2d(2 * width, width, 1, bias=False),
    )
