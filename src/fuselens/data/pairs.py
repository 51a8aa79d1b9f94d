"""Read two files as one pair: luma to fuse, chroma to carry, and the depth to write back.

Reference: DESIGN "Colour" and "Size and depth".
"""

from __future__ import annotations

import re
from pathlib import Path

import torch

from fuselens.core.modalities import canonical_modality, is_known_modality
from fuselens.core.pair import ImagePair, Source
from fuselens.data.colour import is_grey, split_colour
from fuselens.data.images import Normalize, RawImage, Window, read_image
from fuselens.data.medical import is_medical, read_medical


def read_pair(
    path_a: str | Path,
    path_b: str | Path,
    names: tuple[str, str] | None = None,
    *,
    keep_colour: bool = True,
    normalize: Normalize = None,
    window: Window = None,
    slice_index: int | None = None,
) -> ImagePair:
    """Read two registered images of one scene.

    Args:
        path_a: PNG, TIFF, JPEG, BMP, NIfTI or DICOM file.
        path_b: the other image, of the same size.
        names: modality names; without them they are read off the folders' names, then the files' names, else a and b.
        keep_colour: carry the chroma of coloured sources; False reads their luma alone.
        normalize: `"minmax"` stretches each image by its own extremes, for numbers of papers that did so.
        window: values that become 0 and 1 in files deeper than 8 bit: `(low, high)` or `"percentile"`.
        slice_index: which slice of a volume along its third axis (inferior to superior); the middle one by default.

    Returns:
        The pair; each source remembers its depth and range.

    Raises:
        InputError: a file cannot be read as an image, or the two differ in size.
    """
    paths = Path(path_a), Path(path_b)
    a, b = (
        read_source(path, name, keep_colour=keep_colour, normalize=normalize, window=window, slice_index=slice_index)
        for path, name in zip(paths, names or guess_names(*paths), strict=True)
    )
    return ImagePair(a, b)


def read_source(
    path: str | Path,
    name: str,
    *,
    keep_colour: bool = True,
    normalize: Normalize = None,
    window: Window = None,
    slice_index: int | None = None,
) -> Source:
    """Read one image as luma and chroma; the arguments are those of `read_pair`.

    Raises:
        InputError: the file cannot be read as an image.
    """
    path = Path(path)
    if is_medical(path):
        raw = read_medical(path, window=window, normalize=normalize, slice_index=slice_index)
    else:
        raw = read_image(path, window=window, normalize=normalize)
    return source_of(raw, name, keep_colour=keep_colour)


def source_of(raw: RawImage, name: str, *, keep_colour: bool = True) -> Source:
    """Return an image, as a file or a video holds it, as luma and chroma; the arguments are those of `read_pair`."""
    unit = torch.from_numpy(raw.unit())
    chroma = None
    if unit.ndim == 3:
        rgb = unit.movedim(-1, 0)
        y, colours = split_colour(rgb)
        chroma = colours if keep_colour and not is_grey(rgb) else None
    else:
        y = unit
    return Source(
        y.contiguous(),
        canonical_modality(name),
        chroma=chroma,
        depth=raw.depth,
        low=raw.low,
        high=raw.high,
        origin=str(raw.path),
    )


def guess_names(path_a: Path, path_b: Path) -> tuple[str, str]:
    """Guess two modality names from the folders' names, then from the words in the files' names.

    Example:
        >>> guess_names(Path("set/ir/7.png"), Path("set/vi/7.png"))
        ('infrared', 'visible')
        >>> guess_names(Path("left.png"), Path("street_rgb.png"))
        ('a', 'visible')
    """
    a, b = (_known_name(path) for path in (path_a, path_b))
    if a == b:
        a, b = (_known_word(path.stem) for path in (path_a, path_b))
    if a == b:
        return "a", "b"
    return a or "a", b or "b"


def _known_name(path: Path) -> str | None:
    folder = path.parent.name
    return canonical_modality(folder) if is_known_modality(folder) else _known_word(path.stem)


def _known_word(stem: str) -> str | None:
    """Return the first modality among the words of a file name; hyphens may be part of a word (`near-infrared`)."""
    words = re.split(r"[_\s.]+", stem) + re.split(r"[-_\s.]+", stem)
    return next((canonical_modality(word) for word in words if is_known_modality(word)), None)
