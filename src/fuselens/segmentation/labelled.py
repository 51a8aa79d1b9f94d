"""Images with a class for every pixel: pairs, or single images made of them; read when needed or held in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Self

import torch
from torch.utils.data import Dataset

from fuselens.core.errors import InputError
from fuselens.segmentation.protocol import IGNORED

Sample = tuple[torch.Tensor, ...]
View = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
ELSEWHERE = 254
"""The label of pixels that are any class but those in `named`: a labelling of fewer classes found none of them."""


class Labelled(Dataset[Sample]):
    """Numbered samples: images `[1, H, W]` in `[0, 1]`, and last the label map `[H, W]` (int64).

    Attributes:
        names: of the samples, for messages.
        classes: the class table.
        named: numbers of the classes that pixels labelled `ELSEWHERE` are not; empty where no pixel is.
    """

    def __init__(
        self,
        names: Sequence[str],
        read: Callable[[int], Sample],
        classes: Sequence[str],
        named: Sequence[int] = (),
    ) -> None:
        """Keep the names; `read(index)` is called when a sample is asked for."""
        self.names, self.classes, self.named = tuple(names), tuple(classes), tuple(named)
        self._read = read

    def __len__(self) -> int:
        """Count the samples."""
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        """Return the images and the label map of a sample."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._read(index)

    def __iter__(self) -> Iterator[Sample]:
        """Yield the samples in order."""
        return (self[index] for index in range(len(self)))

    def __add__(self, other: Self) -> Self:  # type: ignore[override]
        """Return the samples of both.

        Raises:
            InputError: other class tables, or labels that name other classes.
        """
        if self.classes != other.classes or (self.named and other.named and self.named != other.named):
            raise InputError("Sets of different class tables cannot be joined; bring both to one by in_table(classes).")
        count = len(self)
        return type(self)(
            self.names + other.names,
            lambda index: self[index] if index < count else other[index - count],
            self.classes,
            self.named or other.named,
        )

    def subset(self, indices: Sequence[int]) -> Self:
        """Return some of the samples."""
        chosen = [range(len(self))[index] for index in indices]
        return type(self)([self.names[i] for i in chosen], lambda index: self[chosen[index]], self.classes, self.named)

    def in_table(self, classes: Sequence[str]) -> Self:
        """Return the samples with the class numbers of another table, by the classes' names.

        What the other table does not name becomes its class 0. But where it names classes that this one does not know,
        such a pixel might be one of them, and is only known to be none of those in both: it becomes `ELSEWHERE`.
        """
        is_known = set(classes[1:]) <= set(self.classes)
        table = torch.full((256,), 0 if is_known else ELSEWHERE, dtype=torch.int64)
        for number, name in enumerate(self.classes):
            if name in classes[1:]:
                table[number] = list(classes).index(name)
        table[ELSEWHERE], table[IGNORED] = ELSEWHERE, IGNORED
        named = tuple(int(table[i]) for i in (self.named or range(1, len(self.classes))) if 0 < table[i] < ELSEWHERE)

        def read(index: int) -> Sample:
            *images, label = self[index]
            return *images, table[label]

        return type(self)(self.names, read, classes, named if self.named or not is_known else ())

    def held(self) -> Self:
        """Return the samples read once and held in memory at 8 bits, as files would hold them."""
        kept = [tuple(_bytes(plane) for plane in sample) for sample in self]

        def read(index: int) -> Sample:
            *images, label = kept[index]
            return *(image.float() / 255 for image in images), label.long()

        return type(self)(self.names, read, self.classes, self.named)


class LabelledPairs(Labelled):
    """Pairs with a class for every pixel: `(a, b, label)`."""

    def images(self, view: View) -> LabelledImages:
        """Return one image a pair: `view(a, b)` of the batches `[1, 1, H, W]`.

        A view is any fusion model, or one of `first`, `second` and `mean`.
        """

        def read(index: int) -> Sample:
            a, b, label = self[index]
            with torch.no_grad():
                image = view(a[None], b[None])[0]
            return image.clamp(0, 1), label

        return LabelledImages(self.names, read, self.classes, self.named)


class LabelledImages(Labelled):
    """Grey images with a class for every pixel: `(image, label)`."""


def first(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """The view of the first sensor alone."""
    return a


def second(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """The view of the second sensor alone."""
    return b


def mean(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """The view of both sensors, averaged."""
    return (a + b) / 2


def _bytes(plane: torch.Tensor) -> torch.Tensor:
    if plane.is_floating_point():
        plane = (255 * plane).round()
    return plane.to(torch.uint8)
