"""Files that pages send: kept under names of our own in a private folder, until newer ones take their place.

Nothing that a page says becomes a path: of a file's name only its suffix counts, and that comes from a fixed list.
"""

from __future__ import annotations

import secrets
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from fuselens.core.errors import InputError
from fuselens.core.pair import ImagePair
from fuselens.data.images import IMAGE_SUFFIXES, Window
from fuselens.data.pairs import guess_names, read_source
from fuselens.viewer.picture_size import picture_size

UPLOAD_BYTES = 64 * 2**20
PIXELS = 2**24
MOST_FILES = 24
LONGEST_NAME = 120


@dataclass(frozen=True)
class Upload:
    """A file that a page sent: where we put it, and what the page calls it."""

    path: Path
    name: str


class Uploads:
    """The files of one viewer."""

    def __init__(self) -> None:
        """Make the private folder."""
        self._folder = tempfile.TemporaryDirectory(prefix="fuselens-view-")
        self._files: dict[str, Upload] = {}
        self._lock = threading.Lock()

    def add(self, content: bytes, name: str) -> Upload:
        """Keep a file and return it; its key is that of its path.

        Raises:
            InputError: no image of a known kind, damaged, or too large.
        """
        shown = shown_name(name)
        suffix = next((each for each in IMAGE_SUFFIXES if shown.lower().endswith(each)), None)
        if suffix is None:
            raise InputError(f"'{shown}' is no image that can be uploaded; take one of {', '.join(IMAGE_SUFFIXES)}.")
        upload = Upload(Path(self._folder.name) / f"{secrets.token_hex(16)}{suffix}", shown)
        upload.path.write_bytes(content)
        try:
            _checked(upload)
        except Exception:
            upload.path.unlink()
            raise
        with self._lock:
            self._files[upload.path.stem] = upload
            for key in list(self._files)[:-MOST_FILES]:
                self._files.pop(key).path.unlink(missing_ok=True)
        return upload

    def pair(self, keys: tuple[str, str], names: tuple[str, str] | None, window: Window) -> ImagePair:
        """Read two uploaded files as a pair; `window` as for `read_pair`.

        Raises:
            InputError: no such files, or they are no pair.
        """
        with self._lock:
            found = [self._files.get(key) for key in keys]
        if found[0] is None or found[1] is None:
            raise InputError("An uploaded file is no longer there; drop both files again.")
        called = names or guess_names(Path(found[0].name), Path(found[1].name))
        a, b = (_read(upload, name, window) for upload, name in zip(found, called, strict=True) if upload)
        return ImagePair(a, b)

    def close(self) -> None:
        """Remove all files."""
        self._folder.cleanup()


def shown_name(name: str) -> str:
    r"""Return the last part of a file's name, printable and short, for people to read.

    Example:
        >>> shown_name("../../etc/ir.png"), shown_name("C:\\pictures\\vi.tif")
        ('ir.png', 'vi.tif')
    """
    last = PurePosixPath(name.replace("\\", "/")).name
    return "".join(c for c in last if c.isprintable())[-LONGEST_NAME:] or "image"


def _checked(upload: Upload) -> None:
    """Refuse what is no image, or too large, before its pixels are decoded."""
    width, height = _in_its_words(upload, picture_size, upload.path)
    if width * height > PIXELS:
        raise InputError(
            f"'{upload.name}' has {width} x {height} pixels and the viewer takes at most {PIXELS:,}; crop it, or use "
            "fuselens explain."
        )


def _read(upload: Upload, name: str, window: Window) -> Any:
    source = _in_its_words(upload, read_source, upload.path, name, window=window)
    return replace(source, origin=upload.name)


def _in_its_words(upload: Upload, read: Any, *arguments: Any, **settings: Any) -> Any:
    """Call a reader; its complaints name the file as the page does, not where it lies."""
    try:
        return read(*arguments, **settings)
    except InputError as error:
        raise InputError(str(error).replace(str(upload.path), f"'{upload.name}'")) from None
