"""Convolution, batch normalisation, leaky ReLU: the unit of FunFuseAn, MaskNet and DeepFuse."""

from __future__ import annotations

from torch import nn


def conv_unit(inputs: int, outputs: int, kernel: int, *, activation: nn.Module | None = None) -> nn.Sequential:
    """Return `[N, inputs, H, W] -> [N, outputs, H, W]`: conv with zero padding, batch norm, LeakyReLU(0.2).

    `activation` replaces the leaky ReLU.
    """
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2),
        nn.BatchNorm2d(outputs),
        activation or nn.LeakyReLU(0.2, inplace=True),
    )
