"""Visual information at four scales: what a source holds, and what the fused image keeps of it.

A window of the fused image is taken for gain times source plus noise; information is what Gaussian channels of that
gain carry. Reference: Sheikh, Bovik, IEEE Trans. Image Processing 15(2), 2006, in the pixel-domain form.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch.nn import functional as F

from fuselens.core.filters import gaussian, gaussian_at, window_means
from fuselens.core.moments import local_moments

SMALLEST = 41  # the least side that leaves one window at the fourth scale
_SIDES = (17, 9, 5, 3)
_EPSILON = 1e-10


class Information(NamedTuple):
    """Per window of one scale, `[R, N, 1, h, w]`: the gain from source to fused image, and information in nats."""

    gain: torch.Tensor
    kept: torch.Tensor
    held: torch.Tensor


def information(
    sources: torch.Tensor, fused: torch.Tensor, noise: float, *, off_centre: bool = False
) -> Iterator[Information]:
    """Yield the information at each scale, from fine to coarse.

    Args:
        sources: `[R, N, 1, H, W]`.
        fused: `[N, 1, H, W]`.
        noise: variance of the observer's noise, in squared levels.
        off_centre: continue images by zeros, under windows half a pixel off, as ivifzoo does; else full windows only.
    """
    for side in _SIDES:
        weights = _off_centre(side, fused) if off_centre else gaussian(side, side / 5, fused)
        margin = (side // 2 if off_centre else 0,) * 4
        if side < _SIDES[0]:
            sources, fused = (window_means(F.pad(image, margin), weights, step=2) for image in (sources, fused))
        moments = local_moments(F.pad(sources, margin), F.pad(fused, margin), weights)
        held, fused_variance = moments.variance_x.clamp_min(0), moments.variance_y
        flat = torch.minimum(held, fused_variance) < _EPSILON
        gain = torch.where(flat, 0, (moments.covariance / (held + _EPSILON)).clamp_min(0))
        added = (fused_variance - gain * moments.covariance).clamp_min(_EPSILON)
        yield Information(gain, torch.log1p(gain * gain * held / (added + noise)), torch.log1p(held / noise))


def _off_centre(side: int, like: torch.Tensor) -> torch.Tensor:
    places = torch.linspace(-(side + 1) / 2, (side - 1) / 2, side, dtype=torch.float64)
    return gaussian_at(places, side / 5, like)
