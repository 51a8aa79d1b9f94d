"""Rules that merge two feature maps without weights of their own."""

from __future__ import annotations

from typing import Literal

import torch

Combine = Literal["mean", "sum"]
EPSILON = 1e-5


def l1_mean(phi_a: torch.Tensor, phi_b: torch.Tensor, combine: Combine = "mean") -> torch.Tensor:
    """Merge features by their mean magnitudes (Wang et al. 2022, SwinFuse).

    The row part weights whole channels by their mean magnitude over the image, the column part weights pixels by
    theirs over the channels; the weights of the two sources are a softmax, with 1e-5 added to its denominator.

    Args:
        phi_a: features of the first source, `[N, C, H, W]`.
        phi_b: features of the second source, of the same shape.
        combine: `"sum"` adds both parts, as published; since each is an average of the sources, this doubles them.
            `"mean"` halves the sum.
    """
    size_a, size_b = phi_a.abs(), phi_b.abs()
    row_a, row_b = _weights(size_a.mean((2, 3), keepdim=True), size_b.mean((2, 3), keepdim=True))
    column_a, column_b = _weights(size_a.mean(1, keepdim=True), size_b.mean(1, keepdim=True))
    fused = (row_a + column_a) * phi_a + (row_b + column_b) * phi_b
    return fused / 2 if combine == "mean" else fused


def _weights(a: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    a, b = a.exp(), b.exp()
    total = a + b + EPSILON
    return a / total, b / total
