"""From rows to numbers: means over cases, and the rows themselves as CSV."""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from fuselens.core.files import plain
from fuselens.studies.sets import Row


def summaries(rows: Iterable[Row], by: Sequence[str], columns: Sequence[str]) -> list[Row]:
    """Return one row a group, in the order in which groups first appear.

    Each holds what it was grouped by, `cases` (how many rows), and for each column its mean, `COLUMN_std` (with n - 1;
    NaN for one) and `COLUMN_cases`, how many numbers these rest on; what is NaN does not count.

    Args:
        rows: with all these columns.
        by: columns that make a group.
        columns: columns that are averaged.
    """
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in by)].append(row)
    found = []
    for key, members in groups.items():
        made = dict(zip(by, key, strict=True)) | {"cases": len(members)}
        for column in columns:
            values = np.array([row[column] for row in members], np.float64)
            values = values[np.isfinite(values)]
            made[column] = float(values.mean()) if len(values) else math.nan
            made[f"{column}_std"] = float(values.std(ddof=1)) if len(values) > 1 else math.nan
            made[f"{column}_cases"] = len(values)
        found.append(made)
    return found


def to_csv(rows: Sequence[Row]) -> str:
    """Return rows as CSV, with the columns of the first one; NaN and None are empty cells."""
    out = io.StringIO()
    if rows:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(rows[0])
        for row in rows:
            values = [plain(row.get(name)) for name in rows[0]]
            writer.writerow(["" if value is None else value for value in values])
    return out.getvalue()
