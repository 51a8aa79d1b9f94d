"""Boxes round regions: they hold everything, and are not more work than one box."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fuselens.segmentation.folded_layers import Window
from fuselens.segmentation.windows import SETUP, windows_of


def work(boxes: list[Window], frame: int) -> int:
    return sum(SETUP + (box.bottom - box.top + 2 * frame) * (box.right - box.left + 2 * frame) for box in boxes)


def counted(boxes: list[Window], size: tuple[int, ...]) -> torch.Tensor:
    count = torch.zeros(size, dtype=torch.int64)
    for box in boxes:
        box.of(count).add_(1)
    return count


@given(st.integers(1, 60), st.integers(1, 60), st.floats(0, 0.3), st.integers(0, 4), st.integers(0, 99))
@settings(deadline=None)
def test_boxes_hold_every_cell(height: int, width: int, part: float, frame: int, seed: int) -> None:
    cells = np.random.default_rng(seed).random((height, width)) < part**2
    occupied = torch.from_numpy(cells)
    boxes = windows_of(occupied, frame)
    assert bool((counted(boxes, cells.shape)[occupied] >= 1).all())
    assert all(bool(box.of(occupied).any()) for box in boxes)
    assert bool(boxes) == bool(cells.any())


def test_a_ring_becomes_bars_and_a_block_stays_one() -> None:
    ring = torch.zeros(80, 90, dtype=torch.bool)
    ring[10:70, 5:85] = True
    assert windows_of(ring, 3) == [Window(10, 70, 5, 85)]
    ring[14:66, 9:81] = False
    boxes = windows_of(ring, 3)
    assert len(boxes) <= 8
    assert work(boxes, 3) < work([Window(10, 70, 5, 85)], 3) * 0.75


def test_two_far_corners_are_two_boxes() -> None:
    corners = torch.zeros(64, 64, dtype=torch.bool)
    corners[:5, :6] = corners[60:, 58:] = True
    assert sorted(windows_of(corners, 3), key=lambda box: box.top) == [Window(0, 5, 0, 6), Window(60, 64, 58, 64)]


def test_a_window_cuts_maps_of_any_stride_and_stays_inside() -> None:
    window = Window(2, 5, 1, 4).wider(1, (5, 4))
    assert window == Window(1, 5, 0, 4)
    assert window.of(torch.zeros(1, 3, 18, 15), 4).shape == (1, 3, 14, 15)
