"""The target of one fused pixel."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from fuselens.core.errors import InputError
from fuselens.core.locality import Box


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
