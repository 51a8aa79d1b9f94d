"""Overlapping windows of both sources, written as units: the cells into which the windows' edges cut the image."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from fuselens.core.errors import InputError
from fuselens.core.pair import ImagePair
from fuselens.core.units import Units, Which, make_units, units_from_labels


@dataclass(frozen=True, eq=False)
class Windows:
    """All positions of a square window in the sources that can be hidden.

    Attributes:
        units: the cells; each window is a union of some.
        sets: the cells of each window, a bitmask; source by source, row by row.
        rows, columns: which intervals of rows (columns) each window row (column) covers, `[positions, intervals]`.
    """

    units: Units
    sets: list[int]
    rows: torch.Tensor
    columns: torch.Tensor

    @classmethod
    def over(cls, pair: ImagePair, side: int, stride: int, which: Which) -> Windows:
        """Lay windows of `side` pixels every `stride` pixels, and one more at the border where pixels were left over.

        Raises:
            InputError: a stride above the side, or numbers below 1.
            UnknownNameError: no such source.
        """
        if not 1 <= stride <= side:
            raise InputError(
                f"Expected 1 <= stride <= window but got window={side}, stride={stride}: no pixel may be missed."
            )
        whole = make_units(pair, f"grid:{max(pair.size)}", which=which)
        axes = [_axis(length, side, stride) for length in pair.size]
        (row_of, rows), (column_of, columns) = axes
        wide = columns.shape[1]
        cells = row_of[:, None] * wide + column_of
        units = units_from_labels(
            *(torch.where(each >= 0, cells, -1).numpy() for each in (whole.labels_a, whole.labels_b))
        )
        units = replace(units, settings={"units": f"windows:{side}:{stride}", "which": which})
        one_source = [
            sum(across << (row * wide) for row in torch.nonzero(down).flatten().tolist())
            for down in rows
            for across in (_bits(covered) for covered in columns)
        ]
        each = rows.shape[1] * wide
        return cls(units, [one << start for start in range(0, units.count, each) for one in one_source], rows, columns)

    def averaged(self, effects: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """Return each cell's mean effect over the windows that cover it, `[cells]`; 0 where none of them is known.

        Args:
            effects: of the windows, in the order of `sets`.
            known: which of them are (bool).
        """
        sums = [self._spread(torch.where(known, effects, 0.0)), self._spread(known.double())]
        return sums[0] / sums[1].clamp(min=1)

    def _spread(self, values: torch.Tensor) -> torch.Tensor:
        grid = values.double().view(-1, len(self.rows), len(self.columns))
        return (self.rows.double().T @ grid @ self.columns.double()).flatten()


def _axis(length: int, side: int, stride: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the interval of each pixel `[length]` and the intervals of each window `[positions, intervals]`."""
    side = min(side, length)
    starts = torch.tensor([*range(0, length - side, stride), length - side])
    edges = torch.tensor(sorted({*starts.tolist(), *(starts + side).tolist()}))
    covers = (edges[:-1] >= starts[:, None]) & (edges[:-1] < starts[:, None] + side)
    return torch.bucketize(torch.arange(length), edges[1:], right=True), covers


def _bits(covered: torch.Tensor) -> int:
    return sum(1 << index for index in torch.nonzero(covered).flatten().tolist())
