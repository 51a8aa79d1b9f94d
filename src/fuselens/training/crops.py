"""Training samples: aligned crops of pairs, each a pure function of (seed, index).

That purity makes resuming exact: after a kill, sample number i is the same sample number i.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from torch.utils.data import Dataset

from fuselens.core.errors import InputError
from fuselens.training.stores import Sample, Store

Files = TypeVar("Files")


class TrainingCrops(Dataset[Sample]):
    """Samples `start .. start + length - 1` of the endless stream of crops.

    Args:
        store: the training pairs or images.
        crop: side in pixels, or None for whole images.
        seed: of the order, the places and the flips.
        start, length: which part of the stream this is.
        flips, shuffle: as in the recipe.
    """

    def __init__(
        self, store: Store, *, crop: int | None, seed: int, start: int, length: int, flips: bool, shuffle: bool
    ) -> None:
        """Keep the settings."""
        self.store, self.crop, self.seed = store, crop, seed
        self.start, self.length = start, length
        self.flips, self.shuffle = flips, shuffle

    def __len__(self) -> int:
        """Count the samples of this part."""
        return self.length

    def __getitem__(self, position: int) -> Sample:
        """Return sample `start + position`: a `[1, crop, crop]` tensor for each source."""
        index = self.start + position
        random = np.random.default_rng((self.seed, index))
        pair = self._pair_of(index)
        sources = self.store[pair]
        if self.crop is not None:
            height, width = sources[0].shape[1:]
            if min(height, width) < self.crop:
                raise InputError(
                    f"'{self.store.name(pair)}' is {width}x{height}, smaller than the crops of "
                    f"{self.crop}x{self.crop}; lower the recipe's crop (--set crop=...)."
                )
            sources = _random_crop(sources, self.crop, random)
        if self.flips:
            axes = [axis for axis in (1, 2) if random.random() < 0.5]
            sources = tuple(source.flip(axes) for source in sources)
        return tuple(source.contiguous() for source in sources)

    def _pair_of(self, index: int) -> int:
        epoch, place = divmod(index, len(self.store))
        if not self.shuffle:
            return place
        # Every pair once an epoch, in an order that depends on the epoch alone.
        return int(np.random.default_rng((self.seed, epoch, 1)).permutation(len(self.store))[place])


class ValidationCrops(Dataset[Sample]):
    """The middle `side` x `side` of every validation pair or image (all of it where the image is smaller)."""

    def __init__(self, store: Store, side: int = 256) -> None:
        """Keep the pairs or images."""
        self.store, self.side = store, side

    def __len__(self) -> int:
        """Count the pairs or images."""
        return len(self.store)

    def __getitem__(self, index: int) -> Sample:
        """Return the middle of pair or image `index`."""
        sources = self.store[index]
        top, left = (max(0, (size - self.side) // 2) for size in sources[0].shape[1:])
        return _cut(sources, top, left, self.side)


def _random_crop(sources: Sample, side: int, random: np.random.Generator) -> Sample:
    height, width = sources[0].shape[1:]
    return _cut(sources, int(random.integers(height - side + 1)), int(random.integers(width - side + 1)), side)


def _cut(sources: Sample, top: int, left: int, side: int) -> Sample:
    return tuple(source[:, top : top + side, left : left + side] for source in sources)


def stack_samples(samples: Sequence[Sample]) -> Sample:
    """Return one batch `[N, 1, H, W]` for each source.

    Raises:
        InputError: whole images of several sizes.
    """
    sizes = {f"{sources[0].shape[2]}x{sources[0].shape[1]}" for sources in samples}
    if len(sizes) > 1:
        raise InputError(
            f"Whole images of different sizes ({', '.join(sorted(sizes))}) cannot share a batch; "
            "set the recipe's crop, or batch_size to 1."
        )
    return tuple(torch.stack(sources) for sources in zip(*samples, strict=True))


def split_pairs(files: Sequence[Files], share: float, seed: int) -> tuple[list[Files], list[Files]]:
    """Hold out a random `share` of the pairs for validation (at least one, unless the share is 0)."""
    held_out = max(1, round(share * len(files))) if share else 0
    if held_out >= len(files):
        raise InputError(
            f"Of {len(files)} pairs, {held_out} would be held out and none left to train on; "
            "add pairs or lower the recipe's validation."
        )
    return _without(files, np.random.default_rng(seed).permutation(len(files))[:held_out])


def split_folds(files: Sequence[Files], folds: int, seed: int) -> list[tuple[list[Files], list[Files]]]:
    """Return `folds` splits into training and validation; every pair is held out in exactly one of them."""
    if folds > len(files):
        raise InputError(f"{len(files)} pairs cannot make {folds} folds; add pairs or lower the recipe's folds.")
    order = np.random.default_rng(seed).permutation(len(files))
    return [_without(files, part) for part in np.array_split(order, folds)]


def _without(files: Sequence[Files], chosen: np.ndarray[Any, np.dtype[np.int64]]) -> tuple[list[Files], list[Files]]:
    out = set(chosen.tolist())
    return [f for i, f in enumerate(files) if i not in out], [f for i, f in enumerate(files) if i in out]
