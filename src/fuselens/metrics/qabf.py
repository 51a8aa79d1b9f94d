"""Qabf: how much of the sources' edges the fused image keeps."""

from __future__ import annotations

from math import inf, pi

import torch
from torch.nn.functional import pad

from fuselens.metrics.metric import APART, metric
from fuselens.metrics.parts.edges import preserved, relative_strength
from fuselens.metrics.parts.gradients import sobel
from fuselens.metrics.parts.levels import WHITE

Edges = tuple[torch.Tensor, torch.Tensor]  # strength, orientation


@metric(
    title="Qabf",
    better="higher",
    bounds=(0, 0.9994 * 0.9879),
    reference="Xydeas, Petrovic, Electronics Letters 36, 2000",
    conventions={
        "cslib": "an edge kept at its very strength counts as kept, whatever that strength (up to 6e-4 lower)",
        "densefuse": "levels 0..1, where edges kept at their very strength count as lost (up to 40 % lower)",
        "mefb": APART,
        "vifb": APART,
    },
)
def qabf(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Mean of what is preserved of each source's edges, in strength and orientation, weighted by their strength.

    The constants are those of all public codes, which go back to one by R. Hong; so is that a strength equal in
    source and fused image stands for the relative strength, 1, which on levels 0..255 makes no great difference.
    """
    edges = _edges_of_unit_range if convention == "densefuse" else _edges_of_levels
    of_a, of_b, of_fused = edges(a), edges(b), edges(fused)
    if_equal = torch.ones_like(of_fused[0]) if convention == "cslib" else of_fused[0]
    kept = of_a[0] * _kept(of_a, of_fused, if_equal) + of_b[0] * _kept(of_b, of_fused, if_equal)
    return (kept.flatten(1).sum(dim=1) / (of_a[0] + of_b[0]).flatten(1).sum(dim=1)).to(fused.dtype)


def _kept(source: Edges, fused: Edges, if_equal: torch.Tensor) -> torch.Tensor:
    strength = torch.where(source[0] == fused[0], if_equal, relative_strength(source[0], fused[0]))
    likeness = 1 - (source[1] - fused[1]).abs() * (2 / pi)  # not wrapped: as low as -1 on both sides of the vertical
    return preserved(strength, 0.9994, 15, 0.5) * preserved(likeness, 0.9879, 22, 0.8)


def _edges(gx: torch.Tensor, gy: torch.Tensor) -> Edges:
    # The codes count gy upwards and set pi / 2 where gx is 0; downwards, as here, that is -pi / 2, the arctan of -inf.
    return gx.square().add_(gy.square()).sqrt_(), (gy / gx).nan_to_num_(-inf, -inf, -inf).atan_()


def _edges_of_levels(levels: torch.Tensor) -> Edges:
    return _edges(*sobel(levels, "zero"))


def _edges_of_unit_range(levels: torch.Tensor) -> Edges:
    """Sobel's gradients in double precision, added in the order of Octave's `conv2`: rounding decides where gx is 0."""
    padded = pad(levels.double() / WHITE, (1, 1, 1, 1))
    height, width = levels.shape[-2:]
    gx = gy = torch.zeros_like(levels, dtype=torch.float64)
    for column, across, smooth in ((0, -1, 1), (1, 0, 2), (2, 1, 1)):
        for row, down, weight in ((2, 1, 1), (1, 0, 2), (0, -1, 1)):
            pixels = padded[..., row : row + height, column : column + width]
            gx, gy = gx + across * weight * pixels, gy + smooth * down * pixels
    return _edges(gx, gy)
