"""Pairs with a class for every pixel: the label images lie in a folder beside those of the modalities."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fuselens.core.errors import InputError
from fuselens.data.folders import images_of
from fuselens.segmentation.labels import label_map
from fuselens.training.stores import PairStore, Sample, Store


class LabelStore(Store):
    """A store's pairs, each with its label `[1, H, W]` (int64) as the third image of a sample.

    Args:
        pairs: the pairs.
        folder: name of the folder of labels beside the folder of source a.
        classes: the class table: names by number.

    Raises:
        InputError: no such folder, or a pair without a label.
    """

    def __init__(self, pairs: PairStore, folder: str, classes: Sequence[str]) -> None:
        """Find the label of every pair; nothing is read yet."""
        super().__init__(None)
        self._pairs, self._classes = pairs, classes
        known = {place: images_of(place) for place in {files.a.parent.parent / folder for files in pairs.files}}
        self._labels = []
        for files in pairs.files:
            place = files.a.parent.parent / folder
            if files.name not in known[place]:
                raise InputError(f"'{files.name}' has no label in {place}; add it, or take the pair out.")
            self._labels.append(known[place][files.name])

    def __len__(self) -> int:
        """Count the pairs."""
        return len(self._pairs)

    def name(self, index: int) -> Path:
        """Return the file of source a."""
        return self._pairs.name(index)

    def read(self, index: int) -> Sample:
        """Return the two lumas and the label, `[1, H, W]` each."""
        a, b = self._pairs.read(index)
        return a, b, label_map(self._labels[index], self._classes, a)[None]
