"""MobileNetV2 as the backbone of a segmentation network: one input channel, output stride 16, no classifier.

Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", CVPR 2018, Table 2. Output stride 16 as in
Chen et al., "Encoder-decoder with atrous separable convolution", ECCV 2018: the last group with stride 2 keeps its
resolution, and the convolutions behind it are dilated instead. 1,811,136 parameters at width 1.
"""

from __future__ import annotations

import torch
from torch import nn

GROUPS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""Expansion, channels, blocks, stride of the first block."""
LOW_LEVEL_BLOCKS = 4  # the stem and three blocks: stride 4
DILATED_FROM = 14
STEM = 32


class MobileNetV2(nn.Module):
    """Eighteen blocks: a stem and seventeen inverted residuals.

    Attributes:
        low_channels, channels: of the features at stride 4 and at stride 16 (24 and 320 at width 1).
    """

    def __init__(self, width: float = 1.0) -> None:
        """Build the blocks; all channel numbers are `width` times those of the paper, in steps of eight."""
        super().__init__()
        before = rounded(STEM * width)
        blocks: list[nn.Module] = [unit(1, before, kernel=3, stride=2)]
        for expansion, channels, count, stride in GROUPS:
            for place in range(count):
                number, step = len(blocks), stride if place == 0 else 1
                if number >= DILATED_FROM:
                    # The block that would halve the resolution looks at neighbours still, those behind at every other.
                    block = InvertedResidual(before, rounded(channels * width), expansion, 1, dilation=1 + (step == 1))
                else:
                    block = InvertedResidual(before, rounded(channels * width), expansion, step)
                blocks.append(block)
                before = rounded(channels * width)
        self.low = nn.Sequential(*blocks[:LOW_LEVEL_BLOCKS])
        self.high = nn.Sequential(*blocks[LOW_LEVEL_BLOCKS:])
        self.low_channels, self.channels = rounded(GROUPS[1][1] * width), before

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Map `[N, 1, H, W]` to low-level features `[N, 24, H/4, W/4]` and high-level ones `[N, 320, H/16, W/16]`."""
        low = self.low(image)
        return low, self.high(low)


class InvertedResidual(nn.Module):
    """Widen by a 1x1 convolution, filter each channel by itself, narrow again; added to an input of the same shape."""

    def __init__(self, before: int, after: int, expansion: int, stride: int, dilation: int = 1) -> None:
        """Build the layers."""
        super().__init__()
        inner = before * expansion
        self.layers = nn.Sequential(
            *([unit(before, inner)] if expansion > 1 else []),
            unit(inner, inner, kernel=3, stride=stride, dilation=dilation, groups=inner),
            nn.Conv2d(inner, after, 1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.adds = stride == 1 and before == after

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return features of the stride's size."""
        change: torch.Tensor = self.layers(features)
        return features + change if self.adds else change


def unit(before: int, after: int, *, kernel: int = 1, stride: int = 1, dilation: int = 1, groups: int = 1) -> nn.Module:
    """Return convolution, batch normalisation and ReLU6; padded to keep the size at stride 1."""
    return nn.Sequential(
        nn.Conv2d(before, after, kernel, stride, dilation * (kernel // 2), dilation, groups, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU6(inplace=True),
    )


def rounded(channels: float) -> int:
    """Return the multiple of eight nearest to `channels`, at least eight and not more than a tenth below."""
    whole = max(8, int(channels + 4) // 8 * 8)
    return whole + 8 if whole < 0.9 * channels else whole
