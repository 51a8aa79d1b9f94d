"""Locality: boxes, windows and tiles of models whose fused pixels see only a neighbourhood.

A model of reach rho makes fused pixel p from source pixels within Chebyshev distance rho of p. A crop that is cut rho
beyond a box (and at the image's border, where the model's own padding acts) therefore yields the box exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch

from fuselens.core.errors import InputError


class Sides(NamedTuple):
    """One truth value a side of a window."""

    top: bool
    left: bool
    bottom: bool
    right: bool


EVERY_SIDE = Sides(True, True, True, True)


@dataclass(frozen=True)
class Box:
    """A half-open rectangle of pixels: rows `top..bottom-1`, columns `left..right-1`."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the box in `[..., H, W]` after an ellipsis."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def inside(self, outer: Box) -> tuple[slice, slice]:
        """Index of this box in a crop that was cut at `outer`."""
        return (
            slice(self.top - outer.top, self.bottom - outer.top),
            slice(self.left - outer.left, self.right - outer.left),
        )

    def borders(self, size: tuple[int, int]) -> Sides:
        """Say which sides of this window are borders of an image of `size`."""
        return Sides(self.top == 0, self.left == 0, self.bottom == size[0], self.right == size[1])

    def checked(self, size: tuple[int, int]) -> Box:
        """Return the box itself if it is not empty and lies in an image of `size`.

        Raises:
            InputError: empty, or partly outside.
        """
        height, width = size
        if not (0 <= self.top < self.bottom <= height and 0 <= self.left < self.right <= width):
            raise InputError(
                f"The region y {self.top}..{self.bottom}, x {self.left}..{self.right} is empty or leaves the image; "
                f"the image has y 0..{height}, x 0..{width}."
            )
        return self


def window_of(box: Box, size: tuple[int, int], reach: int | None, stride: int = 1) -> Box:
    """Return the crop that yields `box` exactly: `reach` wider, on the model's sampling grid, cut at the border.

    Global models (`reach` None) need the whole image.
    """
    height, width = size
    if reach is None:
        return Box(0, 0, height, width)
    return Box(
        max(0, (box.top - reach) // stride * stride),
        max(0, (box.left - reach) // stride * stride),
        min(height, -(-(box.bottom + reach) // stride) * stride),
        min(width, -(-(box.right + reach) // stride) * stride),
    )


def tiles(size: tuple[int, int], side: int) -> Iterator[Box]:
    """Cut an image into equal boxes of at most `side` pixels a side, row by row."""
    rows, columns = (_cuts(length, side) for length in size)
    for top, bottom in pairwise(rows):
        for left, right in pairwise(columns):
            yield Box(top, left, bottom, right)


def _cuts(length: int, side: int) -> list[int]:
    parts = -(-length // side)
    return [length * i // parts for i in range(parts + 1)]


def crop(image: torch.Tensor, box: Box) -> torch.Tensor:
    """Return the part of `[..., H, W]` in `box`, contiguous."""
    return image[(..., *box.slices)].contiguous()
