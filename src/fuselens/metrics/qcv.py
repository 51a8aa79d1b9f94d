"""QCV: how visible, to an eye that looks at edges, the fused image differs from its sources."""

from __future__ import annotations

import torch
from torch.nn.functional import avg_pool2d, pad

from fuselens.metrics.metric import APART, metric
from fuselens.metrics.parts.frequency import filtered
from fuselens.metrics.parts.gradients import sobel
from fuselens.metrics.parts.stretch import stretched

_REGION = 16  # pixels a side
_CYCLES = 4  # per image, that count as one cycle per degree


@metric(
    title="QCV",
    better="lower",
    bounds=(0, None),
    unit="squared grey level",
    reference="Chen, Varshney, Information Fusion 8, 2007",
    conventions={"mefb": APART, "vifb": APART},
)
def qcv(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Mean squared difference that the eye perceives, regions weighted by their edges; NaN if an image is constant."""
    a, b, fused = stretched(a), stretched(b), stretched(fused)
    salience_a, salience_b = _salience(a), _salience(b)
    weighted = salience_a * _perceived(a - fused) + salience_b * _perceived(b - fused)
    return weighted.flatten(1).sum(dim=1) / (salience_a + salience_b).flatten(1).sum(dim=1)


def _salience(image: torch.Tensor) -> torch.Tensor:
    gx, gy = sobel(image, "zero")
    return _over_regions((gx * gx + gy * gy) ** 2.5)


def _perceived(difference: torch.Tensor) -> torch.Tensor:
    return _over_regions(filtered(difference, _sensitivity) ** 2)


def _sensitivity(frequency: torch.Tensor) -> torch.Tensor:
    """Mannos, Sakrison, "The effects of a visual fidelity criterion on the encoding of images", IEEE T-IT 20, 1974."""
    angular = 0.144 / _CYCLES * frequency
    return 2.6 * (0.0192 + angular) * torch.exp(-(angular**1.1))


def _over_regions(values: torch.Tensor) -> torch.Tensor:
    """Return the mean over each region, beyond the image's border taken as 0."""
    height, width = values.shape[-2:]
    return avg_pool2d(pad(values, (0, -width % _REGION, 0, -height % _REGION)), _REGION)
