"""Reverse deletion: take away one unit after the other wherever the property survives."""

from __future__ import annotations

from collections.abc import Sequence

from fuselens.search.steps import Found, Judge, Progress, Search, chosen, mask_of


def greedy(order: Sequence[int], judge: Judge, *, batch: int | None = None, progress: Progress | None = None) -> Found:
    """Return a set with P from which no single unit can be taken.

    Where adding units never breaks P the first pass of m tests finds it and a second confirms it; elsewhere passes go
    on until one changes nothing.

    Args:
        order: the units, least important first: earlier ones are the first to go.
        judge: the property; all units together must have it.
        batch: how many removals are judged at once; the set does not depend on it. None: one by one.
        progress: called with (tests so far, best set so far).

    Raises:
        ValueError: no units, a unit twice, or a batch below 1.
    """
    return sweep(mask_of(order), order, judge, batch=batch, progress=progress)


def sweep(
    kept: int, order: Sequence[int], judge: Judge, *, batch: int | None = None, progress: Progress | None = None
) -> Found:
    """Do as `greedy`, beginning with a set that has P, such as the result of a search that was stopped.

    Args:
        kept: the set, a bitmask.
        order: its units, least important first; units outside the set are passed over.
        judge: the property.
        batch: how many removals are judged at once; None: one by one.
        progress: called with (tests so far, best set so far).

    Raises:
        ValueError: as `greedy`, or a kept unit is missing from the order.
    """
    units = chosen(order, kept)
    if kept & ~mask_of(units):
        raise ValueError("A kept unit is missing from the order; name all of them.")
    search = Search(units, judge, batch=batch, progress=progress)
    with search.until_stopped():
        shed(search, units)
    return search.found()


def shed(search: Search, order: Sequence[int]) -> None:
    """Take single units from the best set, in that order, pass after pass until one changes nothing."""
    before = None
    while before != search.kept:
        before = search.kept
        left = chosen(order, before)
        while left:
            size = search.kept.bit_count()
            taken = search.take("removal", size, [search.kept & ~(1 << unit) for unit in left])
            if taken is None:
                search.fail("removal", size)
                break
            left = left[taken + 1 :]
