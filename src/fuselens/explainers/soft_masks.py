"""Soft random masks: coarse grids of cells that are shown or hidden, blown up smoothly and shifted at random.

Reference: Petsiuk, Das, Saenko, "RISE: randomized input sampling for explanation of black-box models", BMVC 2018,
section 3.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch.nn.functional import interpolate


@dataclass(frozen=True, eq=False)
class SoftMasks:
    """Masks `[H, W]` in `[0, 1]` that are made when they are asked for; each pixel is `chance` on average.

    A grid of `cells` x `cells` is resized bilinearly to a cell more than the image on either axis and cut at random.

    Attributes:
        grids: which cells are shown, `[N, cells, cells]`, 0 or 1.
        shifts: first row and first column of the cut, `[N, 2]`.
        size: height and width of the masks.
    """

    grids: torch.Tensor
    shifts: torch.Tensor
    size: tuple[int, int]

    @classmethod
    def draw(
        cls,
        count: int,
        size: tuple[int, int],
        cells: int,
        chance: float,
        generator: torch.Generator,
        device: torch.device,
    ) -> SoftMasks:
        """Draw masks; the same generator draws the same masks on every device."""
        grids = (torch.rand(count, cells, cells, generator=generator) < chance).float()
        shifts = [torch.randint(0, _cell(side, cells), (count,), generator=generator) for side in size]
        return cls(grids.to(device), torch.stack(shifts, dim=1).to(device), size)

    def made(self, start: int, stop: int) -> torch.Tensor:
        """Return the masks `start..stop - 1`, `[stop - start, H, W]`."""
        rows, columns = (cuts[self.shifts[start:stop, axis]] for axis, cuts in enumerate(self._cuts))
        return rows.mT @ self.grids[start:stop] @ columns

    @cached_property
    def _cuts(self) -> tuple[torch.Tensor, ...]:
        """For each axis and each shift, how much each cell adds to each pixel, `[shifts, cells, pixels]`."""
        cells = self.grids.shape[1]
        one_each = torch.eye(cells, device=self.grids.device)[None]
        return tuple(
            interpolate(one_each, size=(cells + 1) * _cell(side, cells), mode="linear")[0]
            .unfold(1, side, 1)
            .transpose(0, 1)
            for side in self.size
        )


def _cell(side: int, cells: int) -> int:
    """Return the side of a cell in pixels."""
    return -(-side // cells)
