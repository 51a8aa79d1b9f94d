"""AG: the average gradient of the fused image."""

from __future__ import annotations

import torch

from fuselens.metrics.metric import APART, metric
from fuselens.metrics.parts.gradients import magnitude
from fuselens.metrics.parts.levels import WHITE

_FEWER = "divides the sum by (H - 1)(W - 1) (0.4 to 2 % larger)"


@metric(
    title="AG",
    better="higher",
    bounds=(0, None),
    needs="fused",
    unit="grey level",
    reference="Cui, Feng, Xu, Li, Chen, Optics Communications 341, 2015",
    differentiable=True,
    conventions={
        "cslib": f"{_FEWER} and adds 1e-10 under the root, for values on 0..1",
        "linfeng": _FEWER,
        "mefb": f"{_FEWER}; {APART}",
        "vifb": f"{_FEWER}; {APART}",
    },
)
def ag(fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Mean of sqrt((gx^2 + gy^2) / 2), by central differences, one-sided at the border."""
    height, width = fused.shape[-2:]
    gy, gx = torch.gradient(fused, dim=(-2, -1))
    softened = convention == "cslib"
    strength = (gx * gx + gy * gy + 1e-10 * WHITE**2).sqrt() if softened else magnitude(gx, gy)
    count = height * width if convention == "canonical" else (height - 1) * (width - 1)
    return strength.flatten(1).sum(dim=1) / (2**0.5 * count)
