"""SF: how active the fused image is, by the differences of neighbouring pixels."""

from __future__ import annotations

from math import sqrt

import torch

from fuselens.metrics.metric import APART, metric
from fuselens.metrics.parts.lengths import length

_ALL_PIXELS = ("mefb", "vifb")


@metric(
    title="SF",
    better="higher",
    bounds=(0, 361),
    needs="fused",
    unit="grey level",
    reference="Eskicioglu, Fisher, IEEE Trans. Communications 43, 1995",
    differentiable=True,
    conventions={
        "mefb": f"divides both sums by H * W (0.1 to 0.5 % lower); {APART}",
        "vifb": f"divides both sums by H * W (0.1 to 0.5 % lower); {APART}, without the steps between channels "
        "that the code counts as rows of 3 W pixels",
    },
)
def sf(fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Root of the mean squared horizontal difference plus the mean squared vertical one."""
    pixels = fused[0].numel() if convention in _ALL_PIXELS else None
    across = _root_mean_square(fused[..., :, 1:] - fused[..., :, :-1], pixels)
    down = _root_mean_square(fused[..., 1:, :] - fused[..., :-1, :], pixels)
    return length(torch.stack((across, down), dim=1))


def _root_mean_square(differences: torch.Tensor, count: int | None) -> torch.Tensor:
    return length(differences) / sqrt(count or differences[0].numel())
