"""Charts of a batch, as numbers on an SVG canvas: a source's share over time, and how often it has which."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fuselens.batch.events import Event
from fuselens.report.pictures import Bar, share_colour

WIDTH, HEIGHT = 960, 240
LEFT, RIGHT, TOP, BOTTOM = 44, 950, 10, 206
MOST_POINTS = 600
BINS = 25


@dataclass(frozen=True)
class TimeChart:
    """Shares over a batch.

    Attributes:
        name: of the region; empty for the whole image.
        band: outline of smallest to largest share where several pairs fall on one point; empty where none do.
        path: their means.
        gaps: number of pairs without a share.
        across: ticks, place and text.
        up: ticks, height and text.
        spans: where alarms were raised: left, width, words.
        alt: the numbers, for those who cannot see them.
    """

    name: str
    band: str
    path: str
    gaps: int
    across: Sequence[tuple[float, str]]
    up: Sequence[tuple[float, str]]
    spans: Sequence[tuple[float, float, str]]
    alt: str


def time_chart(name: str, shares: Sequence[float], events: Sequence[Event], source: str) -> TimeChart:
    """Draw the share of the first source in each pair; of more than 600 pairs, means and extremes of neighbours."""
    count = len(shares)
    step = max(1, math.ceil(count / MOST_POINTS))
    groups = [[v for v in shares[at : at + step] if not math.isnan(v)] for at in range(0, count, step)]
    places = [_x(min(at + (step - 1) / 2, count - 1), count) for at in range(0, count, step)]
    path, pen = "", "M"
    for place, group in zip(places, groups, strict=True):
        if group:
            path += f"{pen}{place:.1f} {_y(sum(group) / len(group)):.1f}"
        pen = "L" if group else "M"
    known = [(place, group) for place, group in zip(places, groups, strict=True) if group]
    outline = [(place, max(group)) for place, group in known] + [(place, min(group)) for place, group in known[::-1]]
    corners = "L".join(f"{place:.1f} {_y(value):.1f}" for place, value in outline)
    band = f"M{corners}Z" if step > 1 and known else ""
    values = [value for group in groups for value in group]
    told = f"mean {sum(values) / len(values):.0%}, {min(values):.0%} to {max(values):.0%}" if values else "unknown"
    return TimeChart(
        name,
        band,
        path,
        count - len(values),
        _ticks(count),
        [(_y(part / 100), f"{part}%") for part in (0, 25, 50, 75, 100)],
        [_span(event, count) for event in events],
        f"Share of {source}{' in ' + name if name else ''} in {count} pairs: {told}.",
    )


def histogram(shares: Sequence[float]) -> list[Bar]:
    """Return how often the first source has which share, in bars of 4 per cent."""
    known = [value for value in shares if not math.isnan(value)]
    counts = [0] * BINS
    for value in known:
        counts[min(int(value * BINS), BINS - 1)] += 1
    return [
        Bar((place + 0.5) / BINS, count / max(1, len(known)), share_colour((place + 0.5) / BINS))
        for place, count in enumerate(counts)
    ]


def _x(index: float, count: int) -> float:
    return LEFT + (RIGHT - LEFT) * index / max(1, count - 1)


def _y(share: float) -> float:
    return BOTTOM - (BOTTOM - TOP) * share


def _ticks(count: int) -> list[tuple[float, str]]:
    from matplotlib.ticker import MaxNLocator

    ticks = MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]).tick_values(0, max(1, count - 1))
    return [(_x(float(tick), count), f"{tick:.0f}") for tick in ticks if 0 <= tick < count]


def _span(event: Event, count: int) -> tuple[float, float, str]:
    left, right = _x(event.index - 0.5, count), _x(event.last_index + 0.5, count)
    left, right = max(left, LEFT), min(right, RIGHT)
    return left, max(right - left, 2), f"{event.first} to {event.last}: {event.words}"
