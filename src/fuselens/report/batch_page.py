"""The page of a batch: shares over time and place, alarms, worst pairs, failures, times."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from fuselens.batch.events import Event
from fuselens.batch.run import Batch
from fuselens.batch.summary import Collector, Summary
from fuselens.core.display import share_colours
from fuselens.core.errors import FuseLensError
from fuselens.core.files import write_text
from fuselens.data.pairs import read_source
from fuselens.metrics import chosen_metrics
from fuselens.report.batch_charts import histogram, time_chart
from fuselens.report.frame import filled
from fuselens.report.leaderboard_columns import typeset
from fuselens.report.pair_section import settings_rows
from fuselens.report.pictures import Picture, picture, small_photograph, source_rgb
from fuselens.report.words import Names, percent, shown_name

SHOWN = 200  # events and failures; all are in the tables
ENLARGED = 16  # pixels of the page a cell of the map


@dataclass(frozen=True)
class Worst:
    """The pairs that a metric rates lowest: its name, its mean, and name, score and picture of each."""

    title: str
    mean: str
    pairs: Sequence[tuple[str, str, Picture | None]]


def write_batch_page(path: Path, batch: Batch, command: str = "") -> Path:
    """Write the page, whole or not at all, and return its path.

    Raises:
        InputError: the file cannot be written.
    """
    write_text(path, render(batch, command))
    return path


def render(batch: Batch, command: str = "") -> str:
    """Return the page as HTML; of a long batch, single numbers are kept in memory, no picture."""
    summary = Collector(batch.plan).of(batch.records())
    names = (shown_name(batch.plan.names[0]), shown_name(batch.plan.names[1]))
    events = sorted((*batch.events, *summary.sudden), key=lambda event: event.index)
    values = {
        "names": names,
        "title": batch.plan.identity["model"],
        "count": len(batch.items),
        "done": batch.done + batch.skipped,
        "answer": _answer(batch, summary, names),
        "charts": [time_chart(name, shares, _of(events, name), names[0]) for name, shares in summary.shares.items()],
        "bars": histogram(summary.shares.get("", ())),
        "map": _map(summary, names),
        "events": batch.events[:SHOWN],
        "more_events": max(0, len(batch.events) - SHOWN),
        "sudden": summary.sudden[:SHOWN],
        "worst": _worst(batch, summary),
        "failures": batch.failures[:SHOWN],
        "more_failures": max(0, len(batch.failures) - SHOWN),
        "times": [_times(name, seconds) for name, seconds in summary.took.items()],
        "settings": settings_rows({key: value for key, value in batch.plan.record().items() if value is not None}),
        "command": command,
    }
    return filled("batch.html.j2", values, styles=["report.css", "batch.css"], scripts=[])


def _of(events: Sequence[Event], region: str) -> list[Event]:
    """Return the events to mark in a region's chart: all on the whole image's, its own on its own."""
    return [event for event in events if not region or f" in {region}" in event.alarm]


def _answer(batch: Batch, summary: Summary, names: Names) -> list[str]:
    known = [value for value in summary.shares.get("", ()) if not math.isnan(value)]
    said = []
    if known:
        share = statistics.median(known)
        said.append(
            f"In the median pair {percent(share)} of what moves the fused image is of {names[0]}, "
            f"{percent(1 - share)} of {names[1]}."
        )
    else:
        said.append(f"{batch.done + batch.skipped} of {len(batch.items)} pairs are done.")
    for event in batch.events[:3]:
        lasting = f", for {event.frames} frames" if event.frames > 1 else ""
        said.append(f"From {event.first}{lasting}: {event.words}.")
    if len(batch.events) > 3:
        said.append(f"{len(batch.events) - 3} more alarms follow below.")
    if summary.sudden:
        first = summary.sudden[0]
        said.append(f"Suddenly, at {first.first}, {first.words}.")
    if batch.failures:
        said.append(f"{len(batch.failures)} of {len(batch.items)} pairs failed.")
    return said


def _map(summary: Summary, names: Names) -> Picture | None:
    if summary.cells is None:
        return None
    colours = share_colours(torch.from_numpy(summary.cells))
    large = colours.repeat(ENLARGED, axis=0).repeat(ENLARGED, axis=1)
    return picture(large, f"Mean share of {names[0]} and {names[1]} over all pairs, in each part of the image.")


def _worst(batch: Batch, summary: Summary) -> list[Worst]:
    return [
        Worst(
            metric.title,
            typeset(summary.scores[name], 3),
            [(image, typeset(value, 3), _fused(batch, image)) for value, image in summary.worst[name]],
        )
        for name, (metric, _) in chosen_metrics(batch.plan.metrics).items()
        if name in summary.worst
    ]


def _fused(batch: Batch, name: str) -> Picture | None:
    """Return the fused image of a pair, small, where the batch wrote it."""
    try:
        fused = read_source(batch.out / "fused" / f"{name}.{batch.plan.image_format}", "fused")
    except FuseLensError:
        return None
    return small_photograph(source_rgb(fused), f"Fused image {name}")


def _times(name: str, seconds: Sequence[float]) -> tuple[str, str, str, str]:
    """Return in words: what, its median and 95th percentile in milliseconds, and its sum."""
    ordered = sorted(seconds)
    late = ordered[math.ceil(0.95 * len(ordered)) - 1]
    return (
        name, f"{1000 * statistics.median(ordered):.1f} ms", f"{1000 * late:.1f} ms", f"{sum(ordered):.1f} s",
    )  # fmt: skip
