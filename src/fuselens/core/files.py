"""Write results whole or not at all: a temporary file in the same folder, then one rename.

Reference: PNG (W3C Recommendation, third edition), sections 9.2 and 11, for 16-bit colour, which Pillow cannot write.
"""

from __future__ import annotations

import json
import math
import secrets
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fuselens.core.errors import InputError
from fuselens.core.pair import Depth

_DEPTHS: dict[str, tuple[Depth, ...]] = {
    ".png": ("uint8", "uint16"),
    ".tif": ("uint8", "uint16", "float32"),
    ".tiff": ("uint8", "uint16", "float32"),
    ".jpg": ("uint8",),
    ".jpeg": ("uint8",),
    ".bmp": ("uint8",),
}


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a path to write to; when the block ends it becomes `path`, and when the block fails it is removed.

    The yielded path lies in the same folder and has the same suffix.

    Raises:
        InputError: the folder is missing, `path` is a folder, or the system refuses to write.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise InputError(f"Cannot write {path}: there is no folder {path.parent}; make it first.")
    temporary = path.with_name(f".{secrets.token_hex(8)}{path.suffix}")
    try:
        if path.is_dir():
            raise InputError(f"Cannot write {path}: it is a folder; name a file in it.")
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"Cannot write {path}: {error.strerror or error}; choose another place.") from error
    finally:
        temporary.unlink(missing_ok=True)


def prepare_folder(path: str | Path) -> Path:
    """Make a folder for results, with its parents, and prove that it can be written to.

    Raises:
        InputError: a file is in the way, or the system refuses.
    """
    folder = Path(path)
    probe = folder / f".{secrets.token_hex(4)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        reason = "a file is in the way" if isinstance(error, FileExistsError | NotADirectoryError) else error.strerror
        raise InputError(f"Cannot make or write the folder {folder}: {reason}; choose another place.") from error
    return folder


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text.

    Raises:
        InputError: as `atomic_path`.
    """
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, data: Any) -> None:
    """Write JSON that every reader takes: NumPy numbers and arrays as plain ones, NaN and infinities as null.

    Raises:
        InputError: as `atomic_path`.
        TypeError: something in `data` has no JSON form.
    """
    write_text(path, json.dumps(plain(data), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_npz(path: str | Path, arrays: Mapping[str, npt.ArrayLike]) -> None:
    """Write named arrays as a compressed `.npz`.

    Raises:
        InputError: as `atomic_path`.
    """
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        values: dict[str, Any] = {name: np.asarray(array) for name, array in arrays.items()}
        np.savez_compressed(file, **values)


def write_image(path: str | Path, array: npt.NDArray[Any]) -> None:
    """Write an image; the suffix decides the format.

    Args:
        path: `.png` (8 and 16 bit), `.tif` (8 and 16 bit, float), `.jpg` or `.bmp` (8 bit).
        array: `[H, W]` or `[H, W, 3]`; uint8, uint16 or float32, in the file's own values.

    Raises:
        InputError: unknown suffix, a depth that the format does not hold, no image, or as `atomic_path`.
    """
    path = Path(path)
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[-1] == 3)) or array.size == 0:
        raise InputError(f"Expected an image [H, W] or [H, W, 3] for {path} but got shape {array.shape}.")
    array = np.ascontiguousarray(array)
    depths = _depths_of(path)
    if array.dtype.name not in depths:
        raise InputError(f"{path.suffix} files hold {' or '.join(depths)}, not {array.dtype.name}; convert it first.")
    with atomic_path(path) as temporary:
        if path.suffix.lower() in (".tif", ".tiff"):
            import tifffile

            colour = "rgb" if array.ndim == 3 else "minisblack"
            tifffile.imwrite(temporary, array, photometric=colour, metadata=None)
        elif array.ndim == 3 and array.dtype == np.uint16:
            temporary.write_bytes(deep_png(array))
        else:
            from PIL import Image

            # Full chroma resolution and little loss; formats without these settings ignore them.
            Image.fromarray(array).save(temporary, quality=95, subsampling=0)


def writable_depth(path: str | Path, depth: Depth) -> Depth:
    """Return the deepest number type, up to `depth`, that the format of `path` holds.

    Raises:
        InputError: unknown suffix.

    Example:
        >>> writable_depth("fused.jpg", "uint16"), writable_depth("fused.png", "float32")
        ('uint8', 'uint16')
    """
    depths = _depths_of(Path(path))
    return depth if depth in depths else depths[-1]


def deep_png(array: npt.NDArray[np.uint16]) -> bytes:
    """Encode `[H, W, 3]` uint16 as the bytes of a PNG file of 16-bit colour."""
    height, width = array.shape[:2]
    samples = array.astype(">u2").reshape(height, width * 3).view(np.uint8)
    rows = np.empty((height, 1 + samples.shape[1]), np.uint8)
    rows[:, 0] = 1  # filter Sub: each byte less the one of the pixel to its left, six bytes before
    rows[:, 1:7] = samples[:, :6]
    rows[:, 7:] = samples[:, 6:] - samples[:, :-6]
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def plain(value: Any) -> Any:
    """Return `value` made of what JSON knows; NaN and infinities become None.

    Example:
        >>> plain({"score": np.float32(0.5), "box": (1, 2), "psnr": float("inf")})
        {'score': 0.5, 'box': [1, 2], 'psnr': None}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _depths_of(path: Path) -> tuple[Depth, ...]:
    try:
        return _DEPTHS[path.suffix.lower()]
    except KeyError:
        raise InputError(f"Cannot write the image {path}: its suffix must be one of {', '.join(_DEPTHS)}.") from None
