"""What is measured of one pair: the fused image, and how much of it each source causes."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from fuselens.core.pair import ImagePair
from fuselens.core.units import Units
from fuselens.explainers.influence import influence
from fuselens.explainers.share import share_map

CELL = 16
STATISTIC = "share by hiding: how far the fused image moves where a whole source is replaced by its own blur"


@dataclass(frozen=True, eq=False)
class Measured:
    """What a model made of a pair.

    Attributes:
        fused: luma `[H, W]` in `[0, 1]`.
        share: of source a in the whole image, in `[0, 1]`; NaN where neither source moves it.
        shares: of source a in each cell of 16 x 16 pixels, NaN where neither source moves it.
        moved: mean movement of each cell's pixels where a, where b is hidden, `[2, cells]`.
        cells: the cell of each pixel, `[H, W]`.
    """

    fused: torch.Tensor
    share: float
    shares: torch.Tensor
    moved: torch.Tensor
    cells: torch.Tensor


def measured(model: object, pair: ImagePair, device: str | torch.device | None) -> Measured:
    """Fuse a pair, and hide one source after the other: five images for the model, no gradient.

    Raises:
        InputError, ModelError: the model cannot be run on the pair.
    """
    labels = torch.zeros(pair.size, dtype=torch.int64)
    whole_sources = Units(labels, labels + 1, 2, {"units": "source"})
    found = influence(model, pair, cell=CELL, units=whole_sources, fill="blur", device=device)
    of_a, of_b = found.matrix.double()
    areas = torch.bincount(found.cells.flatten())
    total_a, total_b = float(of_a @ areas.double()), float(of_b @ areas.double())
    share = total_a / (total_a + total_b) if total_a + total_b else float("nan")
    return Measured(
        found.fused.float().clamp(0, 1), share, share_map(of_a, of_b), torch.stack((of_a, of_b)), found.cells
    )
