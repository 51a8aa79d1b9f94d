"""The Jacobian's diagonal dF_p/dx_p for both sources: by combs, pixel by pixel, or estimated.

Reference: paper 002 section 3.2.2 (guidance images); combs are exact because fused pixels farther apart than the
reach do not see each other's source pixel. Used by the guidance explainer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import torch

from fuselens.core.coarse import Offset, Preview, levels, thinned
from fuselens.core.locality import EVERY_SIDE, Box, Sides, crop, tiles, window_of
from fuselens.core.model import FusionModel
from fuselens.core.run import checked_call, require_gradient

Progress = Callable[[int, int], None]
Show = Callable[[Preview], None]
Item = TypeVar("Item")
# Activations of a network take about 10 kB a pixel; a tile of this side keeps the graph under 2 GB.
GRAPH_SIDE = 384


@dataclass(frozen=True)
class Diagonal:
    """Both diagonals `[H, W]`, how many backward passes they took, and standard errors where they are estimates."""

    a: torch.Tensor
    b: torch.Tensor
    passes: int
    error_a: torch.Tensor | None = None
    error_b: torch.Tensor | None = None


class _Graph:
    """One forward pass on `copies` copies of a window, kept for many backward passes."""

    def __init__(
        self, model: FusionModel, a: torch.Tensor, b: torch.Tensor, copies: int, at_border: Sides = EVERY_SIDE
    ) -> None:
        self.a = a.expand(copies, -1, -1, -1).clone().requires_grad_(True)
        self.b = b.expand(copies, -1, -1, -1).clone().requires_grad_(True)
        with torch.enable_grad():
            self.fused = checked_call(model, self.a, self.b, at_border)
        require_gradient(model, self.fused)

    def pull_back(self, cotangent: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return v^T dF/da and v^T dF/db; a source that the model ignores gets zeros."""
        grads = torch.autograd.grad(
            self.fused, (self.a, self.b), cotangent, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        return grads[0], grads[1]


def comb_diagonal(
    model: FusionModel,
    a: torch.Tensor,
    b: torch.Tensor,
    *,
    batch_size: int = 1,
    side: int = GRAPH_SIDE,
    progress: Progress | None = None,
    preview: Show | None = None,
) -> Diagonal:
    """Return the exact diagonal of a local model in (reach + 1)^2 backward passes a tile instead of H W.

    Args:
        model: a model with a reach, in evaluation mode.
        a, b: sources `[1, 1, H, W]`.
        batch_size: combs sent backward at once (1 is best on CPUs).
        side: largest tile, which bounds the memory.
        progress: called with (passes done, passes in all).
        preview: called with ever finer pictures of the whole image. The result is the same; images of several tiles
            are then fused once for each picture.
    """
    assert model.reach is not None
    size, spacing = (a.shape[-2], a.shape[-1]), model.reach + 1
    result = a.new_zeros((2, *size))
    boxes = list(tiles(size, side))
    tallest, widest = max(box.height for box in boxes), max(box.width for box in boxes)
    stages = levels(min(spacing, tallest), min(spacing, widest))
    counts = [sum(len(_offsets_in(box, stage)) for stage in stages) for box in boxes]
    total = sum(counts)
    done, known, graph = 0, list[Offset](), None
    for round_of_stages in [stages] if preview is None else [[stage] for stage in stages]:
        for box, count in zip(boxes, counts, strict=True):
            window = window_of(box, size, model.reach, model.stride)
            copies = min(batch_size, count)
            if graph is None:
                graph = _Graph(model, crop(a, window), crop(b, window), copies, window.borders(size))
            for stage in round_of_stages:
                for chunk in _chunks(_offsets_in(box, stage), copies):
                    _pull_combs(graph, result, box, window, spacing, chunk)
                    done += len(chunk)
                    if progress:
                        progress(done, total)
            if len(boxes) > 1:
                graph = None  # or the next tile's graph would be built beside it
        if preview is not None and done < total:
            known += round_of_stages[0]
            preview(_coarse(result, boxes, known, spacing, (done, total)))
    return Diagonal(result[0], result[1], total)


def _pull_combs(
    graph: _Graph, result: torch.Tensor, box: Box, window: Box, spacing: int, offsets: list[Offset]
) -> None:
    """Write the diagonal at the combs of these offsets into the result."""
    core = box.inside(window)
    combs = graph.fused.new_zeros((len(graph.fused), box.height, box.width))
    for comb, (row, column) in zip(combs, offsets, strict=False):
        comb[row::spacing, column::spacing] = 1
    cotangent = torch.zeros_like(graph.fused)
    cotangent[(slice(None), 0, *core)] = combs
    for source, gradient in enumerate(graph.pull_back(cotangent)):
        # Each pixel is on exactly one comb, so the masked sum over the copies picks its value.
        result[source][box.slices] += (gradient[(slice(None), 0, *core)] * combs).sum(dim=0)


def _coarse(
    result: torch.Tensor, boxes: list[Box], known: list[Offset], spacing: int, count: tuple[int, int]
) -> Preview:
    """Return the picture that the offsets known so far give; they are all pairs of some rows and some columns."""
    offsets = [{offset[axis] for offset in known} for axis in (0, 1)]
    rows = sorted({y for b in boxes for first in offsets[0] for y in range(b.top + first, b.bottom, spacing)})
    columns = sorted({x for b in boxes for first in offsets[1] for x in range(b.left + first, b.right, spacing)})
    step = max(1, spacing // len(offsets[0]))
    return Preview(thinned(result[0], rows, columns, step), thinned(result[1], rows, columns, step), step, *count)


def exact_diagonal(
    model: FusionModel, a: torch.Tensor, b: torch.Tensor, *, batch_size: int = 8, progress: Progress | None = None
) -> Diagonal:
    """Return the exact diagonal of any model with one backward row per fused pixel: H W of them.

    Args and shapes as in `comb_diagonal`.
    """
    height, width = a.shape[-2:]
    result = a.new_zeros((2, height * width))
    copies = min(batch_size, height * width)
    graph = _Graph(model, a, b, copies)
    for chunk in _chunks(list(range(height * width)), copies):
        rows = torch.arange(len(chunk), device=a.device)
        pixels = torch.tensor(chunk, device=a.device)
        cotangent = torch.zeros_like(graph.fused)
        cotangent.view(copies, -1)[rows, pixels] = 1
        for source, gradient in enumerate(graph.pull_back(cotangent)):
            result[source][pixels] = gradient.reshape(copies, -1)[rows, pixels]
        if progress:
            progress(chunk[-1] + 1, height * width)
    return Diagonal(result[0].view(height, width), result[1].view(height, width), height * width)


def estimated_diagonal(
    model: FusionModel,
    a: torch.Tensor,
    b: torch.Tensor,
    *,
    probes: int,
    generator: torch.Generator,
    batch_size: int = 4,
    progress: Progress | None = None,
    preview: Show | None = None,
) -> Diagonal:
    """Estimate the diagonal of any model from `probes` backward passes, with its standard error.

    Hutchinson's estimator diag(J) = E[v * J^T v] with random signs v (Bekas et al. 2007).

    Args:
        probes: random sign images, at least 2.
        generator: source of the signs, on the CPU.
        model, a, b, batch_size, progress: as in `comb_diagonal`.
        preview: called with the estimate each time the probes have doubled.
    """
    copies = min(batch_size, probes)
    graph = _Graph(model, a, b, copies)
    # Sums of differences from the first sample: where other pixels act little, the squares of the samples themselves
    # would round the variance away.
    first, total, squares = a.new_zeros((3, 2, *a.shape[-2:]))
    shown = 1
    for chunk in _chunks(list(range(probes)), copies):
        signs = torch.randint(0, 2, (len(chunk), 1, *a.shape[-2:]), generator=generator).to(a) * 2 - 1
        cotangent = torch.zeros_like(graph.fused)
        cotangent[: len(chunk)] = signs
        for source, gradient in enumerate(graph.pull_back(cotangent)):
            samples = (gradient * cotangent)[: len(chunk), 0]
            if chunk[0] == 0:
                first[source] = samples[0]
            differences = samples - first[source]
            total[source] += differences.sum(dim=0)
            squares[source] += differences.square().sum(dim=0)
        used = chunk[-1] + 1
        if progress:
            progress(used, probes)
        if preview and shown * 2 <= used < probes:
            shown = used
            mean, error = _mean_and_error(first, total, squares, used)
            preview(Preview(mean[0], mean[1], 1, used, probes, error[0], error[1]))
    mean, error = _mean_and_error(first, total, squares, probes)
    return Diagonal(mean[0], mean[1], probes, error[0], error[1])


def _mean_and_error(
    first: torch.Tensor, total: torch.Tensor, squares: torch.Tensor, count: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and standard error of `count` samples from their differences from the first."""
    ahead = total / count
    variance = (squares / count - ahead.square()).clamp_min(0) * count / (count - 1)
    return first + ahead, (variance / count).sqrt()


def _offsets_in(box: Box, offsets: list[Offset]) -> list[Offset]:
    return [(row, column) for row, column in offsets if row < box.height and column < box.width]


def _chunks(items: list[Item], length: int) -> Iterator[list[Item]]:
    for start in range(0, len(items), length):
        yield items[start : start + length]
