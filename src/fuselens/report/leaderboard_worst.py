"""The worst cases of each method: what to look at before believing its mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fuselens.report import pictures
from fuselens.report.leaderboard_columns import MISSING, Head, with_sign
from fuselens.report.pictures import Picture
from fuselens.report.words import opened, shown_name
from fuselens.scoring.table import Numbers, ScoreTable
from fuselens.scoring.worst import WorstCase


@dataclass(frozen=True)
class WorstImage:
    """One image: both sources and the fused one, and its scores beside the method's own."""

    image: str
    badness: str
    shown: Sequence[tuple[str, Picture]]
    values: Sequence[str]
    behind: Sequence[str]


@dataclass(frozen=True)
class WorstSection:
    """The worst images of one method, and its means."""

    method: str
    means: Sequence[str]
    images: Sequence[WorstImage]


def worst_sections(table: ScoreTable, heads: Sequence[Head], cases: Sequence[WorstCase]) -> list[WorstSection]:
    """Return one section a method that has cases, in the order of the table.

    Raises:
        UnknownNameError: a case of a method that the table does not have.
    """
    means, behind = table.means(), _behind(table)
    sections = []
    for m in sorted({table.method(case.method) for case in cases}):
        method = table.methods[m]
        images = [_worst_image(case, table, heads, behind[m]) for case in cases if case.method == method]
        sections.append(
            WorstSection(method, [head.show(mean) for head, mean in zip(heads, means[m], strict=True)], images)
        )
    return sections


def _worst_image(case: WorstCase, table: ScoreTable, heads: Sequence[Head], behind: Numbers) -> WorstImage:
    i = table.images.index(case.image)
    names = [shown_name(name) for name in case.pair.names]
    shown = [
        (opened(name), pictures.photograph(pictures.source_rgb(source), f"{name} image of {case.image}."))
        for name, source in zip(names, case.pair, strict=True)
    ]
    fused = pictures.photograph(pictures.fused_rgb(case.fused), f"{case.image} fused by {case.method}.")
    values = table.values[table.method(case.method), i]
    return WorstImage(
        image=case.image,
        badness=_badness_words(case.badness),
        shown=[*shown, (f"Fused by {case.method}", fused)],
        values=[head.show(value) for head, value in zip(heads, values, strict=True)],
        behind=[MISSING if np.isnan(z) else with_sign(float(z), 1) for z in behind[i]],
    )


def _badness_words(badness: float) -> str:
    if badness <= 0:
        return "No worse than the method's average."
    return f"{badness:.1f} standard deviations worse than the method's average, over the metrics it has."


def _behind(table: ScoreTable) -> Numbers:
    """Return how many of the method's standard deviations each value is worse than its mean, as the table's values."""
    losses = replace(table, values=table.losses())
    spread = np.broadcast_to(losses.stds()[:, None], losses.values.shape)
    found = np.isfinite(losses.values)
    behind = np.zeros_like(losses.values)
    np.divide(losses.values - losses.means()[:, None], spread, out=behind, where=found & (spread > 0))
    return np.where(found, behind, np.nan)
