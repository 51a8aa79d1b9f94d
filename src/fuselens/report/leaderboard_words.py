"""The headline of a leaderboard: who leads, and whether that could be luck."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fuselens.report.leaderboard_columns import counted
from fuselens.scoring.statistics import Comparison
from fuselens.scoring.table import ScoreTable

TEST = "Wilcoxon signed-rank test with Holm's correction, 5% level"
_OPPOSITE = {"better": "worse", "worse": "better"}
_NAMED = 5  # titles that a sentence can bear


def headline(table: ScoreTable, comparisons: Sequence[Comparison]) -> list[str]:
    """Say which method leads by which count, over how many images, and which leads are statistically decided."""
    images = _scored_images(table)
    means = np.isfinite(table.means())
    columns = np.flatnonzero(means.any(axis=0))
    if not len(columns):
        return ["There is no score: no metric has a value on any image."]
    if len(table.methods) == 1:
        scored = counted(len(columns), "metric")
        return [f"{table.methods[0]} was scored by {scored} on {images}. A second method would make it a comparison."]
    wins = (table.places() == 1).sum(axis=1)
    ranks = table.overall_ranks()
    first = [table.methods[m] for m in np.flatnonzero(wins == wins.max())]
    count = f"the best mean on {wins.max()} of {counted(len(columns), 'metric')}"
    if np.isnan(ranks).all():
        no_ranks = "Ranks cannot be formed: no image has a value from every method."
        return [f"{listed(first)} {_has(first)} {count}, over {images}.", no_ranks]
    best = [table.methods[m] for m in np.flatnonzero(ranks == np.nanmin(ranks))]
    rank = f"the best average rank, {np.nanmin(ranks):.2f} among {len(table.methods)} methods"
    if first == best and len(best) == 1:
        led = [int(k) for k in columns if table.places()[table.method(best[0]), k] == 1]
        return [f"{best[0]} leads: {count} and {rank}, over {images}.", _luck(table, comparisons, led, "its")]
    each = " each" * (len(first) > 1)
    link = "and" if set(first) & set(best) else "but"
    return [
        f"No single method leads: {listed(first)} {_has(first)} {count}{each}, {link} "
        f"{listed(best)} {_has(best)} {rank}, over {images}.",
        _luck(table, comparisons, [int(k) for k in columns], "the best method's"),
    ]


def listed(names: Sequence[str]) -> str:
    """Return names as people list them.

    Example:
        >>> listed(["a"]), listed(["a", "b", "c"])
        ('a', 'a, b and c')
    """
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def lead(table: ScoreTable, comparisons: Sequence[Comparison], k: int) -> str:
    """Say whether the best mean of column `k` is `"decided"`, `"undecided"` or `"untested"` against all other methods.

    Decided is a lead over every other method; one that is shared or lacks a test against one method is none.
    """
    places = table.places()[:, k]
    leader = table.methods[int(np.argmax(places == 1))]
    told = {}
    for one in comparisons:
        if one.metric == table.columns[k].name and leader in (one.method, one.against):
            is_first = one.method == leader
            told[one.against if is_first else one.method] = (
                one.verdict if is_first else _OPPOSITE.get(one.verdict, one.verdict)
            )
    rivals = [method for method, place in zip(table.methods, places, strict=True) if place and method != leader]
    verdicts = {told.get(rival, "untested") for rival in rivals}
    if verdicts == {"better"}:
        return "decided"
    return "untested" if verdicts <= {"untested", "better"} else "undecided"


def _luck(table: ScoreTable, comparisons: Sequence[Comparison], columns: Sequence[int], whose: str) -> str:
    leads = {k: lead(table, comparisons, k) for k in columns}
    decided = [k for k in columns if leads[k] == "decided"]
    open_ones = [table.columns[k].title for k in columns if leads[k] != "decided"]
    if all(found == "untested" for found in leads.values()):
        if len(table.images) == 1:
            return "One image cannot tell whether a lead is luck."
        return "Whether a lead over all other methods is luck was not tested."
    if not decided:
        subject = "This lead is not" if len(columns) == 1 else "None of these leads is"
        return f"{subject} statistically decided ({TEST}): it could be luck."
    if not open_ones:
        subject = "This lead is" if len(columns) == 1 else f"All {len(columns)} leads are"
        return f"{subject} statistically decided against every other method ({TEST})."
    rest = listed(open_ones) if len(open_ones) <= _NAMED else f"the other {len(open_ones)}"
    return (
        f"On {len(decided)} of these {len(columns)} metrics {whose} lead over every other method is "
        f"statistically decided ({TEST}); on {rest} it could be luck."
    )


def _scored_images(table: ScoreTable) -> str:
    scored = sum(np.isfinite(values).any() for values in np.moveaxis(table.values, 1, 0))
    total = len(table.images)
    return counted(total, "image") if scored == total else f"{scored:,} of {counted(total, 'image')}"


def _has(names: Sequence[str]) -> str:
    return "has" if len(names) == 1 else "have"
