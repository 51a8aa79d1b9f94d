"""What is known of one pair after its work: done or failed, from which files, to which files, with which numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Status = Literal["done", "failed"]


@dataclass(frozen=True)
class FileFact:
    """A file as it was: path, size in bytes, time of change in nanoseconds, SHA-256 of its bytes."""

    path: str
    size: int
    changed: int
    sha256: str

    @classmethod
    def of(cls, path: Path, root: Path | None = None) -> FileFact:
        """Look at a file; its path is kept relative to `root`.

        Raises:
            OSError: it is missing or cannot be read.
        """
        stat = path.stat()
        shown = path if root is None else path.relative_to(root)
        return cls(shown.as_posix(), stat.st_size, stat.st_mtime_ns, hash_of(path))

    def holds_of(self, path: Path) -> bool:
        """Return whether a file is as this says: by size and time of change, else by its bytes."""
        try:
            stat = path.stat()
            if stat.st_size != self.size:
                return False
            return stat.st_mtime_ns == self.changed or hash_of(path) == self.sha256
        except OSError:
            return False


@dataclass(frozen=True)
class Record:
    """One pair after its work.

    Attributes:
        index, name: of the item.
        status: done or failed.
        reason: why it failed, in a sentence.
        seconds: time of the frame in its video; None elsewhere.
        inputs, outputs: files; outputs relative to the batch's folder.
        row: numbers by column.
        took: seconds by kind of work, and of reading.
    """

    index: int
    name: str
    status: Status
    reason: str = ""
    seconds: float | None = None
    inputs: tuple[FileFact, ...] = ()
    outputs: tuple[FileFact, ...] = ()
    row: dict[str, Any] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    @classmethod
    def of(cls, data: dict[str, Any]) -> Record:
        """Return the record that `as_dict` turned into plain data."""
        files = {key: tuple(FileFact(**one) for one in data[key]) for key in ("inputs", "outputs")}
        return cls(**{**data, **files})

    def is_current(self, inputs: Sequence[Path], out: Path) -> bool:
        """Return whether the work is done, from files like these, and everything that it wrote is there."""
        if self.status != "done" or len(self.inputs) != len(inputs):
            return False
        kept = [*zip(self.inputs, inputs, strict=True), *((fact, out / fact.path) for fact in self.outputs)]
        return all(fact.holds_of(path) for fact, path in kept)


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes.

    Raises:
        OSError: it is missing or cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
