"""Best-first growth: extend the most promising combination by every further unit, until a combination suffices."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from itertools import count

from fuselens.search.greedy import shed
from fuselens.search.steps import BudgetExhausted, Found, Progress, Search, Step


def best_first(
    units: Sequence[int],
    score: Callable[[Sequence[int]], list[float]],
    passes: Callable[[float], bool],
    *,
    max_expansions: int | None = None,
    progress: Progress | None = None,
) -> Found:
    """Return a combination of units whose score passes, and from which no single unit can be taken.

    The round of expansion in which something passes is the last; of its passing combinations, the one with the largest
    drop is stripped of superfluous units. No combination is scored twice, and each round is one call. Of equal drops
    the first come is taken.

    Args:
        units: the units, in the order in which they are added.
        score: how far removing each combination, a bitmask, drops the target; larger is better. It may raise
            `BudgetExhausted`.
        passes: whether such a drop is enough; the drop of all units together must be.
        max_expansions: how many combinations may be extended; None: any number.
        progress: called with (combinations scored so far, best set so far).

    Returns:
        What was found; all units, not complete, where the search had to stop before anything passed.

    Raises:
        ValueError: no units, a unit twice, or nothing passes, not even all units together.

    Source: Vermeire, Brughmans, Goethals, de Oliveira, Martens, "Explainable image classification with evidence
    counterfactual", Pattern Analysis and Applications 25, 2022 (SEDC), with a set of combinations already visited.
    """
    drops: dict[int, float] = {}

    def judge(combinations: Sequence[int]) -> list[bool]:
        drops.update(zip(combinations, score(combinations), strict=True))
        return [passes(drops[each]) for each in combinations]

    search = Search(units, judge, batch=max(len(units), 1), progress=progress)
    with search.until_stopped():
        _grow(search, drops, max_expansions)
        shed(search, sorted(search.order, key=lambda unit: drops[1 << unit]))
    return search.found()


def _grow(search: Search, drops: dict[int, float], max_expansions: int | None) -> None:
    """Expand until something passes; `drops` fills up with what the search has scored."""
    tickets = count()
    waiting = [(0.0, next(tickets), 0)]  # (minus the drop, first come, the combination)
    expansions = -1  # the first round, from nothing to single units, is free
    while waiting:
        if expansions == max_expansions:
            raise BudgetExhausted
        expansions += 1
        base = heapq.heappop(waiting)[2]
        grown = [base | 1 << unit for unit in search.order if not base >> unit & 1]
        fresh = [each for each in grown if each not in drops]
        verdicts = search.ask(fresh)
        size = base.bit_count() + 1
        passing = [each for each, verdict in zip(fresh, verdicts, strict=True) if verdict]
        if passing:
            best = max(passing, key=drops.__getitem__)
            search.accept(Step(size, size - 1, "expansion", fresh.index(best), best))
            return
        search.trace.append(Step(size, size - 1, "expansion", -1, base))
        for each in fresh:
            heapq.heappush(waiting, (-drops[each], next(tickets), each))
    raise ValueError("Nothing passes, not even all units together; ask for a smaller drop.")
