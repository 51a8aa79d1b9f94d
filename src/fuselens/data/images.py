"""Read one image file without losing depth: 8 and 16 bit and float, with the values that stand for 0 and 1.

Reference: DESIGN "Size and depth". The decoders live in `raster` (PNG, JPEG, BMP, GIF) and `tiff`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from fuselens.core.errors import InputError
from fuselens.core.pair import Depth

Array = npt.NDArray[Any]
Window = tuple[float, float] | Literal["percentile"] | None
Normalize = Literal["minmax"] | None

IMAGE_SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp", ".gif")
FULL_RANGE: dict[Depth, tuple[float, float]] = {
    "uint8": (0.0, 255.0),
    "uint16": (0.0, 65535.0),
    "float32": (0.0, 1.0),
}
PERCENTILES = (0.1, 99.9)
_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


@dataclass(frozen=True, eq=False)
class RawImage:
    """One image as its file holds it.

    Attributes:
        array: `[H, W]` or `[H, W, 3]`, in the file's own values.
        depth: number type to write a result in.
        low, high: the values that stand for 0 and 1; `low > high` for inverted scales (DICOM MONOCHROME1).
        path: the file.
    """

    array: Array
    depth: Depth
    low: float
    high: float
    path: Path

    def unit(self) -> npt.NDArray[np.float32]:
        """Return the image in `[0, 1]`: `(value - low) / (high - low)`, clipped; all 0 where low equals high."""
        span = self.high - self.low
        if span == 0:
            return np.zeros(self.array.shape, np.float32)
        unit = (self.array.astype(np.float32) - np.float32(self.low)) / np.float32(span)
        return np.clip(unit, 0, 1, out=unit)


def read_image(path: str | Path, *, window: Window = None, normalize: Normalize = None) -> RawImage:
    """Read a PNG, TIFF, JPEG, BMP or still GIF file.

    EXIF orientation is applied, palettes are expanded, an opaque alpha channel is dropped.

    Args:
        path: the file; its content decides the format, not its suffix.
        window: values that become 0 and 1 for 16-bit and float files: None for the full range, `(low, high)`, or
            `"percentile"` for the 0.1 and 99.9 percentiles (12- and 14-bit thermal images in 16-bit files look black
            at full range). 8-bit files always keep their full range.
        normalize: `"minmax"` stretches by the image's own extremes, for numbers of papers that did so.

    Raises:
        InputError: no such file, no image, damaged, animated, several pages, transparent, too large, NaN, or float
            values outside `[0, 1]` without a window.
    """
    path = Path(path)
    array = upright_array(path)
    depth = _depth_of(array)
    if depth == "float32" and array.dtype != np.float32:
        array = array.astype(np.float32)
    low, high = value_range(array, depth, path, window=window, normalize=normalize)
    return RawImage(array, depth, low, high, path)


def upright_array(path: Path) -> Array:
    """Decode a file to `[H, W]` or `[H, W, 3]` in its own number type, turned upright.

    Raises:
        InputError: as `read_image`.
    """
    from fuselens.data.raster import read_raster
    from fuselens.data.tiff import read_tiff

    head = first_bytes(path)
    array = read_tiff(path) if head in _TIFF_MAGIC else read_raster(path)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InputError(f"{path} holds NaN or infinite values; replace them before fusing.")
    return array


def first_bytes(path: Path, count: int = 4) -> bytes:
    """Return how a file begins.

    Raises:
        InputError: no such file, a folder, not readable, or empty.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder; name one image file in it.")
    try:
        with path.open("rb") as file:
            head = file.read(count)
    except FileNotFoundError:
        raise InputError(f"There is no file {path}; check the name.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    if not head:
        raise InputError(f"{path} is empty (0 bytes); copy or export it again.")
    return head


def damaged(path: Path, error: Exception) -> InputError:
    """Return the error for a file that a decoder stumbled over, its own words in one line."""
    return InputError(f"{path} is damaged or incomplete ({' '.join(str(error).split())}); copy or export it again.")


def value_range(
    array: Array, depth: Depth, path: Path, *, window: Window = None, normalize: Normalize = None
) -> tuple[float, float]:
    """Return the values of `array` that stand for 0 and 1; the arguments are those of `read_image`.

    Raises:
        InputError: contradictory or unknown settings, or float values outside `[0, 1]` without a window.
    """
    asked = asked_range(array, window, normalize)
    if asked and (normalize or depth != "uint8"):
        return asked
    low, high = float(array.min()), float(array.max())
    if depth == "float32" and (low < 0 or high > 1):
        raise InputError(
            f"{path} holds values {low:.6g}..{high:.6g} and float images are expected in [0, 1]; give the values that "
            f"stand for black and white, such as window=({low:.6g}, {high:.6g})."
        )
    return FULL_RANGE[depth]


def asked_range(array: Array, window: Window, normalize: Normalize) -> tuple[float, float] | None:
    """Return the range that a window or min-max normalisation asks for, or None where neither was given.

    Raises:
        InputError: both were given, or one of them is no known setting.
    """
    if normalize not in (None, "minmax"):
        raise InputError(f"Expected normalize 'minmax' or nothing but got {normalize!r}.")
    if normalize and window is not None:
        raise InputError("Both a window and normalize='minmax' were given; choose one of them.")
    if normalize:
        return float(array.min()), float(array.max())
    if window is None:
        return None
    if window == "percentile":
        low, high = (float(value) for value in np.percentile(array, PERCENTILES))
        return (low, high) if low < high else (float(array.min()), float(array.max()))
    if isinstance(window, str) or len(window) != 2 or not window[0] < window[1]:
        raise InputError(f"Expected a window 'percentile' or (low, high) with low < high but got {window!r}.")
    return float(window[0]), float(window[1])


def to_file_values(unit: npt.ArrayLike, depth: Depth, scale: tuple[float, float] | None = None) -> Array:
    """Turn `[0, 1]` into a file's values: the inverse of `RawImage.unit`.

    Args:
        unit: any shape, clipped to `[0, 1]`.
        depth: number type of the result; integers are rounded.
        scale: the values that stand for 0 and 1; None for the full range of `depth`.

    Example:
        >>> to_file_values([0.0, 0.5, 1.0], "uint8").tolist()
        [0, 128, 255]
    """
    low, high = scale or FULL_RANGE[depth]
    values = low + np.clip(np.asarray(unit, np.float64), 0, 1) * (high - low)
    return (values if depth == "float32" else np.rint(values)).astype(depth)


def _depth_of(array: Array) -> Depth:
    """Return the depth that keeps the array's values: integers beyond 16 bit, and signed ones, count as float."""
    if array.dtype == np.uint8:
        return "uint8"
    return "uint16" if array.dtype == np.uint16 else "float32"
