"""How much of a source's edges the fused image keeps, pixel by pixel: the ground of Qabf, QG and Nabf.

Reference: Xydeas, Petrovic, "Objective image fusion performance measure", Electronics Letters 36(4), 2000.
"""

from __future__ import annotations

from math import pi

import torch


def relative_strength(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return the weaker edge strength over the stronger, 0..1; NaN where both are 0."""
    return torch.minimum(x, y) / torch.maximum(x, y)


def parallelism(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return 1 where two orientations are parallel or opposite, 0 where perpendicular; angles of arctan, radians."""
    return ((x - y).abs() - pi / 2).abs() * (2 / pi)


def preserved(likeness: torch.Tensor, gain: float, slope: float, centre: float) -> torch.Tensor:
    """Return the sigmoid that turns a relative strength or an orientation's likeness into what is perceived of it."""
    return likeness.mul(slope).sub_(slope * centre).sigmoid_() * gain
