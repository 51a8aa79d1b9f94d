"""Decode PNG, JPEG, BMP and still GIF files with Pillow, at their full depth.

Reference: PNG (W3C Recommendation, third edition), sections 11.2.1 and 11.3.1; EXIF 2.32, tag Orientation.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fuselens.core.errors import InputError
from fuselens.data.images import damaged

if TYPE_CHECKING:
    from PIL import ImageFile

Array = npt.NDArray[Any]
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF")
_ORIENTATION_TAG = 274
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error)


def read_raster(path: Path) -> Array:
    """Decode one file to `[H, W]` or `[H, W, 3]`: uint8, uint16, or (TIFF only) int32 or float32; turned upright.

    Raises:
        InputError: no image of a known format, damaged, animated, transparent, too large, or an unusual colour model.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as image:
                # An MPO is a photo followed by its preview or stereo partner: the first picture is the photo.
                frames = getattr(image, "n_frames", 1)
                if frames > 1 and image.format != "MPO":
                    raise InputError(f"{path} holds {frames} pictures (animated or several pages); save one of them.")
                array = _array_of(image, path)
                return upright(array, image.getexif().get(_ORIENTATION_TAG, 1))
    except InputError:
        raise
    except UnidentifiedImageError:
        raise InputError(f"{path} is no PNG, TIFF, JPEG or BMP image (or its start is damaged); export it.") from None
    except Image.DecompressionBombError:
        raise too_large(path) from None
    except _DAMAGE as error:
        raise damaged(path, error) from error


def upright(array: Array, orientation: int) -> Array:
    """Turn an image as its EXIF orientation (1..8) says; other values leave it."""
    turned = {
        2: lambda x: x[:, ::-1],
        3: lambda x: x[::-1, ::-1],
        4: lambda x: x[::-1],
        5: lambda x: x.swapaxes(0, 1),
        6: lambda x: np.rot90(x, -1),
        7: lambda x: x[::-1, ::-1].swapaxes(0, 1),
        8: lambda x: np.rot90(x, 1),
    }.get(orientation, lambda x: x)(array)
    return np.ascontiguousarray(turned)


def opaque_colour(array: Array, path: Path) -> Array:
    """Split the last channel off as alpha and drop it, if it is opaque everywhere.

    Args:
        array: `[H, W, 2]` or `[H, W, 4]`, integers.
        path: for the message.

    Raises:
        InputError: some pixel is transparent; what shows through is not ours to invent.
    """
    alpha = array[..., -1]
    if (alpha != np.iinfo(array.dtype).max).any():
        raise InputError(f"{path} has transparent pixels; flatten it onto a background and drop its alpha channel.")
    return array[..., 0] if array.shape[-1] == 2 else array[..., :-1]


def too_large(path: Path) -> InputError:
    """Return the error for an image beyond Pillow's limit against decompression bombs."""
    return InputError(
        f"{path} is larger than the limit of 2 x PIL.Image.MAX_IMAGE_PIXELS; crop it, or raise that limit if you "
        "trust the file."
    )


def _array_of(image: ImageFile.ImageFile, path: Path) -> Array:
    if image.format == "PNG" and "16B" in _raw_mode(image):
        return _deep_png(image, path)
    plain = {"P": "RGB", "PA": "RGBA", "1": "L"}.get(image.mode, image.mode)
    mode = "RGBA" if "transparency" in image.info else plain
    array = np.asarray(image.convert(mode) if mode != image.mode else image)
    if mode in ("LA", "RGBA"):
        return opaque_colour(array, path)
    if mode in ("L", "RGB", "F", "I"):
        return array
    if mode.startswith("I;16"):
        return array.astype(np.uint16)
    raise InputError(f"{path} is stored in the colour model {mode}; convert it to grey or RGB.")


def _deep_png(image: ImageFile.ImageFile, path: Path) -> Array:
    """Decode a 16-bit PNG.

    Pillow keeps only the high byte of 16-bit colour. Its little-endian unpackers take the other byte of each sample,
    so decoding twice gives both; grey with alpha is four bytes a pixel and is taken apart by hand.
    """
    from PIL import Image

    if "transparency" in image.info:
        raise InputError(f"{path} has a transparent colour; flatten it onto a background first.")
    raw_mode = _raw_mode(image)
    if raw_mode == "I;16B":
        return np.asarray(image).astype(np.uint16)
    if raw_mode == "LA;16B":
        _set_raw_mode(image, "RGBA")
        return opaque_colour(np.asarray(image).view(">u2").astype(np.uint16), path)
    with Image.open(path, formats=("PNG",)) as again:
        _set_raw_mode(again, raw_mode.replace("16B", "16L"))
        low_bytes = np.asarray(again)
    array = (np.asarray(image).astype(np.uint16) << 8) | low_bytes
    return opaque_colour(array, path) if array.shape[-1] == 4 else array


def _raw_mode(image: ImageFile.ImageFile) -> str:
    """Return Pillow's name for the layout of the file's samples, such as `"RGB;16B"`."""
    arguments = image.tile[0][3] if image.tile else ""
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)


def _set_raw_mode(image: ImageFile.ImageFile, raw_mode: str) -> None:
    tiles: list[Any] = image.tile
    codec, box, offset, _ = tiles[0]
    tiles[0] = (codec, box, offset, raw_mode)
