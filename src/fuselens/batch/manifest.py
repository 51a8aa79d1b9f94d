"""The manifest: one line a pair as soon as its work ended. It is the truth of a batch; all tables are made from it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import FileLock, Timeout

from fuselens.batch.record import Record
from fuselens.core.errors import InputError
from fuselens.core.files import plain

NAME = "manifest.jsonl"
LOCK = ".batch.lock"
SCHEMA = 1
_LEFTOVER = re.compile(r"\.([0-9a-f]{8}|[0-9a-f]{16}(\.\w+)?)")  # of core/files.py, and of work/explain.py


class Manifest:
    """The records of a batch on disk; only one process at a time may hold it.

    Args:
        folder: of the batch.
        settings: what its results depend on.
        fresh: forget what an earlier batch left.

    Raises:
        InputError: another process works in the folder, or it holds a batch of other settings.
    """

    def __init__(self, folder: Path, settings: dict[str, Any], *, fresh: bool = False) -> None:
        """Take the folder, and read what an earlier run left."""
        self.path = folder / NAME
        self._places: dict[str, int] = {}  # name -> where its newest line begins
        self._lock = FileLock(folder / LOCK)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise InputError(
                f"Another batch is at work in {folder}; wait for it, stop it, or choose another folder with -o."
            ) from None
        try:
            self._open(plain({"schema": SCHEMA, "settings": settings}), fresh=fresh)
        except BaseException:
            self._lock.release()
            raise

    def _open(self, head: dict[str, Any], *, fresh: bool) -> None:
        if fresh or not self._take_over(head):
            try:
                self.path.write_text(json.dumps(head) + "\n", encoding="utf-8")
            except OSError as error:
                raise _unwritable(self.path, error) from error
        self._file = self.path.open("r+b")
        self._file.seek(0, 2)

    def _take_over(self, head: dict[str, Any]) -> bool:
        """Find the lines of an earlier run; False where there was none."""
        if not self.path.is_file():
            return False
        with self.path.open("r+b") as file:
            first = file.readline()
            if not first.endswith(b"\n"):
                return False  # an end before the first record
            _compare(json.loads(first), head, self.path.parent)
            start = file.tell()
            for line in file:
                if not line.endswith(b"\n"):
                    file.truncate(start)  # cut short when the run was killed
                    break
                self._places[json.loads(line)["name"]] = start
                start += len(line)
        return True

    def find(self, name: str) -> Record | None:
        """Return the newest record of that name, or None."""
        place = self._places.get(name)
        if place is None:
            return None
        self._file.seek(place)
        return Record.of(json.loads(self._file.readline()))

    def add(self, record: Record) -> None:
        """Write a record.

        Raises:
            InputError: the disk is full, or the like.
        """
        try:
            place = self._file.seek(0, 2)
            self._file.write((json.dumps(plain(record.as_dict())) + "\n").encode())
            self._file.flush()
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self._places[record.name] = place

    def close(self) -> None:
        """Give the folder free."""
        self._file.close()
        self._lock.release()

    def __enter__(self) -> Self:
        """Hold the folder."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the folder free."""
        self.close()


def read_records(folder: str | Path) -> Iterator[Record]:
    """Yield the records of a batch in the order they were written; a later one of the same name stands for the earlier.

    Raises:
        InputError: the folder holds no batch.
    """
    path = Path(folder) / NAME
    if not path.is_file():
        raise InputError(f"{folder} holds no batch; run `fuselens batch ... -o {folder}` first.")
    with path.open("rb") as file:
        next(file, None)
        for line in file:
            if line.endswith(b"\n"):
                yield Record.of(json.loads(line))


def clean(folder: Path) -> None:
    """Remove what a killed run left half-written, in a folder that this process holds."""
    for path in sorted(folder.rglob(".*"), reverse=True):
        if _LEFTOVER.fullmatch(path.name):
            if path.is_dir():
                for inner in path.iterdir():
                    inner.unlink(missing_ok=True)
                path.rmdir()
            else:
                path.unlink(missing_ok=True)


def _compare(before: dict[str, Any], now: dict[str, Any], folder: Path) -> None:
    """Refuse to mix two batches.

    Raises:
        InputError: which settings differ.
    """
    if before == now:
        return
    old, new = before.get("settings", {}), now["settings"]
    differing = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    words = "; ".join(f"{key}: {old.get(key)} then, {new.get(key)} now" for key in differing) or "another schema"
    raise InputError(
        f"{folder} holds a batch of other settings ({words}); choose another folder, or add --fresh to begin anew."
    )


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(
        f"Cannot write {path}: {error.strerror or error}; make room, then run the same command again: it goes on."
    )
