"""Delta debugging: halve, then cut ever finer, and keep any piece, or rest without a piece, that has the property."""

from __future__ import annotations

from collections.abc import Sequence

from fuselens.search.steps import Found, Judge, Progress, Search, chosen, mask_of, split


def ddmin(order: Sequence[int], judge: Judge, *, batch: int | None = None, progress: Progress | None = None) -> Found:
    """Return a set with P from which no single unit can be taken.

    It is minimal where adding units never breaks P, though not the smallest possible. At most m² + 3m sets are judged.
    The first candidate with P wins, so the set does not depend on `batch`; larger batches judge some sets in vain.

    Args:
        order: the units; neighbours are kept or dropped together first.
        judge: the property; all units together must have it.
        batch: how many candidates are judged at once; None: one by one.
        progress: called with (tests so far, best set so far).

    Raises:
        ValueError: no units, a unit twice, or a batch below 1.

    Source: Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", IEEE TSE 28(2), 2002, section 3.
    """
    search = Search(order, judge, batch=batch, progress=progress)
    with search.until_stopped():
        _narrow(search)
    return search.found()


def _narrow(search: Search) -> None:
    pieces = 2  # never more than units: a part has at least 2 where the loop goes on, a complement at least pieces - 1
    while (size := search.kept.bit_count()) >= 2:
        parts = [mask_of(part) for part in split(chosen(search.order, search.kept), pieces)]
        if search.take("part", pieces, parts) is not None:
            pieces = 2
        elif pieces > 2 and search.take("complement", pieces, [search.kept & ~part for part in parts]) is not None:
            pieces -= 1  # with 2 pieces, complements would be the parts again
        else:
            search.fail("complement" if pieces > 2 else "part", pieces)
            if pieces == size:
                return
            pieces = min(2 * pieces, size)
