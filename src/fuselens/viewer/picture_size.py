"""How large a picture is, from the head of its file: known before any pixel is decoded."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from fuselens.core.errors import InputError
from fuselens.data.images import damaged, first_bytes
from fuselens.data.raster import FORMATS


def picture_size(path: Path) -> tuple[int, int]:
    """Return width and height.

    Raises:
        InputError: no picture of a known format, or damaged.
    """
    first_bytes(path)  # refuses an empty file
    import tifffile
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as image:
                return image.size
    except UnidentifiedImageError:
        pass  # tifffile knows kinds of TIFF that Pillow does not
    except Exception as error:  # decoders raise whatever they stumble over
        raise damaged(path, error) from error
    try:
        with tifffile.TiffFile(path) as file:
            page: Any = file.pages[0]
            return int(page.imagewidth), int(page.imagelength)
    except Exception:
        raise InputError(f"{path} is no PNG, TIFF, JPEG or BMP image (or its start is damaged); export it.") from None
