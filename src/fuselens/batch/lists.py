"""Read a list of pairs: a CSV or Parquet table with columns a and b, and maybe name and seconds."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from fuselens.core.errors import InputError, MissingExtraError
from fuselens.data.images import damaged, first_bytes

LIST_SUFFIXES = (".csv", ".parquet")
_COLUMNS = ("a", "b", "name", "seconds")


@dataclass(frozen=True)
class Row:
    """One pair of a list.

    Attributes:
        a, b: the files; relative ones are taken from the list's folder. They need not exist.
        name: what the pair is called; None where the list does not say.
        seconds: when it was taken; None where the list does not say.
    """

    a: Path
    b: Path
    name: str | None
    seconds: float | None


def read_list(path: Path) -> list[Row]:
    """Read the pairs of a list in its order; other columns are ignored.

    Args:
        path: `.csv` (UTF-8, commas, a line of column names) or `.parquet` (through the extra `batch`).

    Raises:
        MissingExtraError: the extra `batch` is not installed.
        InputError: no such file, no table, no column a or b, no row, or a cell that is empty or no number.
    """
    first_bytes(path)
    columns, rows = (_parquet if path.suffix.lower() == ".parquet" else _csv)(path)
    if not {"a", "b"} <= set(columns):
        raise InputError(
            f"{path} has columns {', '.join(columns) or 'without names'}; name those of the two files a and b, "
            "as in a first line 'a,b'."
        )
    if not rows:
        raise InputError(f"{path} lists no pairs; add a row for each.")
    return [_row_of(path, number, cells) for number, cells in enumerate(rows, 1)]


def _csv(path: Path) -> tuple[list[str], list[dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [[cell.strip() for cell in line] for line in csv.reader(file, strict=True) if line]
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} is no CSV table ({error}); save it as UTF-8 with commas between the cells."
        ) from error
    columns = lines[0] if lines else []
    uneven = next((number for number, line in enumerate(lines) if len(line) != len(columns)), None)
    if uneven is not None:
        raise InputError(
            f"Row {uneven} of {path} has {len(lines[uneven])} cells and its first line {len(columns)}; put file names "
            "with commas in quotes."
        )
    return columns, [dict(zip(columns, line, strict=True)) for line in lines[1:]]


def _parquet(path: Path) -> tuple[list[str], list[dict[str, Any]]]:
    try:
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError as error:
        raise MissingExtraError("Reading Parquet lists", "batch") from error
    try:
        columns = list(parquet.read_schema(path).names)
        table = parquet.read_table(path, columns=[column for column in columns if column in _COLUMNS])
    except (OSError, ValueError) as error:  # pyarrow's own errors are among these
        raise damaged(path, error) from error
    return columns, table.to_pylist()


def _row_of(path: Path, number: int, cells: dict[str, Any]) -> Row:
    files = [cells["a"], cells["b"]]
    if not all(isinstance(file, str) and file for file in files):
        raise InputError(f"Row {number} of {path} does not name two files; fill columns a and b, or take it out.")
    a, b = (path.parent / file for file in files)
    name = cells.get("name")
    return Row(a, b, str(name) if name not in (None, "") else None, _seconds_of(path, number, cells.get("seconds")))


def _seconds_of(path: Path, number: int, cell: Any) -> float | None:
    if cell in (None, ""):
        return None
    try:
        seconds = float(cell)
    except (TypeError, ValueError):
        seconds = math.nan
    if not math.isfinite(seconds):
        raise InputError(f"Row {number} of {path} has '{cell}' in column seconds; write a number, or leave it empty.")
    return seconds
