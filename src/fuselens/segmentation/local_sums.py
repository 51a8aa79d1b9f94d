"""What an image brings to its own classes, asked of a folded network: in windows where it can be, whole where it must.

The derivative of a class's score by that class's own pixels passes the decoder only where the class is, and the early
layers only there, give or take a few pixels: all classes together cost little more than one pass of the whole image.
Only the deep layers, which see everything, take a pass for each class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn.functional import max_pool2d

from fuselens.segmentation.folded import CELL, FoldedDeepLab, Trace
from fuselens.segmentation.folded_layers import Window
from fuselens.segmentation.protocol import check_image, check_segmenter
from fuselens.segmentation.windows import windows_of

TOGETHER = 3
"""Classes that pass the deep layers as one batch: they share the weights, and their maps stay in the cache."""


@dataclass(frozen=True)
class Part:
    """A box of one class.

    Attributes:
        window: the box and its frame, in cells.
        slope: derivative of the class's score by the logits of the window's cells, `[1, 1, h, w]`: what the box adds.
        direction: the image on the class's pixels in the box, 0 on the window's other pixels, `[1, 1, h', w']`.
    """

    window: Window
    slope: torch.Tensor
    direction: torch.Tensor


@torch.no_grad()
def local_sums(
    network: FoldedDeepLab,
    image: torch.Tensor,
    regions: torch.Tensor,
    numbers: Sequence[int],
    stations: Sequence[tuple[float, float]],
) -> dict[int, torch.Tensor]:
    """Return for each class what its own pixels bring to Score^c along the way from black, `[N]`.

    Args:
        network: the folded network.
        image: `[N, 1, H, W]` in `[0, 1]`.
        regions: class of each pixel, `[N, H, W]`.
        numbers: the classes that are asked for.
        stations: brightness and weight of each gradient on the way.

    Raises:
        InputError: as `check_segmenter`.
    """
    sums = {number: image.new_zeros(len(image)) for number in numbers}
    check_image(image)
    for index, (picture, labels) in enumerate(zip(torch.split(image, 1), regions, strict=len(image) > 0)):
        parts = {number: _parts(network, picture, labels == number) for number in labels.unique().tolist()}
        parts = {number: parts[number] for number in numbers if number in parts}
        for brightness, weight in stations:
            trace = _traced(network, picture * brightness)
            for number, brought in zip(parts, _brought(network, trace, parts), strict=True):
                sums[number][index] += weight * brought
    return sums


def _traced(network: FoldedDeepLab, image: torch.Tensor) -> Trace:
    """Return the trace of one image, whose logits are proved to be some."""
    traces = []

    def answer(picture: torch.Tensor) -> torch.Tensor:
        logits, trace = network.trace(picture)
        traces.append(trace)
        return logits

    check_segmenter(answer, image)
    return traces[0]


def _brought(network: FoldedDeepLab, trace: Trace, parts: dict[int, list[Part]]) -> list[torch.Tensor]:
    """Return the derivative of each class's score in the direction of its own pixels, at one image."""
    by_high, by_low = [], []
    for number, own in parts.items():
        low, high = torch.zeros_like(trace.low[0]), []
        for part in own:
            from_high, from_low = network.pull_decoder(part.slope, trace, part.window, number)
            part.window.of(low).add_(from_low)
            high.append(from_high)
        by_high.append(torch.stack(high).sum(dim=0))
        by_low.append(low)
    for first in range(0, len(by_high), TOGETHER):
        deep = network.pull_late(torch.cat(by_high[first : first + TOGETHER]), trace)
        for low, more in zip(by_low[first:], deep, strict=False):
            low.add_(more)
    return [_along(network, trace, own, low) for own, low in zip(parts.values(), by_low, strict=True)]


def _along(network: FoldedDeepLab, trace: Trace, parts: list[Part], by_low: torch.Tensor) -> torch.Tensor:
    """Return the derivative along the parts' directions, given that by the low-level features."""
    slopes = [network.pull_early(part.window.of(by_low), trace, part.window) for part in parts]
    return torch.stack([(s * part.direction).sum() for s, part in zip(slopes, parts, strict=True)]).sum()


def _parts(network: FoldedDeepLab, picture: torch.Tensor, mask: torch.Tensor) -> list[Part]:
    """Return the boxes of one class, `mask` `[H, W]`, in one picture."""
    weighed = mask.to(picture)
    cells = max_pool2d(weighed[None, None], CELL, ceil_mode=True)[0, 0] > 0
    up, across = network.resizing(cells.shape, mask.shape, picture)
    area, frame = weighed.sum(), network.frame(mask.shape)
    parts = []
    for box in windows_of(cells, frame):
        window = box.wider(frame, cells.shape)
        inside = torch.zeros_like(weighed)
        box.of(inside, CELL).copy_(box.of(weighed, CELL))
        box.of(weighed, CELL).zero_()  # boxes may overlap: a pixel counts in one of them
        rows, columns = up[:, window.top : window.bottom], across[:, window.left : window.right]
        slope = rows.T @ (inside / area) @ columns
        direction = window.of(inside * picture, CELL)
        parts.append(Part(window, slope[None, None], direction))
    return parts
