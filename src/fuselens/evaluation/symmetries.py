"""Flips and rotations of pairs and targets, and the way back for maps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

from fuselens.core.locality import Box
from fuselens.core.pair import ImagePair, Source
from fuselens.core.targets import Target, bound_target


@dataclass(frozen=True)
class Symmetry:
    """A move of the image plane that needs no interpolation.

    Attributes:
        name: for results.
        forth, back: moves of images `[..., H, W]`.
    """

    name: str
    forth: Callable[[torch.Tensor], torch.Tensor]
    back: Callable[[torch.Tensor], torch.Tensor]

    def pair(self, pair: ImagePair) -> ImagePair:
        """Return the moved pair."""
        return ImagePair(self._source(pair.a), self._source(pair.b))

    def _source(self, source: Source) -> Source:
        chroma = None if source.chroma is None else self.forth(source.chroma).contiguous()
        return replace(source, y=self.forth(source.y).contiguous(), chroma=chroma)


def _flip(image: torch.Tensor) -> torch.Tensor:
    return image.flip(-1)


def _rotate(image: torch.Tensor) -> torch.Tensor:
    return image.rot90(1, (-2, -1))


SYMMETRIES = {
    "flip": Symmetry("flip", _flip, _flip),
    "rotate": Symmetry("rotate", _rotate, lambda image: image.rot90(-1, (-2, -1))),
}


class MovedTarget:
    """A target of the original image, asked of a moved one."""

    def __init__(self, target: Target, symmetry: Symmetry) -> None:
        """Keep both."""
        self.target, self.symmetry = target, symmetry
        self.stationary_at_input = getattr(target, "stationary_at_input", False)

    def bound(self, a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor) -> MovedTarget:
        """Return the target with the images that it compares with.

        Raises:
            InputError: the target does not fit the image.
        """
        images: Any = (self.symmetry.back(image) for image in (a, b, fused))
        return MovedTarget(bound_target(self.target, *images), self.symmetry)

    def box(self, size: tuple[int, int]) -> Box:
        """Return where the target's box lies in a moved image of `size`.

        Raises:
            InputError: it leaves the image.
        """
        image = self.symmetry.back(torch.zeros(size))
        box = self.target.box((int(image.shape[0]), int(image.shape[1])))
        image[box.slices] = 1
        rows, columns = torch.where(self.symmetry.forth(image) > 0)
        return Box(int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1)

    def __call__(self, fused: torch.Tensor) -> torch.Tensor:
        """Return the target of the images moved back, `[N]`."""
        return self.target(self.symmetry.back(fused))

    def __str__(self) -> str:
        """Return the target's name and the move's."""
        return f"{self.target} ({self.symmetry.name})"
