"""Measuring the locality of a foreign model: how far a fused pixel looks, and on which grid the model samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from fuselens.core.locality import Box, crop, window_of
from fuselens.core.model import FusionModel, device_and_dtype, explaining
from fuselens.core.run import checked_call

STRIDES = (1, 2, 4, 8, 16, 32)
Images = tuple[torch.Tensor, torch.Tensor]


def measure_reach(
    model: FusionModel, *, largest: int = 40, probes: int = 6, tolerance: float = 1e-5, seed: int = 0
) -> tuple[int | None, int]:
    """Return the measured (reach, stride) of a model; reach None for a global one.

    Reach: every probe keeps the sources within a radius of one pixel, replaces all else by other noise, and looks
    whether the fused pixel moved; bisection over the radius. Probes lie at both parities and at the image's corner.
    Stride: the smallest sampling grid on which windows of that reach reproduce the whole image's pixels; a model for
    which none does counts as global. Gradients are not needed.

    It is a measurement: influences below `tolerance` go unseen, and so does what only other images would show.

    Args:
        model: any model.
        largest: radii above this count as global.
        probes: pixels looked at.
        tolerance: change of a fused pixel, in units of the range [0, 1], that counts as none.
        seed: of the noise images and the places.
    """
    side = 2 * largest + 9
    random = torch.Generator().manual_seed(seed)
    device, dtype = device_and_dtype(model)
    noise = [torch.rand(2, 1, 1, side, side, generator=random).to(device, dtype) for _ in range(3)]
    sources: Images = (noise[0][0], noise[0][1])
    middle = side // 2
    places = [(0, 0), (middle, middle), (middle + 1, middle + 1), (middle, middle + 1)]
    while len(places) < probes:
        row, column = torch.randint(-4, 4, (2,), generator=random).tolist()
        places.append((middle + row, middle + column))
    with explaining(model), torch.inference_mode():
        fused = checked_call(model, *sources)[0, 0]
        reaches = []
        for place in places[:probes]:
            others = [(other[0], other[1]) for other in noise[1:]]
            moved = _mover(model, sources, others, place, float(fused[place]), tolerance)
            reaches.append(_smallest(largest, moved))
        found = [reach for reach in reaches if reach is not None]
        if len(found) < len(reaches):
            return None, 1
        reach = max(found)
        for stride in STRIDES:
            if windows_agree(model, sources, fused, reach, stride, places[:probes], tolerance):
                return reach, stride
    return None, 1


def windows_agree(
    model: FusionModel,
    sources: Images,
    fused: torch.Tensor,
    reach: int,
    stride: int,
    places: Sequence[tuple[int, int]],
    tolerance: float,
) -> bool:
    """Say whether windows of `reach` on the grid of `stride` reproduce the fused image `[H, W]` at `places`."""
    size = (int(fused.shape[0]), int(fused.shape[1]))
    for y, x in places:
        box = Box(y, x, y + 1, x + 1)
        window = window_of(box, size, reach, stride)
        cut = [crop(source, window) for source in sources]
        part = checked_call(model, cut[0], cut[1], window.borders(size))[0, 0][box.inside(window)]
        if abs(float(part) - float(fused[y, x])) > tolerance:
            return False
    return True


def _mover(
    model: FusionModel,
    sources: Images,
    others: Sequence[Images],
    place: tuple[int, int],
    value: float,
    tolerance: float,
) -> Callable[[int], bool]:
    """Return the test 'with all beyond this radius replaced, the pixel stays'."""
    y, x = place

    def stays(radius: int) -> bool:
        window = (..., slice(max(0, y - radius), y + radius + 1), slice(max(0, x - radius), x + radius + 1))
        for other in others:
            mixed = tuple(image.clone() for image in other)
            for image, source in zip(mixed, sources, strict=True):
                image[window] = source[window]
            if abs(float(checked_call(model, mixed[0], mixed[1])[0, 0, y, x]) - value) > tolerance:
                return False
        return True

    return stays


def _smallest(largest: int, holds: Callable[[int], bool]) -> int | None:
    """Return the smallest radius in 0..largest from which on `holds` is true, by bisection; None if it never is."""
    if not holds(largest):
        return None
    low, high = -1, largest
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
