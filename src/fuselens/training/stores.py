"""Where samples come from: pairs, or single images of any size; read when needed, the last ones kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn.functional import interpolate

from fuselens.core.errors import InputError
from fuselens.data.folders import PairFiles, image_stem, natural_key
from fuselens.data.images import Normalize
from fuselens.data.pairs import read_pair, read_source

Sample = tuple[torch.Tensor, ...]


class Store(ABC):
    """Numbered pairs or images; the last `capacity` of them stay in memory."""

    def __init__(self, normalize: Normalize, capacity: int = 512) -> None:
        """Remember how to read; nothing is read yet."""
        self._normalize = normalize
        self._capacity = capacity
        self._kept: OrderedDict[int, Sample] = OrderedDict()

    @abstractmethod
    def __len__(self) -> int:
        """Count the pairs or images."""

    @abstractmethod
    def name(self, index: int) -> Path:
        """Return a file that stands for number `index` in messages."""

    @abstractmethod
    def read(self, index: int) -> Sample:
        """Return the lumas `[1, H, W]` of number `index`."""

    def __getitem__(self, index: int) -> Sample:
        """Return the lumas `[1, H, W]` of number `index`, from memory where they are there."""
        if index in self._kept:
            self._kept.move_to_end(index)
            return self._kept[index]
        self._kept[index] = self.read(index)
        if len(self._kept) > self._capacity:
            self._kept.popitem(last=False)
        return self._kept[index]


class PairStore(Store):
    """Pairs of files."""

    def __init__(self, files: Sequence[PairFiles], normalize: Normalize, capacity: int = 512) -> None:
        """Remember the files."""
        super().__init__(normalize, capacity)
        self.files = list(files)

    def __len__(self) -> int:
        """Count the pairs."""
        return len(self.files)

    def name(self, index: int) -> Path:
        """Return the file of source a."""
        return self.files[index].a

    def read(self, index: int) -> Sample:
        """Return the two lumas `[1, H, W]`."""
        files = self.files[index]
        pair = read_pair(files.a, files.b, normalize=self._normalize)
        return pair.a.y[None], pair.b.y[None]


@dataclass(frozen=True)
class HalfPair:
    """The left or the right half of a pair of files."""

    files: PairFiles
    is_right: bool

    @classmethod
    def both(cls, files: PairFiles) -> tuple[HalfPair, HalfPair]:
        """Return both halves of a pair."""
        return cls(files, False), cls(files, True)


TrainingFiles = PairFiles | HalfPair | Path


class HalfStore(Store):
    """Halves of pairs of files, so that what is held out of an image is no part of what is trained on."""

    def __init__(self, halves: Sequence[HalfPair], normalize: Normalize, capacity: int = 512) -> None:
        """Remember the halves."""
        super().__init__(normalize, capacity)
        self._halves = list(halves)
        self._pairs = PairStore([half.files for half in halves], normalize, capacity=0)

    def __len__(self) -> int:
        """Count the halves."""
        return len(self._halves)

    def name(self, index: int) -> Path:
        """Return the file of source a."""
        return self._pairs.name(index)

    def read(self, index: int) -> Sample:
        """Return the two lumas `[1, H, W / 2]`."""
        whole = self._pairs.read(index)
        middle = whole[0].shape[2] // 2
        cut = slice(middle, None) if self._halves[index].is_right else slice(middle)
        return tuple(source[:, :, cut].contiguous() for source in whole)


class ImageStore(Store):
    """Single images, such as MS-COCO's.

    Args:
        files: the images.
        normalize: `"minmax"` stretches each image by its own extremes.
        least: images with a shorter side are enlarged to it (bicubic), as the papers resize theirs.
        capacity: how many stay in memory.
    """

    def __init__(self, files: Sequence[Path], normalize: Normalize, least: int | None, capacity: int = 512) -> None:
        """Remember the files."""
        super().__init__(normalize, capacity)
        self.files = list(files)
        self._least = least

    def __len__(self) -> int:
        """Count the images."""
        return len(self.files)

    def name(self, index: int) -> Path:
        """Return the file."""
        return self.files[index]

    def read(self, index: int) -> Sample:
        """Return the luma `[1, H, W]`."""
        luma = read_source(self.files[index], "image", normalize=self._normalize).y
        shorter = min(luma.shape)
        if self._least is not None and shorter < self._least:
            size = [max(self._least, round(side * self._least / shorter)) for side in luma.shape]
            luma = interpolate(luma[None, None], size=size, mode="bicubic").clamp(0, 1)[0, 0]
        return (luma[None],)


class EncodedStore(Store):
    """What a frozen encoder makes of another store's images, computed once for each.

    Args:
        store: the images.
        encode: `[1, 1, H, W] -> [1, C, h, w]`.
        capacity: how many numbers stay in memory, in half precision.
    """

    def __init__(self, store: Store, encode: Callable[[torch.Tensor], torch.Tensor], capacity: int = 512) -> None:
        """Remember both."""
        super().__init__(None, capacity)
        self._store, self._encode = store, encode

    def __len__(self) -> int:
        """Count the pairs or images."""
        return len(self._store)

    def name(self, index: int) -> Path:
        """Return the file that stands for number `index` in messages."""
        return self._store.name(index)

    @torch.no_grad()
    def read(self, index: int) -> Sample:
        """Return the features `[C, h, w]` of number `index`, in half precision."""
        return tuple(self._encode(source[None])[0].half() for source in self._store.read(index))


def find_images(folder: Path) -> list[Path]:
    """Return all images in a folder and its sub-folders, in natural order; labels and hidden files are left out.

    Raises:
        InputError: no such folder, or no image in it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is {'a file' if folder.exists() else 'missing'}; name a folder of images.")
    places = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and image_stem(path) is not None]
    shown = [place for place in places if not any(part.startswith(("label", ".")) for part in place.parts)]
    if not shown:
        raise InputError(f"{folder} and its sub-folders hold no image; check the folder.")
    return [folder / place for place in sorted(shown, key=lambda place: natural_key(place.as_posix()))]
