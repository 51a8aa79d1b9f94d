"""Training samples: aligned crops of pairs, each a pure function of (seed, index).

That purity makes resuming exact: after a kill, sample number i is the same sample number i.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch.utils.data import Dataset

from fuselens.core.errors import InputError
from fuselens.data.folders import PairFiles
from fuselens.data.pairs import read_pair

Sample = tuple[torch.Tensor, torch.Tensor]


class PairStore:
    """Reads pairs and keeps the last `capacity` of them in memory."""

    def __init__(self, files: Sequence[PairFiles], normalize: Literal["minmax"] | None, capacity: int = 512) -> None:
        """Remember the files; nothing is read yet."""
        self.files = list(files)
        self._normalize = normalize
        self._capacity = capacity
        self._kept: OrderedDict[int, Sample] = OrderedDict()

    def __len__(self) -> int:
        """Count the pairs."""
        return len(self.files)

    def __getitem__(self, index: int) -> Sample:
        """Return the lumas `[1, H, W]` of pair `index`."""
        if index in self._kept:
            self._kept.move_to_end(index)
            return self._kept[index]
        files = self.files[index]
        pair = read_pair(files.a, files.b, normalize=self._normalize)
        self._kept[index] = pair.a.y[None], pair.b.y[None]
        if len(self._kept) > self._capacity:
            self._kept.popitem(last=False)
        return self._kept[index]


class TrainingCrops(Dataset[Sample]):
    """Samples `start .. start + length - 1` of the endless stream of crops.

    Args:
        store: the training pairs.
        crop: side in pixels, or None for whole images.
        seed: of the order, the places and the flips.
        start, length: which part of the stream this is.
        flips, shuffle: as in the recipe.
    """

    def __init__(
        self, store: PairStore, *, crop: int | None, seed: int, start: int, length: int, flips: bool, shuffle: bool
    ) -> None:
        """Keep the settings."""
        self.store, self.crop, self.seed = store, crop, seed
        self.start, self.length = start, length
        self.flips, self.shuffle = flips, shuffle

    def __len__(self) -> int:
        """Count the samples of this part."""
        return self.length

    def __getitem__(self, position: int) -> Sample:
        """Return sample `start + position` as two `[1, crop, crop]` tensors."""
        index = self.start + position
        random = np.random.default_rng((self.seed, index))
        pair = self._pair_of(index)
        a, b = self.store[pair]
        if self.crop is not None:
            if min(a.shape[1:]) < self.crop:
                raise InputError(
                    f"'{self.store.files[pair].a}' is {a.shape[2]}x{a.shape[1]}, smaller than the crops of "
                    f"{self.crop}x{self.crop}; lower the recipe's crop (--set crop=...)."
                )
            a, b = _random_crop(a, b, self.crop, random)
        if self.flips:
            axes = [axis for axis in (1, 2) if random.random() < 0.5]
            a, b = a.flip(axes), b.flip(axes)
        return a.contiguous(), b.contiguous()

    def _pair_of(self, index: int) -> int:
        epoch, place = divmod(index, len(self.store))
        if not self.shuffle:
            return place
        # Every pair once an epoch, in an order that depends on the epoch alone.
        return int(np.random.default_rng((self.seed, epoch, 1)).permutation(len(self.store))[place])


class ValidationCrops(Dataset[Sample]):
    """The middle `side` x `side` of every validation pair (all of it where the image is smaller)."""

    def __init__(self, store: PairStore, side: int = 256) -> None:
        """Keep the pairs."""
        self.store, self.side = store, side

    def __len__(self) -> int:
        """Count the pairs."""
        return len(self.store)

    def __getitem__(self, index: int) -> Sample:
        """Return the middle of pair `index`."""
        a, b = self.store[index]
        top, left = (max(0, (size - self.side) // 2) for size in a.shape[1:])
        window = (slice(None), slice(top, top + self.side), slice(left, left + self.side))
        return a[window], b[window]


def _random_crop(a: torch.Tensor, b: torch.Tensor, side: int, random: np.random.Generator) -> Sample:
    height, width = a.shape[1:]
    top, left = int(random.integers(height - side + 1)), int(random.integers(width - side + 1))
    window = (slice(None), slice(top, top + side), slice(left, left + side))
    return a[window], b[window]


def stack_samples(samples: Sequence[Sample]) -> Sample:
    """Return one batch `[N, 1, H, W]` of each source.

    Raises:
        InputError: whole images of several sizes.
    """
    sizes = {f"{a.shape[2]}x{a.shape[1]}" for a, _ in samples}
    if len(sizes) > 1:
        raise InputError(
            f"Whole images of different sizes ({', '.join(sorted(sizes))}) cannot share a batch; "
            "set the recipe's crop, or batch_size to 1."
        )
    return torch.stack([a for a, _ in samples]), torch.stack([b for _, b in samples])


def split_pairs(files: Sequence[PairFiles], share: float, seed: int) -> tuple[list[PairFiles], list[PairFiles]]:
    """Hold out a random `share` of the pairs for validation (at least one, unless the share is 0)."""
    held_out = max(1, round(share * len(files))) if share else 0
    if held_out >= len(files):
        raise InputError(
            f"Of {len(files)} pairs, {held_out} would be held out and none left to train on; "
            "add pairs or lower the recipe's validation."
        )
    order = np.random.default_rng(seed).permutation(len(files))
    chosen = set(order[:held_out].tolist())
    return (
        [f for i, f in enumerate(files) if i not in chosen],
        [f for i, f in enumerate(files) if i in chosen],
    )
