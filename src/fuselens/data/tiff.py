"""Decode TIFF files at their full depth: 8 and 16 bit, wider integers, float; grey and RGB.

Reference: TIFF 6.0 (Adobe, 1992). Pillow keeps the depth of everything up to 8 bit and of single-channel 16-bit and
float files, in every compression; tifffile reads the rest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fuselens.core.errors import InputError
from fuselens.data.images import damaged
from fuselens.data.raster import opaque_colour, read_raster, too_large, upright

Array = npt.NDArray[Any]
_ALPHA = (1, 2)
_GREY, _GREY_INVERTED, _RGB = 1, 0, 2


def read_tiff(path: Path) -> Array:
    """Decode a TIFF of one page to `[H, W]` or `[H, W, 3]` in its own number type, turned upright.

    Raises:
        InputError: damaged, several pages, transparent, more than three channels, too large, or compressed in a way
            that needs another program.
    """
    import tifffile
    from PIL import Image

    page: Any = None
    try:
        with tifffile.TiffFile(path) as file:
            everything: list[Any] = list(file.pages)
            pages = [page for page in everything if not page.is_reduced]
            # ImageJ keeps a stack behind one page: the series is then larger than the page.
            if len(pages) != 1 or file.series[0].size > pages[0].size:
                raise InputError(f"{path} holds several pages or a stack; save one page as its own file.")
            page = pages[0]
            if Image.MAX_IMAGE_PIXELS and page.imagewidth * page.imagelength > 2 * Image.MAX_IMAGE_PIXELS:
                raise too_large(path)
            if _pillow_keeps_depth(page):
                return read_raster(path)
            return _array_of(page, path)
    except InputError:
        raise
    except Exception as error:  # tifffile raises whatever its parser stumbles over
        if "imagecodecs" in str(error):
            raise InputError(
                f"{path} is compressed by {page.compression.name} at this depth; save it with no compression or with "
                "deflate."
            ) from error
        raise damaged(path, error) from error


def _pillow_keeps_depth(page: Any) -> bool:
    if page.bitspersample <= 8:
        return True
    return bool(page.samplesperpixel == 1 and page.photometric == _GREY and page.dtype in (np.uint16, np.float32))


def _array_of(page: Any, path: Path) -> Array:
    known = (_GREY, _RGB, _GREY_INVERTED) if page.dtype.kind == "u" else (_GREY, _RGB)
    if page.photometric not in known:
        raise InputError(f"{path} is stored in the colour model {page.photometric.name}; convert it to grey or RGB.")
    array: Array = page.asarray()
    if array.ndim == 3 and page.axes.startswith("S"):
        array = np.moveaxis(array, 0, -1)
    if page.extrasamples and page.extrasamples[0] in _ALPHA and len(page.extrasamples) == 1:
        array = opaque_colour(array, path)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[-1] != 3):
        raise InputError(f"{path} has {page.samplesperpixel} channels; save it as grey or RGB.")
    if page.photometric == _GREY_INVERTED:
        array = np.iinfo(array.dtype).max - array
    orientation = page.tags.get("Orientation")
    return upright(array, int(orientation.value) if orientation else 1)
