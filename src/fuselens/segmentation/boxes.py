"""Weak labels: boxes round persons, bicycles and cars, made into label maps by what the images show inside them.

In each box a random walker (Grady, IEEE TPAMI 2006) spreads two kinds of seeds over the image: outside of the box is
surroundings, and inside it the warmest (or otherwise most deviant) pixels near the middle, or the middle itself, are
object. What the walker is not sure of is ignored, and so is a rim where annotations and registration are off by a few
pixels. The maps are evidence, not truth: they carry the annotators' omissions and the walker's mistakes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fuselens.core.errors import InputError
from fuselens.segmentation.classes import BOXES
from fuselens.segmentation.protocol import IGNORED

Plane = NDArray[np.float32]
PERSON, BICYCLE = 1, 2
SAME = 0.5  # intersection over union from which on two annotations mean one object
MARGIN = 0.3  # of the box's sides: how much of the surroundings the walker sees
WALKED = 56  # longest side, in pixels, on which the walker walks
RIM = 3  # pixels round a box that annotation and registration may be off
SURE, SURELY_NOT = 0.65, 0.25
STIFFNESS = 90.0  # of the walker: how much a step in the image holds it
FLAT = 1 / 255  # what varies by less shows nothing
CONTRAST = 1.5  # in spreads of the surroundings, from which on warmth tells a person
TRUNK, BODY, FRAME, CHASSIS = (0.25, 0.7), (0.5, 0.9), (0.45, 0.45), (0.72, 0.6)
"""Half axes of ellipses that lie on an object of a class (a person's body: may lie), in halves of its box."""
FILL = {PERSON: (0.15, 0.92), BICYCLE: (0.1, 1.0), 3: (0.35, 1.0)}
"""Share of its box that an object of a class fills; a result outside of it is ignored."""


@dataclass(frozen=True)
class Box:
    """One annotated object; pixels from `top` to `bottom` and `left` to `right`, the ends excluded."""

    label: int
    top: int
    left: int
    bottom: int
    right: int

    @property
    def area(self) -> int:
        """Pixels of the box."""
        return (self.bottom - self.top) * (self.right - self.left)

    def overlap(self, other: Box) -> float:
        """Return intersection over union."""
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        width = min(self.right, other.right) - max(self.left, other.left)
        shared = max(0, height) * max(0, width)
        return shared / (self.area + other.area - shared)


def read_boxes(path: Path, size: tuple[int, int]) -> list[Box]:
    """Read a text file of boxes for an image of `size` (height, width): `class x_centre y_centre width height` a line.

    All but the class are fractions of the image; an empty file is an image without objects.

    Raises:
        InputError: no such file, or a line that is no box of a known class.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The boxes {path} cannot be read: {error}; check the folder.") from error
    boxes = [_box(line, path, number, size) for number, line in enumerate(lines, 1) if line.strip()]
    return [box for box in boxes if box.area > 0]


def _box(line: str, path: Path, number: int, size: tuple[int, int]) -> Box:
    try:
        kind, *place = line.split()
        label, (x, y, width, height) = int(kind) + 1, map(float, place)
        if not 0 < label < len(BOXES) or not np.isfinite([x, y, width, height]).all() or min(width, height) < 0:
            raise ValueError
    except ValueError:
        raise InputError(
            f"Line {number} of {path} is no box: expected 'class x y width height' with a class of 0 to "
            f"{len(BOXES) - 2} and fractions of the image but got '{line.strip()}'."
        ) from None
    rows = np.clip(np.round(size[0] * np.array((y - height / 2, y + height / 2))), 0, size[0]).astype(int)
    columns = np.clip(np.round(size[1] * np.array((x - width / 2, x + width / 2))), 0, size[1]).astype(int)
    return Box(label, int(rows[0]), int(columns[0]), int(rows[1]), int(columns[1]))


def merge_boxes(*annotations: list[Box]) -> list[Box]:
    """Return every object once; where several annotations show it, as the first of them does."""
    kept: list[Box] = []
    for box in (box for boxes in annotations for box in boxes):
        if all(box.label != other.label or box.overlap(other) < SAME for other in kept):
            kept.append(box)
    return kept


def weak_labels(infrared: Plane, visible: Plane, boxes: list[Box]) -> NDArray[np.int64]:
    """Return the label map `[H, W]` of boxes in the numbers of `BOXES`; 255 where it is not known.

    Args:
        infrared, visible: `[H, W]` in `[0, 1]`.
        boxes: of the same image; small ones lie before large ones.
    """
    labels = np.zeros(infrared.shape, dtype=np.int64)
    for box in sorted(boxes, key=lambda box: -box.area):
        inside = _refined(infrared, visible, box)
        rows, columns = _grown(box, RIM, infrared.shape)
        rim = np.full((rows.stop - rows.start, columns.stop - columns.start), IGNORED, dtype=np.int64)
        rim[_within(box, rows, columns)] = inside
        below = labels[rows, columns]
        # A box says nothing of what an earlier one found in its surroundings.
        labels[rows, columns] = np.where((rim == 0) | ((rim == IGNORED) & (below > 0)), below, rim)
    return labels


def _refined(infrared: Plane, visible: Plane, box: Box) -> NDArray[np.int64]:
    """Label the pixels of one box: its class, 0, or 255."""
    chance = _chance(infrared, visible, box)
    known = np.where(chance > SURE, box.label, np.where(chance < SURELY_NOT, 0, IGNORED))
    if box.label == BICYCLE:
        known[known == 0] = IGNORED  # one looks through a bicycle
    elif box.label == PERSON:
        v, u = np.meshgrid(*(np.linspace(-1, 1, side, dtype=np.float32) for side in known.shape), indexing="ij")
        known[(known == 0) & _ellipse(u, v, BODY)] = IGNORED  # a thick coat is as cold as the air
    least, most = FILL[box.label]
    return known if least <= (known == box.label).mean() <= most else np.full_like(known, IGNORED)


def _chance(infrared: Plane, visible: Plane, box: Box) -> Plane:
    """Return the random walker's chance that each pixel of the box belongs to its object."""
    from skimage.segmentation import random_walker

    margin = max(3, round(MARGIN * max(box.bottom - box.top, box.right - box.left)))
    rows, columns = _grown(box, margin, infrared.shape)
    shape = rows.stop - rows.start, columns.stop - columns.start
    scale = min(1.0, WALKED / max(shape))
    small = tuple(max(4, round(scale * side)) for side in shape)
    planes = [_resized(plane[rows, columns], small) for plane in (infrared, visible)]
    y, x = np.meshgrid(*(np.linspace(0.5, side - 0.5, count) for side, count in zip(shape, small, strict=True)),
                       indexing="ij")  # fmt: skip
    # Minus one to one from edge to edge of the box.
    u = (x + columns.start - box.left) / (box.right - box.left) * 2 - 1
    v = (y + rows.start - box.top) / (box.bottom - box.top) * 2 - 1
    outside = (np.abs(u) > 1) | (np.abs(v) > 1)
    seeds = np.where(outside, 2, np.where(_object_seeds(planes[0], u, v, outside, box.label), 1, 0))
    if len(np.unique(seeds)) < 3 or not any(np.ptp(plane) > FLAT for plane in planes):
        return np.full((box.bottom - box.top, box.right - box.left), 0.5, dtype=np.float32)
    data = np.stack([_even(plane) for plane in planes], axis=-1)
    chance = random_walker(data, seeds, beta=STIFFNESS, mode="bf", return_full_prob=True, channel_axis=-1)[0]
    whole = _resized(chance, shape)
    return np.asarray(whole[_within(box, rows, columns)], dtype=np.float32)


def _object_seeds(infrared: Plane, u: Plane, v: Plane, outside: NDArray[np.bool_], label: int) -> NDArray[np.bool_]:
    """Return pixels that are taken for object: a person's warmth in the body's place, else the middle of the box."""
    from skimage.filters import threshold_otsu

    if label != PERSON:
        return _ellipse(u, v, FRAME if label == BICYCLE else CHASSIS)
    trunk = _ellipse(u, v, TRUNK)
    around, within = infrared[outside], infrared[~outside]
    spread = 1.4826 * np.median(np.abs(around - np.median(around))) + 0.02
    warm = infrared > threshold_otsu(within) if np.ptp(within) > 0 else np.zeros_like(outside)  # type: ignore[no-untyped-call]
    stands_out = warm.any() and np.median(infrared[warm & ~outside]) - np.median(around) > CONTRAST * spread
    return warm & (np.abs(u) < 0.75) & (np.abs(v) < 0.92) if stands_out else trunk


def _grown(box: Box, margin: int, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return the rows and columns of a box and `margin` pixels round it, as far as there are."""
    rows = slice(max(0, box.top - margin), min(shape[0], box.bottom + margin))
    return rows, slice(max(0, box.left - margin), min(shape[1], box.right + margin))


def _ellipse(u: Plane, v: Plane, half: tuple[float, float]) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = (u / half[0]) ** 2 + (v / half[1]) ** 2 < 1
    return inside


def _resized(plane: Plane, size: tuple[int, ...]) -> Plane:
    from skimage.transform import resize

    resized = resize(plane, size, order=1, anti_aliasing=size < plane.shape)  # type: ignore[no-untyped-call]
    return np.asarray(resized, dtype=np.float32)


def _within(box: Box, rows: slice, columns: slice) -> tuple[slice, slice]:
    """Return the rows and columns of a box in a window."""
    return (
        slice(box.top - rows.start, box.bottom - rows.start),
        slice(box.left - columns.start, box.right - columns.start),
    )


def _even(plane: Plane) -> Plane:
    """Scale a window to unit spread, that the walker feels the same steps at night as by day."""
    return np.asarray((plane - plane.mean()) / max(float(plane.std()), 0.02), dtype=np.float32)
