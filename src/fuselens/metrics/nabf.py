"""Nabf and Labf: edges that the fused image invented, and edges of the sources that it lost.

What is preserved of the sources (Q), what is lost (L) and the artefacts (N) add up to 1.

Reference: Petrovic, Xydeas, "Objective image fusion performance characterisation", ICCV 2005; N in the form of Kumar,
"Multifocus and multispectral image fusion based on pixel significance", Signal, Image and Video Processing 7, 2013.
"""

from __future__ import annotations

import torch
from torch.nn.functional import pad

from fuselens.metrics.metric import metric
from fuselens.metrics.parts.edges import parallelism, preserved, relative_strength
from fuselens.metrics.parts.gradients import sobel
from fuselens.metrics.parts.levels import WHITE

_PLAIN, _FLOOR = 2, 0.001  # strength from which an edge counts by its strength, and the weight of a fainter one


@metric(
    title="Nabf",
    better="lower",
    bounds=(0, 1),
    reference="Kumar, Signal, Image and Video Processing 7, 2013",
    conventions={
        "densefuse": "levels 0..1, where all edges are faint and count alike (3 to 6 times larger, and more)",
        "ivifzoo": "faint edges weigh nothing (0.6 to 1 times)",
        "linfeng": "swapped arguments: the first source is judged as if it were the fused image",
    },
)
def nabf(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Share of the edges' weight that is not preserved where the fused image has a stronger edge than both sources."""
    if convention == "linfeng":
        a, b, fused = b, fused, a
    lost, weight, invented = _judged(a, b, fused, convention)
    return _share(torch.where(invented, lost, 0), weight, like=fused)


@metric(
    title="Labf",
    better="lower",
    bounds=(0, 1),
    reference="Petrovic, Xydeas, Int. Conf. Computer Vision, 2005",
)
def labf(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Share of the edges' weight that is not preserved where a source's edge is at least as strong as the fused one."""
    lost, weight, invented = _judged(a, b, fused, convention)
    return _share(torch.where(invented, 0, lost), weight, like=fused)


def _judged(
    a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, convention: str
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return at each pixel the weight of the edges that are not preserved, of all edges, and whether it is invented."""
    gradients = _gradients_of_unit_range if convention == "densefuse" else _gradients
    floor = 0.0 if convention == "ivifzoo" else _FLOOR
    of_a, of_b, of_fused = (_edges(*gradients(image)) for image in (a, b, fused))
    weight_a, weight_b = (torch.where(g >= _PLAIN, g * g.sqrt(), floor) for g in (of_a[0], of_b[0]))
    lost = weight_a * (1 - _kept(of_a, of_fused)) + weight_b * (1 - _kept(of_b, of_fused))
    return lost, weight_a + weight_b, of_fused[0] > torch.maximum(of_a[0], of_b[0])


def _kept(source: tuple[torch.Tensor, torch.Tensor], fused: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    strength = relative_strength(source[0], fused[0]).nan_to_num(0)
    orientation = parallelism(source[1], fused[1])
    return (preserved(strength, 0.9999, 19, 0.5) * preserved(orientation, 0.9995, 22, 0.5)).sqrt()


def _edges(gx: torch.Tensor, gy: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return (gx * gx + gy * gy).sqrt(), torch.atan(gx / gy).nan_to_num(0)


def _gradients(levels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    gx, gy = sobel(levels / 8, "reflect")
    return gx, gy


def _gradients_of_unit_range(levels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """In double precision, column by column: where strengths are equal, rounding decides which is the stronger."""
    p = pad(levels.double() / (8 * WHITE), (1, 1, 1, 1), mode="reflect")
    down = p[..., 2:, :] - p[..., :-2, :]
    smooth = p[..., :-2, :] + 2 * p[..., 1:-1, :] + p[..., 2:, :]
    return smooth[..., 2:] - smooth[..., :-2], down[..., :-2] + 2 * down[..., 1:-1] + down[..., 2:]


def _share(part: torch.Tensor, whole: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    return (part.flatten(1).sum(dim=1) / whole.flatten(1).sum(dim=1)).to(like.dtype)
