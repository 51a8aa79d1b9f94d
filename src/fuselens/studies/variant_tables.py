"""What trained variants scored, and which findings that gives: tables, and one sentence a metric."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

import numpy as np

from fuselens.scoring.table import Column, Numbers
from fuselens.studies.seed_findings import Finding
from fuselens.studies.tables import MISSING, Table, number

DIGITS = 4
DECIDING = (
    "A difference counts where neither kind of luck explains it: Student's 95 % interval over the seeds excludes 0, "
    "and so does a test over the images, of the mean over the seeds, at 5 % after Holm's correction over all "
    "comparisons of this study."
)


def means_table(
    caption: str,
    variants: Sequence[str],
    columns: Sequence[Column],
    values: Mapping[str, Numbers],
    beside: Mapping[str, Mapping[str, Numbers]] | None = None,
    *,
    arrows: bool = True,
) -> Table:
    """Return mean ± standard deviation over the seeds: a block a data set, a row a metric, a column a variant.

    Args:
        caption: of the table.
        variants: titles.
        columns: the metrics.
        values: `[variants, seeds, metrics]` by block.
        beside: `[metrics]` of what was not trained, by title and block.
        arrows: whether better values lie where the metric's do.
    """
    beside = beside or {}
    blocks = []
    for block, found in values.items():
        rows = []
        for k, column in enumerate(columns):
            cells = [f"{number(v.mean(), DIGITS)} ± {number(v.std(ddof=1), DIGITS)}" for v in found[..., k]]
            cells += [number(float(one[block][k]), DIGITS) for one in beside.values()]
            rows.append((f"{column.title} {column.arrow}" if arrows else column.title, *cells))
        blocks.append((block, tuple(rows)))
    return Table(caption, ("Metric", *variants, *beside), tuple(blocks))


def findings_table(findings: Sequence[Finding], caption: str) -> Table:
    """Return a block a comparison, a row a metric: the gain, both intervals, the test, the verdict."""
    heads = ("Metric", "gain", "± over seeds", "95 % over seeds", "95 % over images", "p (Holm)", "verdict")
    return Table(
        caption,
        heads,
        _blocks(
            findings,
            lambda one: (
                signed(one.gain), number(one.spread, DIGITS), interval(*one.over_seeds), interval(one.low, one.high),
                f"{one.p_holm:.2g}", one.verdict,
            ),
        ),
    )  # fmt: skip


def seeds_table(findings: Sequence[Finding], seeds: Sequence[int], caption: str) -> Table:
    """Return a block a comparison, a row a metric: the gain of each seed with its interval over the images."""
    return Table(
        caption,
        ("Metric", *(f"seed {seed}" for seed in seeds)),
        _blocks(
            findings,
            lambda one: tuple(
                f"{signed(float(value))} {interval(*span)}" for value, span in zip(one.by_seed, one.within, strict=True)
            ),
        ),
    )


def sentences(findings: Sequence[Finding], gain: str = "better", loss: str = "worse") -> list[str]:
    """Return the verdicts in words, one paragraph a comparison.

    Args:
        findings: in the order in which they are told.
        gain, loss: what a positive and a negative gain are called.
    """
    return [
        f"{title}. " + " ".join(_sentence(one, gain, loss) for one in members)
        for title, members in groupby(findings, _title)
    ]


def signed(value: float) -> str:
    """Return a number with its sign.

    Example:
        >>> signed(0.01234), signed(float("nan"))
        ('+0.0123', '–')
    """
    return MISSING if np.isnan(value) else f"{value:+.{DIGITS}f}"


def interval(low: float, high: float) -> str:
    """Return an interval in brackets.

    Example:
        >>> interval(-0.1, 0.25)
        '[-0.1000, +0.2500]'
    """
    return f"[{signed(low)}, {signed(high)}]"


def _sentence(one: Finding, gain: str, loss: str) -> str:
    name, seeds = one.column.title, len(one.by_seed)
    size = f"{signed(one.gain)} ± {one.spread:.{DIGITS}f} over {seeds} seeds"
    if one.verdict == "equal":
        return f"{name}: exactly the same."
    if one.verdict != "undecided":
        return f"{name}: {gain if one.verdict == 'better' else loss} ({size})."
    if one.images_agree:
        return f"{name}: no difference that these seeds show, though one over the images ({size})."
    if one.seeds_agree:
        return f"{name}: no difference that these images show, though the seeds agree ({size})."
    return f"{name}: no difference that these seeds show ({size})."


def _title(one: Finding) -> str:
    return f"{one.subject}: {one.variant} against {one.against}"


def _blocks(
    findings: Sequence[Finding], cells: Callable[[Finding], tuple[str, ...]]
) -> tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]:
    return tuple(
        (title, tuple((one.column.title, *cells(one)) for one in members))
        for title, members in groupby(findings, _title)
    )
