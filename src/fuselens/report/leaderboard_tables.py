"""Tables of a leaderboard: methods by metrics, ranks, comparisons, single images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fuselens.report.leaderboard_columns import Head, probability, typeset, with_sign
from fuselens.scoring.formats import decimals
from fuselens.scoring.statistics import Comparison
from fuselens.scoring.table import ScoreTable
from fuselens.scoring.worst import worst_images

MOST_ROWS = 600


@dataclass(frozen=True)
class Cell:
    """The mean of one method on one metric.

    Attributes:
        mean, std: typeset; the deviation is empty where there is one value.
        count: how many images have a value, where it is not the row's count.
        mark: `"best"`, `"second"` or `""`.
        value: to sort by.
    """

    mean: str
    std: str
    count: str
    mark: str
    value: float


@dataclass(frozen=True)
class SummaryRow:
    """One method.

    Attributes:
        method: its name.
        count: how many images most of its means are over, or `""` where that is all of them.
        rank: its average rank over all metrics.
        wins: on how many metrics its mean is best.
        cells: a mean a metric.
    """

    method: str
    count: str
    rank: str
    wins: int
    cells: Sequence[Cell]


@dataclass(frozen=True)
class RankCell:
    """An average rank, the length of its bar as a part of the cell, and whether it is the best of its row."""

    text: str
    part: float
    is_best: bool


@dataclass(frozen=True)
class RankRow:
    """The average ranks of all methods on one metric; the first row, without a metric, is over all of them."""

    head: Head | None
    cells: Sequence[RankCell]


@dataclass(frozen=True)
class ComparisonRow:
    """One tested difference, and its interval drawn from 0 to 100 on the axis that its metric shares."""

    head: Head
    method: str
    against: str
    images: int
    difference: str
    interval: str
    wins: int
    losses: int
    p_value: str
    p_holm: str
    verdict: str
    is_decided: bool
    values: dict[str, float]
    places: dict[str, float]


@dataclass(frozen=True)
class ImageRow:
    """The values of one method on one image; `rank` is empty where there is one method."""

    method: str
    image: str
    rank: str
    values: Sequence[str]


def ranked(table: ScoreTable) -> ScoreTable:
    """Return the table with its methods in the order of their average rank, the best first, those without one last."""
    order = np.argsort(table.overall_ranks(), kind="stable")
    return replace(table, methods=tuple(table.methods[m] for m in order), values=table.values[order])


def summary_rows(table: ScoreTable, heads: Sequence[Head]) -> list[SummaryRow]:
    """Return one row a method."""
    means, stds, counts, places = table.means(), table.stds(), table.counts(), table.places()
    ranks = table.overall_ranks()
    several = len(table.methods) > 1
    usual = [int(np.bincount(row).argmax()) for row in counts]

    def cell(m: int, k: int) -> Cell:
        std = heads[k].show(stds[m, k]) if counts[m, k] > 1 else ""
        mark = {1: "best", 2: "second"}.get(int(places[m, k]), "") if several else ""
        count = str(counts[m, k]) if counts[m, k] != usual[m] else ""
        return Cell(heads[k].show(means[m, k]), std, count, mark, float(means[m, k]))

    return [
        SummaryRow(
            table.methods[m],
            str(usual[m]) if usual[m] < len(table.images) else "",
            typeset(ranks[m], 2),
            int((places[m] == 1).sum()),
            [cell(m, k) for k in range(len(heads))],
        )
        for m in range(len(table.methods))
    ]


def rank_rows(table: ScoreTable, heads: Sequence[Head]) -> list[RankRow]:
    """Return the average ranks: over all metrics, then a row a metric."""
    rows = [(None, table.overall_ranks()), *zip(heads, table.ranks().T, strict=True)]
    return [RankRow(head, _rank_cells(ranks)) for head, ranks in rows]


def _rank_cells(ranks: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[RankCell]:
    best = np.nanmin(ranks) if np.isfinite(ranks).any() else np.nan
    parts = np.nan_to_num((len(ranks) + 1 - ranks) / len(ranks))
    return [
        RankCell(typeset(rank, 2), float(part), bool(rank == best)) for rank, part in zip(ranks, parts, strict=True)
    ]


def comparison_rows(table: ScoreTable, heads: Sequence[Head], comparisons: Sequence[Comparison]) -> list[ComparisonRow]:
    """Return one row a comparison, in the order given.

    Raises:
        UnknownNameError: a comparison on a metric that the table does not have.
    """
    bounds: dict[str, list[float]] = {}
    for one in comparisons:
        bounds.setdefault(one.metric, [0.0]).extend((one.low, one.high, one.difference))
    rows = []
    for one in comparisons:
        span = bounds[one.metric]
        low, width = min(span), (max(span) - min(span)) or 1.0
        digits = max(0, decimals(span) - 1)  # three digits of a difference
        rows.append(
            ComparisonRow(
                head=heads[table.column(one.metric)],
                method=one.method,
                against=one.against,
                images=one.images,
                difference=with_sign(one.difference, digits),
                interval=f"{with_sign(one.low, digits)} to {with_sign(one.high, digits)}",
                wins=one.wins,
                losses=one.losses,
                p_value=probability(one.p_value),
                p_holm=probability(one.p_holm),
                verdict=_verdict(one),
                is_decided=one.verdict != "undecided",
                values={"difference": one.difference, "p_value": one.p_value, "p_holm": one.p_holm},
                places={
                    name: 100 * (value - low) / width
                    for name, value in (("zero", 0), ("low", one.low), ("high", one.high), ("mean", one.difference))
                },
            )
        )
    return rows


def _verdict(one: Comparison) -> str:
    return "undecided" if one.verdict == "undecided" else f"{one.verdict} than"


def image_rows(table: ScoreTable, heads: Sequence[Head]) -> list[ImageRow]:
    """Return a row for each image and method, image by image; of more than `MOST_ROWS` the worst, worst first."""
    ranks = table.image_ranks()
    several = len(table.methods) > 1
    cells = [(m, i) for i in range(len(table.images)) for m in range(len(table.methods))]
    if len(cells) > MOST_ROWS:
        cells = _worst_cells(table)[:MOST_ROWS]
    return [
        ImageRow(
            table.methods[m],
            table.images[i],
            typeset(ranks[m, i], 2) if several else "",
            [head.show(value) for head, value in zip(heads, table.values[m, i], strict=True)],
        )
        for m, i in cells
    ]


def _worst_cells(table: ScoreTable) -> list[tuple[int, int]]:
    """Return all (method, image) by their average rank, worst first; one method's by how far they fall behind."""
    if len(table.methods) == 1:
        index = {image: i for i, image in enumerate(table.images)}
        return [(0, index[image]) for _, image, _ in worst_images(table, len(table.images))]
    ranks = table.image_ranks()
    order = np.argsort(-ranks, axis=None, kind="stable")  # those without a rank come last
    return [(int(cell) // ranks.shape[1], int(cell) % ranks.shape[1]) for cell in order]
