"""Numbers of the report: who dominates how much and where, and how far the influence on one target reaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from fuselens.core.locality import Box
from fuselens.core.results import Attribution
from fuselens.report.target_words import ReadTarget

# A source dominates a pixel where it causes at least twice as much as the other.
DOMINATES = 2 / 3
# The radius of influence holds this part of it.
MOST = 0.95
# A third of the image is worth naming where the pixels lie this much denser than on average.
DENSER = 1.25
# Rows: upper, middle, lower third, none of them denser; columns: left, centre, right, none.
_PLACES = (
    ("in the upper left", "in the upper centre", "in the upper right", "in the upper third"),
    ("on the left", "in the centre", "on the right", "in the middle rows"),
    ("in the lower left", "in the lower centre", "in the lower right", "in the lower third"),
    ("in the left third", "in the middle columns", "in the right third", ""),
)


@dataclass(frozen=True)
class Camp:
    """The pixels whose cause is alike.

    Attributes:
        part: their part of all pixels.
        place: where they are densest, in words; empty where they are spread evenly or there are none.
        means: mean luma of source a, source b and the fused image over them; None where there are none.
    """

    part: float
    place: str
    means: tuple[float, float, float] | None


@dataclass(frozen=True)
class Camps:
    """All pixels by cause: dominated by a, by b, shared, and moved by neither source."""

    a: Camp
    b: Camp
    shared: Camp
    neither: Camp


def camps(share: torch.Tensor, images: Sequence[torch.Tensor]) -> Camps:
    """Sort the pixels of a share map `[H, W]`; `images` are the lumas of source a, source b and the fused image."""
    known = ~share.isnan()
    first, second = share >= DOMINATES, share <= 1 - DOMINATES
    return Camps(*(_camp(mask, images) for mask in (first, second, known & ~first & ~second, ~known)))


def _camp(mask: torch.Tensor, images: Sequence[torch.Tensor]) -> Camp:
    if not bool(mask.any()):
        return Camp(0.0, "", None)
    a, b, fused = (float(image.cpu()[mask].double().mean()) for image in images)
    return Camp(float(mask.double().mean()), place_of(mask), (a, b, fused))


def place_of(mask: torch.Tensor) -> str:
    """Name the part of the image where a mask `[H, W]` is densest, by thirds; empty where it lies evenly.

    Example:
        >>> mask = torch.zeros(9, 9, dtype=torch.bool)
        >>> mask[:3, 6:] = True
        >>> place_of(mask)
        'in the upper right'
    """
    pixels = mask.cpu().numpy().astype(np.float64)
    thirds = []
    for axis in (0, 1):
        density = [part.mean() for part in np.array_split(pixels, 3, axis=axis)]
        densest = int(np.argmax(density))
        thirds.append(densest if density[densest] >= DENSER * pixels.mean() else 3)
    return _PLACES[thirds[0]][thirds[1]]


def box_of(target: str, size: tuple[int, int]) -> Box | None:
    """Return the box of a target's name, such as `pixel:3,4`; None where the name says nothing about a place.

    Of a mask only the bounding box is known.

    Example:
        >>> box_of("same:1,2,5,6 (mask)", (8, 8))
        Box(top=1, left=2, bottom=5, right=6)
    """
    return ReadTarget.of(target, size).box


def influence_radius(values: torch.Tensor, box: Box, part: float = MOST) -> int:
    """Return the smallest distance from `box`, in pixels, within which `part` of the influence `[H, W]` lies.

    Distance is Chebyshev's, as for a model's reach; 0 means inside the box.

    Example:
        >>> influence_radius(torch.ones(5, 5), Box(2, 2, 3, 3))
        2
    """
    mass = np.bincount(_distance(box, values.shape).ravel(), weights=values.abs().double().cpu().numpy().ravel())
    return int(np.searchsorted(np.cumsum(mass), part * mass.sum())) if mass.sum() else 0


def outside_part(values: torch.Tensor, box: Box) -> float:
    """Return the part of the influence `[H, W]` that lies outside `box`; 0 where there is none at all."""
    mass = values.abs().double()
    total = float(mass.sum())
    mass[box.slices] = 0
    return float(mass.sum()) / total if total else 0.0


def view_of(probe: Attribution, box: Box | None) -> Box:
    """Return the part of the image worth showing: the target and all but a hundredth of the influence round it."""
    if box is None:
        return probe.window
    margin = 2 + max(4, *(influence_radius(values, box, 0.99) for values in (probe.a, probe.b)))
    return Box(
        max(0, box.top - margin),
        max(0, box.left - margin),
        min(int(probe.a.shape[0]), box.bottom + margin),
        min(int(probe.a.shape[1]), box.right + margin),
    )


def _distance(box: Box, shape: Sequence[int]) -> np.ndarray:
    """Return each pixel's Chebyshev distance from the box."""
    rows, columns = np.arange(shape[0])[:, None], np.arange(shape[1])[None, :]
    down = np.maximum(box.top - rows, rows - (box.bottom - 1))
    across = np.maximum(box.left - columns, columns - (box.right - 1))
    distance: np.ndarray = np.maximum(np.maximum(down, across), 0)
    return distance
