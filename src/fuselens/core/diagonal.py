"""The Jacobian's diagonal dF_p/dx_p for both sources: by combs, pixel by pixel, or estimated.

Reference: paper 002 section 3.2.2 (guidance images); combs are exact because fused pixels farther apart than the
reach do not see each other's source pixel. Used by the guidance explainer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import torch

from fuselens.core.locality import EVERY_SIDE, Box, Sides, crop, tiles, window_of
from fuselens.core.model import FusionModel
from fuselens.core.run import checked_call, require_gradient

Progress = Callable[[int, int], None]
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
) -> Diagonal:
    """Return the exact diagonal of a local model in (reach + 1)^2 backward passes a tile instead of H W.

    Args:
        model: a model with a reach, in evaluation mode.
        a, b: sources `[1, 1, H, W]`.
        batch_size: combs sent backward at once (1 is best on CPUs).
        side: largest tile, which bounds the memory.
        progress: called with (passes done, passes in all).
    """
    assert model.reach is not None
    size = (a.shape[-2], a.shape[-1])
    result = a.new_zeros((2, *size))
    boxes = list(tiles(size, side))
    total = sum(len(_offsets(box, model.reach + 1)) for box in boxes)
    done = 0
    for box in boxes:
        window = window_of(box, size, model.reach, model.stride)
        offsets = _offsets(box, model.reach + 1)
        copies = min(batch_size, len(offsets))
        graph = _Graph(model, crop(a, window), crop(b, window), copies, window.borders(size))
        core = box.inside(window)
        for chunk in _chunks(offsets, copies):
            combs = graph.fused.new_zeros((copies, box.height, box.width))
            for comb, (row, column) in zip(combs, chunk, strict=False):
                comb[row :: model.reach + 1, column :: model.reach + 1] = 1
            cotangent = torch.zeros_like(graph.fused)
            cotangent[(slice(None), 0, *core)] = combs
            for source, gradient in enumerate(graph.pull_back(cotangent)):
                # Each pixel is on exactly one comb, so the masked sum over the copies picks its value.
                result[source][box.slices] += (gradient[(slice(None), 0, *core)] * combs).sum(dim=0)
            done += len(chunk)
            if progress:
                progress(done, total)
        del graph  # or the next tile's graph would be built beside it
    return Diagonal(result[0], result[1], total)


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
) -> Diagonal:
    """Estimate the diagonal of any model from `probes` backward passes, with its standard error.

    Hutchinson's estimator diag(J) = E[v * J^T v] with random signs v (Bekas et al. 2007).

    Args:
        probes: random sign images, at least 2.
        generator: source of the signs, on the CPU.
        model, a, b, batch_size, progress: as in `comb_diagonal`.
    """
    copies = min(batch_size, probes)
    graph = _Graph(model, a, b, copies)
    # Sums of differences from the first sample: where other pixels act little, the squares of the samples themselves
    # would round the variance away.
    first, total, squares = a.new_zeros((3, 2, *a.shape[-2:]))
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
        if progress:
            progress(chunk[-1] + 1, probes)
    ahead = total / probes
    variance = (squares / probes - ahead.square()).clamp_min(0) * probes / (probes - 1)
    error = (variance / probes).sqrt()
    mean = first + ahead
    return Diagonal(mean[0], mean[1], probes, error[0], error[1])


def _offsets(box: Box, spacing: int) -> list[tuple[int, int]]:
    return [(row, column) for row in range(min(spacing, box.height)) for column in range(min(spacing, box.width))]


def _chunks(items: list[Item], length: int) -> Iterator[list[Item]]:
    for start in range(0, len(items), length):
        yield items[start : start + length]
