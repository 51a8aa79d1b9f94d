"""DeepLab while it is asked what it goes by: no normalisation left, derivatives written out, one image at a time.

The same network to rounding (1e-6 of a logit), two to three times as fast on a CPU. It is built anew for each
attribution, in a few milliseconds: no copy can be older than the parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import conv2d, interpolate

from fuselens.segmentation.deeplab import DeepLab
from fuselens.segmentation.folded_layers import Block, NotFoldableError, Tape, Window, units_of
from fuselens.segmentation.folded_pyramid import Pyramid
from fuselens.segmentation.mobilenet import InvertedResidual, MobileNetV2
from fuselens.segmentation.protocol import Segmenter, resized

CELL = 4
"""Pixels a side that share one cell of the low-level features and of the logits before they are resized."""


def folded(segmenter: Segmenter) -> Segmenter:
    """Return a faster callable that gives the same logits and, once, the same gradients by the image.

    Anything but our DeepLab on a CPU is returned as it is: there, networks are run whole and in batches.
    """
    if type(segmenter) is not DeepLab or segmenter.sigmoid or segmenter.head.weight.device.type != "cpu":
        return segmenter
    try:
        with torch.no_grad():
            return FoldedDeepLab(segmenter)
    except NotFoldableError:  # somebody replaced a layer
        return segmenter


@dataclass(frozen=True)
class Trace:
    """What one image made of the network: its size, and the tapes of all parts."""

    size: tuple[int, int]
    early: list[Tape]
    late: list[Tape]
    pyramid: list[Tape]
    low: Tape
    decoder: Tape


class FoldedDeepLab:
    """The folded network; maps images `[N, 1, H, W]` to logits `[N, C, H, W]`."""

    def __init__(self, network: DeepLab) -> None:
        """Fold.

        Raises:
            NotFoldableError: a part that this class does not know.
        """
        if type(network.backbone) is not MobileNetV2:
            raise NotFoldableError
        self.early, self.late = _blocks(network.backbone.low), _blocks(network.backbone.high)
        self.pyramid = None if type(network.pyramid) is nn.Identity else Pyramid(network.pyramid)
        self.low, self.decoder = (Block(units_of(part)) for part in (network.low, network.decoder))
        self.head, self.corners = units_of(network.head)[0], network.corners
        self.classes = network.head.out_channels
        strides = [1]
        for unit in (unit for block in self.early for unit in block.units):
            strides.append(strides[-1] * unit.stride)
        if strides[-1] != CELL:
            raise NotFoldableError
        self.strides = strides
        """Of what goes into the first unit, and of what each unit of the early part makes."""

    def __call__(self, image: torch.Tensor) -> torch.Tensor:
        """Return the logits; gradients by the image can be taken, but not differentiated."""
        logits: torch.Tensor = _Whole.apply(image, self)  # type: ignore[no-untyped-call]
        return logits

    def trace(self, image: torch.Tensor) -> tuple[torch.Tensor, Trace]:
        """Return logits and trace of one image `[1, 1, H, W]`."""
        low, early = _run(self.early, image.contiguous(memory_format=torch.channels_last))
        high, late = _run(self.late, low)
        high, pyramid = (high, []) if self.pyramid is None else self.pyramid.run(high)
        beside, low_tape = self.low.run(low)
        size = (image.shape[2], image.shape[3])
        high = resized(high, (low.shape[2], low.shape[3]), corners=self.corners)
        mixed, decoder = self.decoder.run(torch.cat((high, beside), dim=1))
        logits = resized(self.head.run(mixed), size, corners=self.corners)
        return logits, Trace(size, early, late, pyramid, low_tape, decoder)

    def pull(self, slope: torch.Tensor, trace: Trace) -> torch.Tensor:
        """Return the gradient `[1, 1, H, W]` of what has the gradient `slope` `[1, C, H, W]` by the logits."""
        cells = trace.low[0].shape[2:]
        grid = Window(0, cells[0], 0, cells[1])
        up, across = self.resizing(cells, trace.size, slope)
        by_high, by_low = self.pull_decoder(up.T @ slope @ across, trace, grid)
        return self.pull_early(by_low + self.pull_late(by_high, trace), trace, grid)

    def pull_decoder(
        self, slope: torch.Tensor, trace: Trace, window: Window, number: int | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the derivatives by the pyramid's features (all of them) and by the low-level ones (on the window).

        Args:
            slope: by the logits of the low-level grid, on the window: of all classes, or of class `number`.
            trace: of the image.
            window: of the low-level grid.
            number: a class.
        """
        rows = self.head.turned if number is None else self.head.turned[:, number : number + 1]
        by_mixed = conv2d(slope, rows)
        by_both = self.decoder.pull(by_mixed, trace.decoder, window, [1] * len(trace.decoder))
        by_low = self.low.pull(by_both[:, -self.low.units[-1].weight.shape[0] :], trace.low, window, [1, 1])
        high = trace.late[-1][-1] if self.pyramid is None else trace.pyramid[-1][-1]
        up, across = self.resizing(high.shape[2:], trace.low[0].shape[2:], slope)
        wide = by_both[:, : high.shape[1]]
        by_high = up[window.top : window.bottom].T @ wide @ across[window.left : window.right]
        return by_high.contiguous(memory_format=torch.channels_last), by_low

    def pull_late(self, slope: torch.Tensor, trace: Trace) -> torch.Tensor:
        """Return the derivative by the low-level features, given that by the pyramid's."""
        if self.pyramid is not None:
            slope = self.pyramid.pull(slope, trace.pyramid)
        for block, tape in zip(self.late[::-1], trace.late[::-1], strict=True):
            slope = block.pull(slope, tape)
        return slope

    def pull_early(self, slope: torch.Tensor, trace: Trace, window: Window) -> torch.Tensor:
        """Return the derivative by the image, given that by the low-level features, both on the window.

        In its frame something is missing: what comes from beyond the window.
        """
        last = len(self.strides)
        for block, tape in zip(self.early[::-1], trace.early[::-1], strict=True):
            first = last - len(block.units) - 1
            factors = [self.strides[-1] // stride for stride in self.strides[first:last]]
            slope, last = block.pull(slope, tape, window, factors), first + 1
        return slope

    def frame(self, size: Sequence[int]) -> int:
        """Return by how many cells a window has to be wider than the pixels that are asked about.

        So far their derivatives by the low-level features reach, and so far those of their logits.
        """
        units = [unit for block in self.early for unit in block.units]
        pixels = sum(unit.padding * stride for unit, stride in zip(units, self.strides[:-1], strict=True))
        resizing = 1 if all(side % CELL == 0 for side in size) else 2
        beside = sum(unit.padding for unit in (*self.low.units, *self.decoder.units))
        return max(pixels // CELL + 1, resizing + beside)

    def resizing(
        self, before: Sequence[int], after: Sequence[int], like: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the matrices `[H, h]` and `[W, w]` of resizing: it makes first @ maps @ second.T of maps."""
        rows, columns = (_resizing(b, a, self.corners).to(like) for b, a in zip(before, after, strict=True))
        return rows, columns


def _blocks(sequence: nn.Module) -> list[Block]:
    blocks = []
    for block in sequence.children():
        if type(block) is InvertedResidual:
            blocks.append(Block(units_of(block.layers), adds=block.adds))
        else:
            blocks.append(Block(units_of(block)))
    return blocks


def _run(blocks: list[Block], maps: torch.Tensor) -> tuple[torch.Tensor, list[Tape]]:
    tapes = []
    for block in blocks:
        maps, tape = block.run(maps)
        tapes.append(tape)
    return maps, tapes


def _resizing(before: int, after: int, corners: bool) -> torch.Tensor:
    """Return the matrix `[after, before]` that resizes a row of numbers linearly."""
    if before == after:
        return torch.eye(before)
    units = torch.eye(before, dtype=torch.float64)[None]
    return interpolate(units, size=after, mode="linear", align_corners=corners)[0].T


class _Whole(torch.autograd.Function):
    """The folded network for autograd: each image by itself, which keeps its maps in the cache."""

    @staticmethod
    def forward(ctx: Any, image: torch.Tensor, network: FoldedDeepLab) -> torch.Tensor:
        logits, ctx.traces = zip(*(network.trace(each) for each in torch.split(image, 1)), strict=True)
        ctx.network = network
        return torch.cat(logits)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: torch.Tensor) -> Any:
        pairs = zip(torch.split(slope, 1), ctx.traces, strict=True)
        return torch.cat([ctx.network.pull(each, trace) for each, trace in pairs]), None
