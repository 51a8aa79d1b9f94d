"""Units: the segments of the sources that an explanation shows or hides.

References: Achanta et al., "SLIC superpixels", TPAMI 2012; Vedaldi and Soatto, "Quick shift and kernel methods for mode
seeking", ECCV 2008, whose settings here are those of LIME.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from scipy.ndimage import find_objects

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.locality import Box
from fuselens.core.pair import ImagePair

Labels = npt.NDArray[np.int64]
Which = Literal["a", "b", "both"]
NEVER = -1
MOST = 4096
_QUICKSHIFT = {"kernel_size": 4, "max_dist": 200, "ratio": 0.2}


@dataclass(frozen=True, eq=False)
class Units:
    """Segments of one source or of both, in a fixed order: source a first, then raster order of the first pixel.

    Attributes:
        labels_a, labels_b: the unit of each pixel `[H, W]`; -1 where a source is never hidden.
        count: how many units there are; labels are `0..count - 1`.
        settings: how they were made, for the record.
    """

    labels_a: torch.Tensor
    labels_b: torch.Tensor
    count: int
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the sources."""
        return int(self.labels_a.shape[0]), int(self.labels_a.shape[1])

    @property
    def everything(self) -> int:
        """The bitmask of all units."""
        return (1 << self.count) - 1

    def same_as(self, other: Units | None) -> bool:
        """Say whether the other units are these."""
        if other is None or (self.count, self.size) != (other.count, other.size):
            return False
        return all(torch.equal(mine, theirs) for mine, theirs in zip(self._labels, other._labels, strict=True))

    @property
    def _labels(self) -> tuple[torch.Tensor, torch.Tensor]:
        return self.labels_a, self.labels_b

    def areas(self) -> torch.Tensor:
        """Return how many pixels each unit has, `[count]`."""
        in_a, in_b = (torch.bincount(labels.flatten() + 1, minlength=self.count + 1)[1:] for labels in self._labels)
        return in_a + in_b

    def source_of(self) -> torch.Tensor:
        """Return which source each unit lies in, `[count]`: 0 for a, 1 for b."""
        return (torch.bincount(self.labels_b.flatten() + 1, minlength=self.count + 1)[1:] > 0).long()

    def boxes(self) -> list[Box]:
        """Return the bounding box of each unit."""
        places = (find_objects(labels.numpy() + 1, max_label=self.count) for labels in self._labels)
        found = [in_a or in_b for in_a, in_b in zip(*places, strict=True)]
        return [Box(rows.start, columns.start, rows.stop, columns.stop) for rows, columns in found]

    def keep_maps(self, kept: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return which pixels of each source are shown, `[B, H, W]` each, for kept units `[B, count]` (bool)."""
        shown = torch.cat([kept, torch.ones(len(kept), 1, dtype=torch.bool, device=kept.device)], dim=1)
        return shown[:, self.labels_a.to(kept.device)], shown[:, self.labels_b.to(kept.device)]  # label -1: the last

    def means(self, map_a: torch.Tensor, map_b: torch.Tensor) -> torch.Tensor:
        """Return the mean of a map per source `[H, W]` over each unit, `[count]`."""
        total = torch.zeros(self.count + 1, dtype=torch.float64)
        for labels, values in ((self.labels_a, map_a), (self.labels_b, map_b)):
            total.index_add_(0, labels.flatten() % (self.count + 1), values.detach().cpu().double().flatten())
        return total[:-1] / self.areas()

    def spread(self, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return maps per source `[H, W]` that hold each unit's value; 0 where a source is never hidden."""
        padded = torch.cat([values, values.new_zeros(1)])
        return padded[self.labels_a], padded[self.labels_b]


def make_units(
    pair: ImagePair,
    how: str = "slic:100",
    *,
    which: Which = "both",
    guide: Literal["own", "a", "b", "mean"] | torch.Tensor = "own",
) -> Units:
    """Cut the sources into units.

    Args:
        pair: the sources.
        how: `"grid:CELL"` (squares of CELL pixels), `"slic:COUNT"` (about COUNT superpixels a source) or
            `"quickshift"` (LIME's settings; its count follows the image).
        which: the source that can be hidden, or both.
        guide: the image that is segmented: `"own"`, the source itself, and with both sources their mean, so that the
            halves correspond label by label; or a source, the mean, or any image `[H, W]`, such as the fused one.

    Raises:
        UnknownNameError: no such method, source or guide.
        InputError: a number that cannot be, a guide of another size, or more than 4096 units.
    """
    if which not in ("a", "b", "both"):
        raise UnknownNameError("source", str(which), ("a", "b", "both"))
    kind, _, number = how.partition(":")
    if kind not in _WAYS:
        raise UnknownNameError("way to make units", kind, _WAYS)
    image = _guide(pair, which, guide)
    labels = torch.from_numpy(_ordered(_WAYS[kind](image, _number(kind, number))))
    each = int(labels.max()) + 1
    never = torch.full_like(labels, NEVER)
    named = guide if isinstance(guide, str) else "image"
    if each * (2 if which == "both" else 1) > MOST:
        raise InputError(f"'{how}' gives {each} units a source and {MOST} are the most; ask for fewer or larger ones.")
    settings = {"units": how, "which": which, "guide": named}
    if which == "both":
        return Units(labels, labels + each, 2 * each, settings)
    return Units(labels, never, each, settings) if which == "a" else Units(never, labels, each, settings)


def units_from_labels(labels_a: object = None, labels_b: object = None) -> Units:
    """Make units of label images of one's own.

    Args:
        labels_a, labels_b: integers `[H, W]`, -1 where never hidden; None hides nothing of that source. A label that
            stands in both sources makes two units.

    Raises:
        InputError: no labels, not integers, or of different size.
    """
    given = [None if each is None else np.asarray(each) for each in (labels_a, labels_b)]
    shapes = {each.shape for each in given if each is not None}
    kinds = {each.dtype.kind for each in given if each is not None}
    if len(shapes) != 1 or len(next(iter(shapes))) != 2 or kinds - {"i", "u"}:
        raise InputError("Expected label images [H, W] of integers and of one size, for one source or both.")
    (shape,) = shapes
    made, count = [], 0
    for each in given:
        labels = np.full(shape, NEVER, np.int64)
        if each is not None and (each >= 0).any():
            labels = np.where(each >= 0, _ordered(each.astype(np.int64), each >= 0) + count, NEVER)
            count = int(labels.max()) + 1
        made.append(torch.from_numpy(labels))
    if count == 0:
        raise InputError("The label images hold no unit: every label is negative.")
    return Units(made[0], made[1], count, {"units": "given"})


def _guide(pair: ImagePair, which: Which, guide: str | torch.Tensor) -> npt.NDArray[np.float64]:
    a, b = (source.y.detach().cpu().double().numpy() for source in pair)
    if isinstance(guide, torch.Tensor):
        if tuple(guide.shape) != pair.size:
            raise InputError(f"Expected a guide image of shape {pair.size} but got {tuple(guide.shape)}.")
        return np.asarray(guide.detach().cpu().double().numpy())
    if guide == "own":
        guide = "mean" if which == "both" else which
    images = {"a": a, "b": b, "mean": (a + b) / 2}
    if guide not in images:
        raise UnknownNameError("guide", guide, ["own", *images])
    return np.asarray(images[guide])


def _number(kind: str, text: str) -> int:
    default = {"grid": "16", "slic": "100", "quickshift": "0"}[kind]
    try:
        number = int(text or default)
    except ValueError:
        number = 0
    if number < 1 and kind != "quickshift":
        raise InputError(f"Expected units like {kind}:{default} but got '{kind}:{text}'.")
    return number


def _grid(image: npt.NDArray[np.float64], cell: int) -> Labels:
    rows, columns = (np.arange(side) // cell for side in image.shape)
    return np.asarray(rows[:, None] * (columns[-1] + 1) + columns, np.int64)


def _slic(image: npt.NDArray[np.float64], count: int) -> Labels:
    from skimage.segmentation import slic

    # On colour images slic works in Lab, where lightness runs to 100: compactness 10 is 0.1 of a grey image in [0, 1].
    return np.asarray(slic(image, n_segments=count, compactness=0.1, channel_axis=None, start_label=0), np.int64)


def _quickshift(image: npt.NDArray[np.float64], _: int) -> Labels:
    from skimage.segmentation import quickshift

    return np.asarray(quickshift(np.repeat(image[..., None], 3, axis=2), **_QUICKSHIFT), np.int64)  # type: ignore[no-untyped-call]


_WAYS: dict[str, Callable[[npt.NDArray[np.float64], int], Labels]] = {
    "grid": _grid,
    "slic": _slic,
    "quickshift": _quickshift,
}


def _ordered(labels: Labels, counted: npt.NDArray[np.bool_] | None = None) -> Labels:
    """Number labels 0, 1, ... by the raster position of their first pixel."""
    flat = labels.ravel() if counted is None else labels[counted]
    values, first = np.unique(flat, return_index=True)
    rank = np.empty(len(values), np.int64)
    rank[np.argsort(first)] = np.arange(len(values))
    return np.asarray(rank[np.searchsorted(values, np.clip(labels, values[0], values[-1]))])


def bits(members: Sequence[int]) -> int:
    """Return the bitmask of a set of units."""
    mask = 0
    for unit in members:
        mask |= 1 << unit
    return mask


def as_matrix(sets: Sequence[int], count: int) -> torch.Tensor:
    """Return bitmasks as booleans `[len(sets), count]`."""
    width = (count + 7) // 8
    raw = np.frombuffer(b"".join(each.to_bytes(width, "little") for each in sets), np.uint8).reshape(len(sets), width)
    return torch.from_numpy(np.unpackbits(raw, axis=1, bitorder="little")[:, :count].astype(bool))
