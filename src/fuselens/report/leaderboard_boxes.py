"""Box plots of a leaderboard as numbers on an SVG canvas: quartiles, whiskers at 1.5 interquartile ranges, outliers.

Reference: Tukey, "Exploratory Data Analysis", 1977.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fuselens.report.leaderboard_columns import Head, typeset
from fuselens.report.pictures import Tick
from fuselens.scoring.table import Numbers, ScoreTable

WIDTH = 420
MARGIN = 8
ROW = 40
FEWEST = 5  # values of which a box is drawn; fewer are drawn as points
MOST_NAMED = 20  # outliers of a box that tell their image; the others are drawn without a name
LONGEST_LABEL = 48


@dataclass(frozen=True)
class Dot:
    """A single value at `x`, and the image it belongs to."""

    x: float
    image: str


@dataclass(frozen=True)
class BoxRow:
    """One method. All but `label` and `top` are places along the axis.

    Attributes:
        method, label: its name, and what of it fits above the box.
        top: upper edge of the row.
        box: lower whisker, quartiles 1 to 3, upper whisker; None where values are few.
        mean: of all values; None where there is none.
        dots: outliers, or all values where they are few.
        crowd: further outliers, without names.
        is_best: its mean is the best of the metric.
    """

    method: str
    label: str
    top: int
    box: tuple[float, float, float, float, float] | None
    mean: float | None
    dots: Sequence[Dot]
    crowd: Sequence[float]
    is_best: bool


@dataclass(frozen=True)
class BoxPlot:
    """One metric: a row a method over one axis."""

    head: Head
    rows: Sequence[BoxRow]
    ticks: Sequence[Tick]
    axis: int
    alt: str

    @classmethod
    def of(cls, table: ScoreTable, k: int, head: Head, best: Sequence[bool]) -> BoxPlot:
        """Draw column `k`, which has at least one finite value; `best` says whose mean is the best."""
        finite = table.values[..., k][np.isfinite(table.values[..., k])]
        axis = _Axis.over(float(finite.min()), float(finite.max()))
        rows = [_row(table, m, k, ROW * m, axis, is_best) for m, is_best in enumerate(best)]
        medians = [
            f"{method} {head.show(float(np.median(values)))}"
            for m, method in enumerate(table.methods)
            if len(values := _finite(table, m, k)[1])
        ]
        alt = f"{head.title} on {len(table.images)} images, medians: {', '.join(medians)}."
        return cls(head, rows, axis.ticks(), ROW * len(rows), alt)


def box_plots(table: ScoreTable, heads: Sequence[Head]) -> list[BoxPlot]:
    """Draw every metric that has values; none where there is one image, which has no spread."""
    if len(table.images) < 2:
        return []
    counts = table.counts().sum(axis=0)
    is_race = len(table.methods) > 1
    best = [[is_race and place == 1 for place in places] for places in table.places().T.tolist()]
    return [BoxPlot.of(table, k, head, best[k]) for k, head in enumerate(heads) if counts[k]]


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float

    @classmethod
    def over(cls, low: float, high: float) -> _Axis:
        """Cover the values, or some room round a single one."""
        room = 0.0 if high - low > 1e-9 * abs(high) else 0.5 * abs(low) or 0.5
        return cls(low - room, high + room)

    def at(self, value: float) -> float:
        return MARGIN + (WIDTH - 2 * MARGIN) * (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[Tick]:
        from matplotlib.ticker import MaxNLocator

        values = MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(self.low, self.high)
        digits = max(0, -math.floor(math.log10(values[1] - values[0]) + 1e-9))
        return [Tick(self.at(value), typeset(value, digits)) for value in values if self.low <= value <= self.high]


def _row(table: ScoreTable, m: int, k: int, top: int, axis: _Axis, is_best: bool) -> BoxRow:
    images, values = _finite(table, m, k)
    method = table.methods[m]
    whiskers, outside = None, np.ones(len(values), bool)
    if len(values) >= FEWEST:
        first, median, third = np.quantile(values, [0.25, 0.5, 0.75])
        reach = 1.5 * (third - first)
        outside = (values < first - reach) | (values > third + reach)
        inside = values[~outside]
        low, first, median, third, high = (axis.at(v) for v in (inside.min(), first, median, third, inside.max()))
        whiskers = (low, first, median, third, high)
    far = np.flatnonzero(outside)
    if len(values):
        far = far[np.argsort(-np.abs(values[far] - np.median(values)), kind="stable")]
    return BoxRow(
        method=method,
        label=_shortened(method),
        top=top,
        box=whiskers,
        mean=axis.at(float(values.mean())) if len(values) else None,
        dots=[Dot(axis.at(values[i]), table.images[images[i]]) for i in far[:MOST_NAMED]],
        crowd=[axis.at(values[i]) for i in far[MOST_NAMED:]],
        is_best=is_best,
    )


def _finite(table: ScoreTable, m: int, k: int) -> tuple[np.ndarray[tuple[int], np.dtype[np.intp]], Numbers]:
    """Return the images that have a value, and the values."""
    column = table.values[m, :, k]
    images = np.flatnonzero(np.isfinite(column))
    return images, column[images]


def _shortened(name: str) -> str:
    """Leave out the middle of a name that is too long for its row; names differ most at their ends."""
    half = LONGEST_LABEL // 2
    return name if len(name) <= LONGEST_LABEL else f"{name[:half]}…{name[-half:]}"
