"""CAMF's classifier of modalities, as in the published code of paper 004.

Every convolution is depthwise, so channel c of the encoder reaches the logits through row c of the dense matrix alone:
that row is the class activation weight of channel c.
"""

from __future__ import annotations

from functools import reduce

import torch
from torch import nn
from torch.nn import functional as F

CHANNELS = 128
CLASSES = 2
PARALLEL = 4
STRIDES = (1, 2, 1, 2)
FEATURE_DEVIATION = 1 / 3  # of a trained encoder's features, roughly
SMALLEST_FEATURES = 13  # rows and columns from which the four layers leave one of each


class CamfHead(nn.Module):
    """Four depthwise layers, the mean over all positions, and a dense layer: 20,738 parameters.

    Weights start from a normal distribution cut at two deviations, biases from 0. The deviation of the convolutions
    keeps the size of their signals, which the published 0.1 lets fade from layer to layer.
    """

    def __init__(self) -> None:
        """Build the layers."""
        super().__init__()
        self.layers = nn.Sequential(*(ParallelDepthwise(stride) for stride in STRIDES))
        self.dense = nn.Linear(CHANNELS, CLASSES)
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            else:
                deviation = 0.1 if name.startswith("dense") else (2 / 9 / PARALLEL) ** 0.5
                if name.startswith("layers.0"):
                    deviation /= FEATURE_DEVIATION
                nn.init.trunc_normal_(parameter, std=deviation, a=-2 * deviation, b=2 * deviation)

    @property
    def class_weights(self) -> torch.Tensor:
        """The dense matrix `[2, 128]`: what a unit of each channel adds to the logit of source a, and of source b."""
        return self.dense.weight

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return the logits `[N, 2]` of features `[N, 128, h, w]`, at least 13 x 13."""
        logits: torch.Tensor = self.dense(self.layers(features).mean(dim=(2, 3)))
        return logits


class ParallelDepthwise(nn.Module):
    """The sum of four depthwise 3x3 convolutions without padding, each after its own ReLU."""

    def __init__(self, stride: int) -> None:
        """Keep the four as one grouped convolution: outputs 4c to 4c + 3 are those of channel c."""
        super().__init__()
        self.convolutions = nn.Conv2d(CHANNELS, PARALLEL * CHANNELS, 3, stride=stride, groups=CHANNELS)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return `[N, 128, h', w']`."""
        weight, bias, stride = self.convolutions.weight, self.convolutions.bias, self.convolutions.stride
        assert bias is not None
        # One call a branch: CPUs have a kernel for depthwise convolutions, but none for four outputs a channel.
        branches = (
            F.conv2d(features, weight[i::PARALLEL], bias[i::PARALLEL], stride, groups=CHANNELS).relu()
            for i in range(PARALLEL)
        )
        return reduce(torch.add, branches)
