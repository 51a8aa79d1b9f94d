"""QCB: how much of the sources' contrast, as the eye sees it, the fused image keeps."""

from __future__ import annotations

from math import pi, sqrt

import torch
from torch.nn.functional import pad

from fuselens.core.filters import window_means
from fuselens.metrics.metric import APART, metric
from fuselens.metrics.parts.edges import relative_strength
from fuselens.metrics.parts.frequency import filtered
from fuselens.metrics.parts.stretch import stretched

_REACH = 15  # pixels from the centre of a Gaussian window to its end


@metric(
    title="QCB",
    better="higher",
    bounds=(0, 1),
    reference="Chen, Blum, Image and Vision Computing 27, 2009",
    conventions={
        "ivifzoo": "half the frequency, no rounding of stretched images, 1e-10 in denominators (0.98 to 1.07 times)",
        "mefb": APART,
        "vifb": APART,
    },
)
def qcb(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Mean ratio of the fused image's contrast to the sources', weighted by theirs; NaN where one is constant."""
    loosely = convention == "ivifzoo"
    contrast_a, contrast_b, contrast_f = (_contrast(image, loosely) for image in (a, b, fused))
    weight_a, weight_b = contrast_a**2, contrast_b**2
    kept_a, kept_b = relative_strength(contrast_a, contrast_f), relative_strength(contrast_b, contrast_f)
    quality = (weight_a * kept_a + weight_b * kept_b) / (weight_a + weight_b + (1e-10 if loosely else 0))
    return quality.flatten(1).mean(dim=1).to(fused.dtype)


def _contrast(levels: torch.Tensor, loosely: bool) -> torch.Tensor:
    """Return the local contrast of what the eye perceives, as neighbouring contrast masks it."""
    # In black backgrounds all but the last digits cancel, and float32 has too few of them.
    exact = levels if levels.device.type == "mps" else levels.double()
    image = _unit_range(exact) if loosely else stretched(exact)
    cycles = 30 if loosely else 15
    seen = pad(filtered(image, lambda frequency: _sensitivity(frequency / cycles)), (_REACH,) * 4)
    surround = window_means(seen, _gaussian(4, seen)) + (1e-10 if loosely else 0)
    contrast = (window_means(seen, _gaussian(2, seen)) / surround - 1).abs()
    return contrast**3 / (contrast**2 + 1e-4)


def _sensitivity(frequency: torch.Tensor) -> torch.Tensor:
    """Difference of Gaussians after Watson, Ahumada, "A standard model for foveal detection", J. of Vision 5, 2005."""
    return torch.exp(-((frequency / 15.387) ** 2)) - 0.7622 * torch.exp(-((frequency / 1.3456) ** 2))


def _gaussian(sigma: float, like: torch.Tensor) -> torch.Tensor:
    places = torch.arange(-_REACH, _REACH + 1, dtype=like.dtype, device=like.device)
    return torch.exp(-0.5 * (places / sigma) ** 2) / (sqrt(2 * pi) * sigma)


def _unit_range(levels: torch.Tensor) -> torch.Tensor:
    low, high = (end.view(-1, 1, 1, 1) for end in levels.flatten(1).aminmax(dim=1))
    return (levels - low) / (high - low)
