"""First looks at a diagonal that is still being computed: which pixels to compute first, and the picture they give.

Used by the combs of `diagonal`, whose order of work is the same whether anyone looks or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

Offset = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Preview:
    """What is known of both diagonals.

    Attributes:
        a, b: `[ceil(H / step), ceil(W / step)]`.
        step: one value stands for `step` x `step` pixels.
        done, total: backward passes.
        error_a, error_b: standard errors where the values are estimates; None where each is exact at its pixel.
    """

    a: torch.Tensor
    b: torch.Tensor
    step: int
    done: int
    total: int
    error_a: torch.Tensor | None = None
    error_b: torch.Tensor | None = None

    @property
    def is_exact(self) -> bool:
        """True where the values are those of single pixels, not estimates."""
        return self.error_a is None


def coarse_first(length: int) -> list[int]:
    """Return 0 to `length - 1` so that any first few lie evenly: the middle, then the middles of the gaps.

    Example:
        >>> coarse_first(7)
        [3, 1, 5, 0, 2, 4, 6]
    """
    order, gaps = [], [(0, length)]
    while gaps:
        start, end = gaps.pop(0)
        if start < end:
            middle = (start + end) // 2
            order.append(middle)
            gaps += [(start, middle), (middle + 1, end)]
    return order


def levels(rows: int, columns: int) -> list[list[Offset]]:
    """Cut the places of a grid cell into stages: the middle, then 3 x 3 places in all, 7 x 7, and so on.

    Example:
        >>> [len(stage) for stage in levels(9, 9)]
        [1, 8, 40, 32]
    """
    down, across = coarse_first(rows), coarse_first(columns)
    stages, seen, side = [], set[Offset](), 1
    while len(seen) < rows * columns:
        stage = [(row, column) for row in down[:side] for column in across[:side] if (row, column) not in seen]
        stages.append(stage)
        seen.update(stage)
        side = 2 * side + 1
    return stages


def thinned(values: torch.Tensor, rows: Sequence[int], columns: Sequence[int], step: int) -> torch.Tensor:
    """Return a picture of a map `[H, W]` of which only some rows and columns are known: for each block the nearest.

    Args:
        values: the map; what is unknown in it is not read.
        rows, columns: those that are known, in order.
        step: side of a block.
    """
    nearest = [_nearest(known, length, step) for known, length in zip((rows, columns), values.shape, strict=True)]
    return values[nearest[0].to(values.device)][:, nearest[1].to(values.device)]


def _nearest(known: Sequence[int], length: int, step: int) -> torch.Tensor:
    """Return for each block the known place that is nearest to its middle."""
    places = torch.tensor(known)
    middles = torch.arange(0, length, step) + (step - 1) / 2
    return places[(places[None] - middles[:, None]).abs().argmin(dim=1)]
