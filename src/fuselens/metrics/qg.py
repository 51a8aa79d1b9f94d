"""QG: how much of the sources' edges the fused image keeps, in Liu's form."""

from __future__ import annotations

import torch

from fuselens.metrics.metric import metric
from fuselens.metrics.parts.edges import parallelism, preserved, relative_strength
from fuselens.metrics.parts.gradients import sobel

_TINY = 1e-5  # stands for 0 in strengths and horizontal derivatives


@metric(
    title="QG",
    better="higher",
    bounds=(0, 1),
    reference="Liu, Blasch, Xue, Zhao, Laganiere, Wu, IEEE TPAMI 34, 2012, after Xydeas, Petrovic, 2000",
)
def qg(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Mean over pixels of what is preserved of the sources' edges, weighted at each pixel by their strength there."""
    of_a, of_b, of_fused = _edges(a), _edges(b), _edges(fused)
    kept = of_a[0] * _kept(of_a, of_fused) + of_b[0] * _kept(of_b, of_fused)
    return (kept / (of_a[0] + of_b[0])).flatten(1).mean(dim=1)


def _kept(source: tuple[torch.Tensor, torch.Tensor], fused: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    strength, orientation = relative_strength(source[0], fused[0]), parallelism(source[1], fused[1])
    return preserved(strength, 1, 10, 0.5) * preserved(orientation, 1, 20, 0.75)


def _edges(levels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    gx, gy = sobel(levels, "zero")
    strength = (gx * gx + gy * gy).sqrt()
    return torch.where(strength == 0, _TINY, strength), torch.atan(gy / torch.where(gx == 0, _TINY, gx))
