"""The journal of a scoring run: one line a scored image, so that an interrupted run goes on where it stopped.

A score is reused only if the settings are the same and neither the sources' files nor the fused file have changed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fuselens.core.errors import InputError

Scores = list[Any]  # numbers, or a study's rows


class Journal:
    """Scores on disk by method and image; appended line by line.

    Args:
        path: the file, or None to keep nothing.
        settings: what the scores depend on; a journal of other settings is begun anew.

    Attributes:
        reused: how many scores of an earlier run were taken over so far.

    Raises:
        InputError: the file cannot be read or written.
    """

    def __init__(self, path: Path | None, settings: dict[str, Any]) -> None:
        """Read what an earlier run left."""
        self.reused = 0
        self._path = path
        self._known: dict[tuple[str, str], tuple[list[Any], Scores]] = {}
        if path is None:
            return
        head = json.dumps({"settings": settings}, sort_keys=True)
        try:
            if not (path.is_file() and self._take_over(path.read_text(encoding="utf-8"), head)):
                path.write_text(head + "\n", encoding="utf-8")
        except OSError as error:
            raise _unwritable(path, error) from error

    def find(self, method: str, image: str, files: Sequence[Path]) -> Scores | None:
        """Return the scores of an earlier run, or None where there are none or a file has changed."""
        stamp, scores = self._known.get((method, image), (None, None))
        if scores is None or stamp != stamp_of(files):
            return None
        self.reused += 1
        return scores

    def add(self, method: str, image: str, files: Sequence[Path], scores: Scores) -> None:
        """Write the scores of an image.

        Raises:
            InputError: the disk is full, or the like.
        """
        if self._path is None:
            return
        line = json.dumps({"method": method, "image": image, "files": stamp_of(files), "scores": scores})
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def _take_over(self, text: str, head: str) -> bool:
        """Keep the scores of an earlier run; False where they were made with other settings."""
        lines = text.split("\n")
        if lines[0] != head or self._path is None:
            return False
        if lines[-1]:  # an interruption cut this line short; the next one must not continue it
            with self._path.open("a", encoding="utf-8") as file:
                file.write("\n")
        for line in lines[1:-1]:
            try:
                entry = json.loads(line)
            except json.JSONDecodeError:
                continue
            self._known[entry["method"], entry["image"]] = (entry["files"], entry["scores"])
        return True


def stamp_of(files: Sequence[Path]) -> list[Any]:
    """Return what tells a changed file: size and time of change; None for one that is gone."""
    return [[path.stat().st_size, path.stat().st_mtime_ns] if path.exists() else None for path in files]


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(f"Cannot keep the scores in {path}: {error.strerror or error}; choose another folder.")
