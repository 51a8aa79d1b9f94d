"""Targets: the number that is being explained, made from the fused image.

A target names the box of fused pixels it reads and is called with the fused image cut to that box, so that local
models need to compute only that box.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch

from fuselens.core.errors import InputError
from fuselens.core.locality import Box


@runtime_checkable
class Target(Protocol):
    """Turns fused images into one number each."""

    def box(self, size: tuple[int, int]) -> Box:
        """Return the fused pixels that the target reads in an image of `size`; refuse what lies outside."""
        ...

    def __call__(self, fused: torch.Tensor) -> torch.Tensor:
        """Return `[N]` numbers for fused images `[N, 1, h, w]` already cut to the box."""
        ...

    def __str__(self) -> str:
        """Name the target as the command line writes it."""
        ...


@dataclass(frozen=True)
class Pixel:
    """The value of the fused image at row `y`, column `x`."""

    y: int
    x: int

    def box(self, size: tuple[int, int]) -> Box:
        """Return the one pixel.

        Raises:
            InputError: the pixel is not in the image.
        """
        if not (0 <= self.y < size[0] and 0 <= self.x < size[1]):
            raise InputError(
                f"The pixel y={self.y}, x={self.x} is not in the image, which has y 0..{size[0] - 1}, "
                f"x 0..{size[1] - 1}."
            )
        return Box(self.y, self.x, self.y + 1, self.x + 1)

    def __call__(self, fused: torch.Tensor) -> torch.Tensor:
        """Return the pixel's value."""
        return fused[:, 0, 0, 0]

    def __str__(self) -> str:
        """Return `pixel:y,x`."""
        return f"pixel:{self.y},{self.x}"


class RegionMean:
    """The mean of the fused image over a box `(y0, x0, y1, x1)` (half-open) or a boolean mask `[H, W]`."""

    def __init__(self, region: tuple[int, int, int, int] | np.ndarray | torch.Tensor) -> None:
        """Take a box or a mask.

        Raises:
            InputError: the mask is empty or not two-dimensional.
        """
        self._mask: torch.Tensor | None = None
        if isinstance(region, tuple | list):
            self._box = Box(*(int(edge) for edge in region))
            return
        self._mask = torch.as_tensor(np.asarray(region)).bool()
        if self._mask.ndim != 2 or not bool(self._mask.any()):
            raise InputError("Expected a region mask [H, W] with at least one pixel set.")
        rows, columns = torch.where(self._mask)
        self._box = Box(int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1)

    def box(self, size: tuple[int, int]) -> Box:
        """Return the bounding box.

        Raises:
            InputError: the region leaves the image, or the mask has another size.
        """
        if self._mask is not None and tuple(self._mask.shape) != size:
            raise InputError(f"The region mask has shape {tuple(self._mask.shape)} but the images have {size}.")
        return self._box.checked(size)

    def mask(self, size: tuple[int, int]) -> torch.Tensor:
        """Return the region as a boolean map `[H, W]`."""
        box = self.box(size)
        if self._mask is not None:
            return self._mask
        mask = torch.zeros(size, dtype=torch.bool)
        mask[box.slices] = True
        return mask

    def __call__(self, fused: torch.Tensor) -> torch.Tensor:
        """Return the mean over the region."""
        if self._mask is None:
            return fused.mean(dim=(1, 2, 3))
        inside = self._mask[self._box.slices].to(fused.device)
        return fused[:, 0, inside].mean(dim=1)

    def __str__(self) -> str:
        """Return `region:y0,x0,y1,x1`, with a word where it is the bounding box of a mask."""
        box = self._box
        edges = f"region:{box.top},{box.left},{box.bottom},{box.right}"
        return f"{edges} (mask)" if self._mask is not None else edges


def parse_target(text: str) -> Target:
    """Read `pixel:y,x` or `region:y0,x0,y1,x1`.

    Raises:
        InputError: anything else.

    Example:
        >>> str(parse_target("pixel:3,4"))
        'pixel:3,4'
    """
    kind, _, numbers = text.partition(":")
    try:
        values = [int(number) for number in numbers.split(",")]
    except ValueError:
        values = []
    if kind == "pixel" and len(values) == 2:
        return Pixel(*values)
    if kind == "region" and len(values) == 4:
        return RegionMean((values[0], values[1], values[2], values[3]))
    raise InputError(f"Expected a target like pixel:y,x or region:y0,x0,y1,x1 but got '{text}'.")
