"""The tables of a batch: Parquet shards of its rows, and a CSV of its events."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, fields
from itertools import groupby
from pathlib import Path
from typing import Any

from fuselens.batch.events import Event
from fuselens.batch.record import Record
from fuselens.core.errors import MissingExtraError
from fuselens.core.files import atomic_path, prepare_folder, write_text

SHARD = 1000
_SHARD_NAME = re.compile(r"\d{5}\.parquet")


def write_rows(folder: Path, records: Iterable[Record]) -> None:
    """Write `00000.parquet`, `00001.parquet`, ...: a row a pair, 1000 pairs a file, one file in memory at a time.

    Columns: index, name, status, reason, seconds, what the work made, `took_...` in seconds, and the hashes of the
    sources' and results' bytes.

    Raises:
        MissingExtraError: PyArrow is not installed.
        InputError: the folder cannot be written.
    """
    pyarrow = _pyarrow()
    prepare_folder(folder)
    written = set()
    for number, shard in groupby(records, key=lambda record: record.index // SHARD):
        path = folder / f"{number:05}.parquet"
        rows = [_row(record) for record in shard]
        columns = dict.fromkeys(key for row in rows for key in row)
        table = pyarrow.table({key: [row.get(key) for row in rows] for key in columns})
        with atomic_path(path) as temporary:
            pyarrow.parquet.write_table(table, temporary)
        written.add(path.name)
    for path in folder.iterdir():
        if _SHARD_NAME.fullmatch(path.name) and path.name not in written:
            path.unlink()  # of an earlier, longer list


def read_rows(folder: str | Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a batch's folder in order, one shard in memory at a time.

    Raises:
        MissingExtraError: PyArrow is not installed.
    """
    parquet = _pyarrow().parquet
    for path in sorted((Path(folder) / "rows").glob("*.parquet")):
        yield from parquet.read_table(path).to_pylist()


def write_events(path: Path, events: Sequence[Event]) -> None:
    """Write a line an event, the first one the names of the columns.

    Raises:
        InputError: the file cannot be written.
    """
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, [field.name for field in fields(Event)], lineterminator="\n")
    table.writeheader()
    table.writerows(asdict(event) for event in events)
    write_text(path, text.getvalue())


def _pyarrow() -> Any:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("A batch's tables", "batch") from error
    return pyarrow


def _row(record: Record) -> dict[str, Any]:
    files = {f"sha256_{letter}": fact.sha256 for letter, fact in zip("ab", record.inputs, strict=False)}
    return {
        "index": record.index,
        "name": record.name,
        "status": record.status,
        "reason": record.reason,
        "seconds": record.seconds,
        **record.row,
        **{f"took_{key}": value for key, value in record.took.items()},
        **files,
        "outputs": [{"path": fact.path, "sha256": fact.sha256} for fact in record.outputs],
    }
