"""Fuse composites only where it matters: the window that the target sees, or what differs from a known image."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import torch

from fuselens.core.locality import Box, Sides, crop, window_of
from fuselens.core.model import FusionModel
from fuselens.core.run import checked_call
from fuselens.core.units import Units, as_matrix

# Of one call: more leave a CPU's caches and slow it down by up to a half, and networks that see whole images take up to
# 10 kB a pixel.
CPU_PIXELS, CALL_PIXELS = 2**15, 2**18
GRAIN = 32  # windows grow to multiples of this, so that many have one shape and go in one batch


class Cost(Protocol):
    """What the runner counts."""

    model_images: int
    model_pixels: int
    batches: int


@dataclass(frozen=True, eq=False)
class Composites:
    """The sources, what replaces hidden pixels, and the units: everything that makes a composite.

    Attributes:
        units: the segments.
        sources, fills: a and b, `[H, W]` each.
    """

    units: Units
    sources: tuple[torch.Tensor, torch.Tensor]
    fills: tuple[torch.Tensor, torch.Tensor]

    def make(self, kept: Sequence[int], windows: Sequence[Box]) -> list[torch.Tensor]:
        """Return a and b `[N, 1, h, w]`: kept pixels of the sources, the fill elsewhere, each in its own window."""
        flags = as_matrix(kept, self.units.count)
        shown = torch.cat([flags, torch.ones(len(flags), 1, dtype=torch.bool)], dim=1).to(self.sources[0].device)
        made = []
        for labels, source, fill in zip(self._labels, self.sources, self.fills, strict=True):
            parts = [
                torch.where(row[labels[box.slices]], source[box.slices], fill[box.slices])
                for row, box in zip(shown, windows, strict=True)
            ]
            made.append(torch.stack(parts)[:, None])
        return made

    @cached_property
    def _labels(self) -> tuple[torch.Tensor, torch.Tensor]:
        device = self.sources[0].device
        return self.units.labels_a.to(device), self.units.labels_b.to(device)


@dataclass(frozen=True, eq=False)
class Job:
    """One composite to fuse.

    Attributes:
        kept: bitmask of shown units.
        box: the fused pixels to compute; None: none differ from `base`.
        base: a known fused image over the target's box that agrees everywhere else; None: `box` is all of it.
    """

    kept: int
    box: Box | None
    base: torch.Tensor | None = None


class WindowRunner:
    """Runs a model on composites, in windows where the model has a reach.

    Attributes:
        is_local: whether windows may be used.
    """

    def __init__(self, model: FusionModel, composites: Composites, counts: Cost, repeats: int, batch_size: int) -> None:
        """Keep what is needed."""
        self._model, self._composites, self._counts = model, composites, counts
        self._repeats, self._batch_size = repeats, batch_size
        self._size = composites.units.size
        self.is_local = False

    def run(self, jobs: Sequence[Job], whole: Box) -> torch.Tensor:
        """Return the fused images over the box `whole`, `[N, 1, h, w]`, in the order of the jobs."""
        groups: dict[tuple[int, int, Sides], list[int]] = defaultdict(list)
        windows = {}
        for index, job in enumerate(jobs):
            if job.box is not None:
                window = windows[index] = self._window(job.box)
                groups[window.height, window.width, window.borders(self._size)].append(index)
        made = {i: job.base for i, job in enumerate(jobs) if job.box is None and job.base is not None}
        for members in groups.values():
            for start in range(0, len(members), self._batch_size):
                chunk = members[start : start + self._batch_size]
                a, b = self._composites.make([jobs[i].kept for i in chunk], [windows[i] for i in chunk])
                fused = self._call(a, b, windows[chunk[0]].borders(self._size))
                for index, image in zip(chunk, fused, strict=True):
                    made[index] = _patched(jobs[index], image[None], windows[index], whole)
        return torch.cat([made[index] for index in range(len(jobs))])

    def fuse(self, a: torch.Tensor, b: torch.Tensor, box: Box) -> torch.Tensor:
        """Return the fused pixels in `box` of whole sources `[N, 1, H, W]`."""
        window = self._window(box)
        fused = self._call(crop(a, window), crop(b, window), window.borders(self._size))
        return fused[(..., *box.inside(window))]

    def units_seen_from(self, box: Box) -> int:
        """Return the bitmask of units with a pixel in the window that decides `box`."""
        window = self._window(box)
        seen = 0
        for labels in (self._composites.units.labels_a, self._composites.units.labels_b):
            for unit in torch.bincount(labels[window.slices].flatten() + 1).nonzero().flatten().tolist():
                seen |= 1 << unit  # bit 0 stands for label -1
        return seen >> 1

    def changed(self, difference: int, whole: Box) -> Box | None:
        """Return the fused pixels within `whole` that can change when these units change; None where there are none."""
        reach = self._model.reach or 0
        boxes = [box for unit, box in enumerate(self._boxes) if difference >> unit & 1]
        if not boxes:
            return None
        top = max(whole.top, min(b.top for b in boxes) - reach)
        left = max(whole.left, min(b.left for b in boxes) - reach)
        bottom = min(whole.bottom, max(b.bottom for b in boxes) + reach)
        right = min(whole.right, max(b.right for b in boxes) + reach)
        if top >= bottom or left >= right:
            return None
        rows, columns = _grown(top, bottom, whole.top, whole.bottom), _grown(left, right, whole.left, whole.right)
        return Box(rows[0], columns[0], rows[1], columns[1])

    def cost(self, box: Box) -> int:
        """Return how many source pixels the model must read for these fused pixels."""
        window = self._window(box)
        return window.height * window.width

    @cached_property
    def _boxes(self) -> list[Box]:
        return self._composites.units.boxes()

    def _window(self, box: Box) -> Box:
        return window_of(box, self._size, self._model.reach if self.is_local else None, self._model.stride)

    def _call(self, a: torch.Tensor, b: torch.Tensor, borders: Sides) -> torch.Tensor:
        pixels = CPU_PIXELS if a.device.type == "cpu" else CALL_PIXELS
        most = max(1, pixels // (a.shape[-2] * a.shape[-1]))
        if len(a) > most:
            parts = [slice(start, start + most) for start in range(0, len(a), most)]
            return torch.cat([self._call(a[part], b[part], borders) for part in parts])
        try:
            with torch.no_grad():
                fused = checked_call(self._model, a, b, borders)
                for _ in range(self._repeats - 1):
                    fused = fused + checked_call(self._model, a, b, borders)
        except torch.OutOfMemoryError:
            if len(a) == 1:
                raise
            half = self._batch_size = len(a) // 2
            return torch.cat([self._call(a[:half], b[:half], borders), self._call(a[half:], b[half:], borders)])
        self._counts.model_images += len(a)
        self._counts.model_pixels += a.numel() * self._repeats
        self._counts.batches += 1
        return fused / self._repeats


def _patched(job: Job, fused: torch.Tensor, window: Box, whole: Box) -> torch.Tensor:
    """Return the image over `whole`: the base with the newly fused part put in."""
    assert job.box is not None
    part = fused[(..., *job.box.inside(window))]
    if job.base is None:
        return part
    image = job.base.clone()
    image[(..., *job.box.inside(whole))] = part
    return image


def _grown(low: int, high: int, least: int, most: int) -> tuple[int, int]:
    """Return a range whose length is a multiple of the grain, within `least..most`."""
    length = min(most - least, -(-(high - low) // GRAIN) * GRAIN)
    low = max(least, min(low, most - length))
    return low, low + length
