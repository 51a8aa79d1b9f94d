"""Tensors that lack a margin but pretend to be whole: the bookkeeping of shrinking windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch.nn import functional as F

from fuselens.core.locality import Sides


class Unshrinkable(Exception):  # noqa: N818 - not a mistake: the network is called as usual
    """A network does something that is not known to be local."""


class Lack(NamedTuple):
    """Rows and columns that a tensor lacks at each side."""

    top: int
    left: int
    bottom: int
    right: int


NOTHING = Lack(0, 0, 0, 0)


class Margins:
    """What each tensor of one run lacks; a tensor that is not known lacks nothing.

    Attributes:
        padded: the sides at which padding is carried out; at the others it counts as lacking.
    """

    def __init__(self, padded: Sides) -> None:
        """Begin with tensors that are whole."""
        self.padded = padded
        self._known: dict[int, tuple[torch.Tensor, Lack]] = {}  # holds the tensors: their ids stay theirs

    def __contains__(self, tensor: torch.Tensor) -> bool:
        """Say whether anything was noted of a tensor."""
        return id(tensor) in self._known

    def of(self, tensor: torch.Tensor) -> Lack:
        """Return what a tensor lacks."""
        return self._known[id(tensor)][1] if id(tensor) in self._known else NOTHING

    def note(self, tensor: torch.Tensor, lack: Sequence[int]) -> torch.Tensor:
        """Remember what a tensor lacks, and return it."""
        self._known[id(tensor)] = (tensor, Lack(*lack))
        return tensor

    def whole_shape(self, tensor: torch.Tensor) -> torch.Size:
        """Return the shape that a tensor would have if it lacked nothing."""
        top, left, bottom, right = self.of(tensor)
        if not (top or left or bottom or right):
            return tensor.shape
        *others, height, width = tensor.shape
        return torch.Size((*others, height + top + bottom, width + left + right))

    def cut(self, tensor: torch.Tensor, lack: Lack) -> torch.Tensor:
        """Return the part of a tensor that is left where it lacks so much, which is no less than it does."""
        top, left, bottom, right = (goal - own for goal, own in zip(lack, self.of(tensor), strict=True))
        if not (top or left or bottom or right):
            return tensor
        return self.note(tensor[..., top : tensor.shape[-2] - bottom, left : tensor.shape[-1] - right], lack)

    def aligned(self, tensors: Sequence[torch.Tensor]) -> tuple[list[torch.Tensor], Lack]:
        """Cut images of one size to what all of them have; tensors of one value a channel are left alone.

        Raises:
            Unshrinkable: images of several sizes, or values that belong to columns.
        """
        shapes = [self.whole_shape(each) for each in tensors]
        sizes = {shape[-2:] for shape in shapes if len(shape) >= 2 and max(shape[-2:]) > 1}
        if len(sizes) > 1 or any(len(shape) == 1 and shape[0] > 1 for shape in shapes):
            raise Unshrinkable
        is_image = [len(shape) >= 2 and shape[-2:] in sizes for shape in shapes]
        lacks = [self.of(each) for each, here in zip(tensors, is_image, strict=True) if here]
        lack = Lack(*map(max, zip(*lacks, strict=True))) if lacks else NOTHING
        return [self.cut(each, lack) if here else each for each, here in zip(tensors, is_image, strict=True)], lack

    def pad(self, image: torch.Tensor, edges: Sequence[int], **how: Any) -> tuple[torch.Tensor, Lack]:
        """Put rows and columns at the top, left, bottom and right of an image, or count them as lacking.

        Raises:
            Unshrinkable: a side is to be padded that lacks something.
        """
        sides = list(zip(edges, self.padded, self.of(image), strict=True))
        if any(edge and is_padded and own for edge, is_padded, own in sides):
            raise Unshrinkable
        top, left, bottom, right = (edge * is_padded for edge, is_padded, _ in sides)
        lack = Lack(*(own + (0 if is_padded else edge) for edge, is_padded, own in sides))
        if not (top or left or bottom or right):
            return image, lack
        return F.pad(image, (left, right, top, bottom), **how), lack
