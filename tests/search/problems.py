"""Properties with known answers, and the searches that are tested on all of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import combinations

from hypothesis import strategies as st

from fuselens.search import Found, Judge, best_first, ddmin, greedy, probdd

Property = Callable[[int], bool]


def mask(*units: int) -> int:
    return sum(1 << unit for unit in units)


def proper_subsets(kept: int) -> list[int]:
    """All subsets but the set itself, the empty one first."""
    units = [unit for unit in range(kept.bit_length()) if kept >> unit & 1]
    return [mask(*some) for size in range(len(units)) for some in combinations(units, size)]


def without_one(kept: int) -> list[int]:
    return [kept & ~(1 << unit) for unit in range(kept.bit_length()) if kept >> unit & 1]


def holds_any(cores: Sequence[int]) -> Property:
    """An up-set: sets that contain one of the cores."""
    return lambda kept: any(core & ~kept == 0 for core in cores)


def judge_by(has: Property) -> Judge:
    return lambda sets: [has(each) for each in sets]


def grown(order: Sequence[int], judge: Judge) -> Found:
    """Best-first on a score of 0 and 1, so that it takes any judge."""
    return best_first(order, lambda sets: [float(verdict) for verdict in judge(sets)], lambda drop: drop > 0.5)


SEARCHES: dict[str, Callable[[Sequence[int], Judge], Found]] = {
    "ddmin": ddmin,
    "ddmin in batches": lambda order, judge: ddmin(order, judge, batch=3),
    "probdd": probdd,
    "greedy": greedy,
    "greedy in batches": lambda order, judge: greedy(order, judge, batch=3),
    "best_first": grown,
}


@st.composite
def monotone(draw: st.DrawFn, largest: int = 10) -> tuple[list[int], Property]:
    """An order of the units and an up-set over them with random cores, none of them empty."""
    count = draw(st.integers(1, largest))
    cores = draw(st.lists(st.integers(1, 2**count - 1), min_size=1, max_size=5))
    return draw(st.permutations(range(count))), holds_any(cores)


@st.composite
def arbitrary(draw: st.DrawFn, largest: int = 8) -> tuple[list[int], Property]:
    """An order and a property drawn set by set; all units have it and no units have not."""
    count = draw(st.integers(1, largest))
    everything = 2**count - 1
    rng = random.Random(draw(st.integers(0, 2**32)))
    density = draw(st.sampled_from([0.1, 0.3, 0.6, 0.9]))
    holding = {each for each in range(1, everything) if rng.random() < density} | {everything}
    return draw(st.permutations(range(count))), holding.__contains__


def random_cores(rng: random.Random, count: int) -> list[int]:
    """One to three cores, each of a random size."""
    return [mask(*rng.sample(range(count), rng.randint(1, count))) for _ in range(rng.randint(1, 3))]
