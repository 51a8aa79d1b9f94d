"""The summary of a batch, in one pass: shares over time and place, sudden losses, worst frames, times."""

from __future__ import annotations

import heapq
import math
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fuselens.batch.alarms import Alarm
from fuselens.batch.events import Event, find_events
from fuselens.batch.plan import Plan
from fuselens.batch.record import Record
from fuselens.metrics import chosen_metrics
from fuselens.robustness.measure import CELL

SUDDEN = 0.5
WORST = 3
_SIGN = {"higher": 1.0, "lower": -1.0}


@dataclass(eq=False)
class Summary:
    """What a batch amounts to.

    Attributes:
        shares: share of source a in each pair, by name of the region, `""` for the whole image; NaN where unknown.
        cells: mean share of each cell over all pairs, `[rows, columns]`; None where sizes differ or without shares.
        sudden: where a source's share fell to less than half of what it was just before.
        worst: the pairs with the worst score, by metric: (score, name), worst first.
        scores: mean of each metric.
        took: seconds of each pair, by kind of work and of reading.
    """

    shares: dict[str, array[float]] = field(default_factory=dict)
    cells: NDArray[np.float64] | None = None
    sudden: tuple[Event, ...] = ()
    worst: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    took: dict[str, array[float]] = field(default_factory=dict)


class Collector:
    """Takes records in order and keeps numbers only: a few bytes a pair."""

    def __init__(self, plan: Plan) -> None:
        """Begin with nothing."""
        self._plan = plan
        self._found = Summary()
        self._sums: dict[tuple[int, int], list[NDArray[np.float64]]] = {}
        self._totals: dict[str, list[float]] = {}
        self._worst: dict[str, list[tuple[float, str, float]]] = {}
        self._better = {name: metric.better for name, (metric, _) in chosen_metrics(plan.metrics).items()}

    def of(self, records: Iterable[Record]) -> Summary:
        """Return the summary of all records."""
        drops = [Alarm("", "drop", letter, True, SUDDEN) for letter in "ab"] if "share" in self._plan.work else []
        self._found.sudden = tuple(find_events(self._seen(records), drops, self._plan))
        if len(self._sums) == 1:
            ((total, count),) = self._sums.values()
            self._found.cells = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        self._found.scores = {name: total / count for name, (total, count) in self._totals.items()}
        self._found.worst = {
            name: [(value, image) for _, image, value in sorted(kept, reverse=True)]
            for name, kept in self._worst.items()
        }
        return self._found

    def _seen(self, records: Iterable[Record]) -> Iterable[Record]:
        for record in records:
            self._add(record)
            yield record

    def _add(self, record: Record) -> None:
        for region in ("", *(one.name for one in self._plan.regions)):
            value = record.row.get(f"share_{region}" if region else "share")
            if "share" in self._plan.work:
                self._found.shares.setdefault(region, array("d")).append(math.nan if value is None else value)
        if record.status == "failed":
            return
        for name, seconds in record.took.items():
            self._found.took.setdefault(name, array("d")).append(seconds)
        self._add_cells(record.row)
        self._add_scores(record)

    def _add_cells(self, row: dict[str, Any]) -> None:
        if "shares" not in row:
            return
        shape = math.ceil(row["height"] / CELL), math.ceil(row["width"] / CELL)
        values = np.array(row["shares"], dtype=float).reshape(shape)
        total, count = self._sums.setdefault((row["height"], row["width"]), [np.zeros(shape), np.zeros(shape)])
        known = ~np.isnan(values)
        total[known] += values[known]
        count += known

    def _add_scores(self, record: Record) -> None:
        for name, better in self._better.items():
            value = record.row.get(f"score_{name}")
            if value is None or math.isnan(value):
                continue
            sums = self._totals.setdefault(name, [0.0, 0])
            sums[0] += value
            sums[1] += 1
            badness = -_SIGN[better] * value if better in _SIGN else abs(value)
            kept = self._worst.setdefault(name, [])
            (heapq.heappush if len(kept) < WORST else heapq.heappushpop)(kept, (badness, record.name, value))
