"""The files of the page: a fixed list, read from the package when the viewer starts. No request becomes a path."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}


def page_files() -> dict[str, Traversable]:
    """Return the files by the name that a request gives, such as `main.js` or `icons/sun.svg`."""
    return dict(_files_in(resources.files("fuselens.viewer") / "page", ""))


def type_of(name: str) -> str:
    """Return the media type of a file of the page."""
    return TYPES[_suffix(name)]


def _files_in(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    found = []
    for item in sorted(folder.iterdir(), key=lambda each: each.name):
        name = prefix + item.name
        if item.is_dir():
            found += _files_in(item, f"{name}/")
        elif _suffix(name) in TYPES:
            found.append((name, item))
    return found


def _suffix(name: str) -> str:
    return "." + name.rpartition(".")[2].lower()
