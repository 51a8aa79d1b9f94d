"""Few small boxes that hold all pixels of a region, so that work on the region need not be work on the whole image."""

from __future__ import annotations

import numpy as np
import torch

from fuselens.segmentation.folded_layers import Window

SETUP = 150
"""What a box costs besides its cells, in cells: running the layers at all."""
TILE = 8
TILES = 8
"""A side has this many tiles at most."""


def windows_of(occupied: torch.Tensor, frame: int) -> list[Window]:
    """Return boxes that together hold every occupied cell; they may overlap.

    Starting from what each tile of the grid holds, the two boxes are joined that save most work, until none do: a
    compact region becomes one box, a ring a few bars.

    Args:
        occupied: `[h, w]`, bool.
        frame: cells that have to be worked on round each box.
    """
    cells = occupied.cpu().numpy()
    boxes = _tiles(cells)
    while len(boxes) > 1:
        joined = np.concatenate(
            (np.minimum(boxes[:, None, :2], boxes[None, :, :2]), np.maximum(boxes[:, None, 2:], boxes[None, :, 2:])), -1
        )
        alone = _work(boxes, frame)
        more = _work(joined, frame) - alone[:, None] - alone[None]
        np.fill_diagonal(more, SETUP)
        one, other = np.unravel_index(more.argmin(), more.shape)
        if more[one, other] >= 0:
            break
        boxes = np.concatenate((np.delete(boxes, (one, other), axis=0), joined[one, other][None]))
    return [Window(top, bottom, left, right) for top, left, bottom, right in boxes.tolist()]


def _tiles(cells: np.ndarray) -> np.ndarray:
    """Return the smallest box of what each tile holds, `[tiles, 4]`: top, left, bottom, right."""
    step = max(TILE, -(-max(cells.shape) // TILES))
    boxes = []
    for top in range(0, cells.shape[0], step):
        for left in range(0, cells.shape[1], step):
            rows, columns = cells[top : top + step, left : left + step].nonzero()
            if len(rows):
                boxes.append((top + rows.min(), left + columns.min(), top + rows.max() + 1, left + columns.max() + 1))
    return np.array(boxes, dtype=np.int64).reshape(-1, 4)


def _work(boxes: np.ndarray, frame: int) -> np.ndarray:
    """Return the work that each of the boxes `[..., 4]` is."""
    work: np.ndarray = SETUP + np.prod(boxes[..., 2:] - boxes[..., :2] + 2 * frame, axis=-1)
    return work
