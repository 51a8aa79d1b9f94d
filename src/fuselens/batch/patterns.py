"""Sequences of images: the files that a pattern stands for, and what two files of a pair have in common."""

from __future__ import annotations

import re
from pathlib import Path

from fuselens.core.errors import InputError
from fuselens.data.folders import image_stem, natural_key

_PRINTF = re.compile(r"%(?:0(\d+))?d")
_GLOB = re.compile(r"[*?\[]")


def is_pattern(path: Path) -> bool:
    """Say whether the last part of a path stands for many files: it has `*`, `?`, `[` or `%d`, and is none itself."""
    return not path.exists() and bool(_PRINTF.search(path.name) or _GLOB.search(path.name))


def files_of(pattern: Path) -> list[Path]:
    """Return the images that a pattern stands for, in natural order.

    Raises:
        InputError: there is none.
    """
    printf = _PRINTF.search(pattern.name)
    if printf:
        digits = rf"(\d{{{int(printf[1])},}})" if printf[1] else r"(\d+)"
        name = re.compile(re.escape(pattern.name[: printf.start()]) + digits + re.escape(pattern.name[printf.end() :]))
        found = [path for path in pattern.parent.glob("*") if name.fullmatch(path.name)]
    else:
        found = list(pattern.parent.glob(pattern.name))
    files = sorted((path for path in found if image_stem(path) and path.is_file()), key=lambda p: natural_key(p.name))
    if not files:
        raise InputError(f"No image is called {pattern}; check the folder and the pattern.")
    return files


def shared_name(a: Path, b: Path) -> str | None:
    """Return what the names of two files share: all of it, or the words that stand in both.

    Example:
        >>> shared_name(Path("ir/frame_012.png"), Path("vi/img_012.jpg"))
        '012'
    """
    one, other = (image_stem(path) or path.stem for path in (a, b))
    if one == other:
        return one.lstrip(".") or None
    words = set(re.split(r"[\W_]+", other))
    return "_".join(word for word in re.split(r"[\W_]+", one) if word in words).strip("_") or None
