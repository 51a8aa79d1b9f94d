"""The integral of the gradient along a path, pixel by pixel."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch

from fuselens.core.diagonal import Progress
from fuselens.explainers.backward import ScoreOfSources
from fuselens.explainers.paths import Images, Path


def path_integral(
    score: ScoreOfSources,
    paths: Sequence[Path],
    steps: int,
    *,
    batch_size: int,
    progress: Progress | None = None,
    earlier: int = 0,
) -> Images:
    """Return for both sources the gradient in the middle of each step times the step, averaged over the paths.

    Args:
        score: what is differentiated.
        paths: each is cut into equal times.
        steps: on each path; one is exact where the score is linear.
        batch_size: gradients computed at once.
        progress: called with (gradients done, gradients planned), `earlier` steps a path included.
        earlier: steps taken on each path before.

    Returns:
        Maps `[h, w]` in float64 on the CPU.
    """
    size = score.window.height, score.window.width
    a, b = torch.zeros(size, dtype=torch.float64), torch.zeros(size, dtype=torch.float64)
    planned = (earlier + steps) * len(paths)
    for index, path in enumerate(paths):
        for first in range(0, steps, batch_size):
            last = min(first + batch_size, steps)
            ends = [step / steps for step in range(first, last + 1)]
            _, by_a, by_b = score.with_gradients(*path([(low + high) / 2 for low, high in pairwise(ends)]))
            at_a, at_b = path(ends)
            a += _contribution(by_a, at_a)
            b += _contribution(by_b, at_b)
            if progress is not None:
                progress(earlier * len(paths) + index * steps + last, planned)
    return a / len(paths), b / len(paths)


def _contribution(gradients: torch.Tensor, ends: torch.Tensor) -> torch.Tensor:
    """Return the sum of gradients `[N, 1, h, w]` times the N steps between `ends` `[N + 1, 1, h, w]`."""
    return (gradients * ends.diff(dim=0)).sum(dim=(0, 1)).cpu().double()
