"""Bars of a model's own account: a table with a bar in each cell, and strips where there are too many for a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from fuselens.core.display import Rgb, grey
from fuselens.core.intrinsic import StateBars
from fuselens.report.pictures import Picture, Tick, photograph
from fuselens.report.words import Names, amount, opened, with_shown_names

MOST_ROWS = 32  # of a table that is read rather than looked at
MOST_TICKS = 16
LETTERS_OF_TICKS = 40  # that fit below a strip on a telephone


@dataclass(frozen=True)
class Bar:
    """One number, and its bar in per cent of the cell or strip: where it begins and how long it is."""

    text: str
    start: float
    length: float
    title: str


@dataclass(frozen=True)
class BarRow:
    """What one label stands for, and its bar in each series."""

    label: str
    kind: str
    picture: Picture | None
    bars: Sequence[Bar]


@dataclass(frozen=True)
class BarsPart:
    """One part of bars.

    Attributes:
        title, words: as the model says.
        series: name and kind of each: `"a"` and `"b"` for those of a source, else empty.
        rows: a row a label.
        is_long: whether there are too many rows to be read, so that strips are shown first.
        ticks: labels below the strips.
        high, zero, low: the ends of the scale in words, and where 0 lies, per cent from the top.
        alts: what a reader who cannot see a strip should know, one a series.
    """

    title: str
    words: str
    series: Sequence[tuple[str, str]]
    rows: Sequence[BarRow]
    is_long: bool
    ticks: Sequence[Tick]
    high: str
    zero: float
    low: str
    alts: Sequence[str]
    kind = "bars"

    @classmethod
    def of(cls, part: StateBars, pair_names: Names) -> BarsPart:
        """Measure the bars of all series on one scale that holds 0."""
        values = torch.stack(list(part.series.values())).double()
        low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
        span = high - low or 1.0
        labels = [with_shown_names(label, pair_names) for label in part.labels]
        names = [with_shown_names(name, pair_names) for name in part.series]
        rows = [
            BarRow(
                label,
                _kind_of(part.labels[i], pair_names),
                photograph(_pixels(part.pictures[i]), f"{label}, {i + 1} of {len(labels)}.") if part.pictures else None,
                [_bar(float(values[k, i]), low, span, f"{label}, {name}") for k, name in enumerate(names)],
            )
            for i, label in enumerate(labels)
        ]
        return cls(
            title=opened(with_shown_names(part.title, pair_names)),
            words=with_shown_names(part.words, pair_names),
            series=[(name, _kind_of(key, pair_names)) for name, key in zip(names, part.series, strict=True)],
            rows=rows,
            is_long=len(rows) > MOST_ROWS,
            ticks=_ticks(labels),
            high=amount(high),
            zero=100 * high / span,
            low=amount(low),
            alts=[_alt(name, own, labels) for name, own in zip(names, values, strict=True)],
        )


def _bar(value: float, low: float, span: float, words: str) -> Bar:
    start, end = sorted((-low / span, (value - low) / span))
    return Bar(amount(value), 100 * start, 100 * (end - start), f"{words}: {amount(value)}")


def _ticks(labels: Sequence[str]) -> list[Tick]:
    """Return as many labels as have room, each in the middle of its bar."""
    count = len(labels)
    room = max(2, min(MOST_TICKS, LETTERS_OF_TICKS // (1 + max(map(len, labels)))))
    every = math.ceil(count / room)
    return [Tick(100 * (i + 0.5) / count, labels[i]) for i in range(0, count, every)]


def _alt(name: str, values: torch.Tensor, labels: Sequence[str]) -> str:
    low, high = int(values.argmin()), int(values.argmax())
    return (
        f"{name}: {len(labels)} bars, from {amount(float(values[low]))} ({labels[low]}) to "
        f"{amount(float(values[high]))} ({labels[high]}), mean {amount(float(values.mean()))}."
    )


def _kind_of(name: str, names: Names) -> str:
    return "ab"[names.index(name)] if name in names else ""


def _pixels(image: torch.Tensor) -> Rgb:
    if image.ndim == 2:
        return grey(image)
    shown: Rgb = (image.clamp(0, 1) * 255).round().byte().numpy()
    return shown
