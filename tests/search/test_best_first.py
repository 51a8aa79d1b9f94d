"""Best-first growth: the smallest set on additive scores, nothing superfluous, nothing twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuselens.search import BudgetExhausted, best_first
from tests.search.problems import mask, without_one

Score = Callable[[Sequence[int]], list[float]]


def by(drop: Callable[[int], float]) -> Score:
    return lambda sets: [drop(each) for each in sets]


def additive(weights: Sequence[float]) -> Callable[[int], float]:
    return lambda removed: sum(weight for unit, weight in enumerate(weights) if removed >> unit & 1)


@settings(deadline=None, max_examples=25)
@given(weights=st.lists(st.integers(0, 20), min_size=1, max_size=12), share=st.floats(0.01, 1))
def test_additive_scores_give_the_smallest_set_and_nothing_superfluous(weights: list[int], share: float) -> None:
    drop = additive(weights)
    wanted = share * sum(weights)
    found = best_first(range(len(weights)), by(drop), lambda value: value >= wanted)
    assert found.complete
    if wanted == 0:
        assert found.kept.bit_count() == 1
        return
    largest_first = sorted(weights, reverse=True)
    smallest = next(size for size in range(1, len(weights) + 1) if sum(largest_first[:size]) >= wanted)
    assert drop(found.kept) >= wanted
    assert found.kept.bit_count() == smallest
    assert all(drop(each) < wanted for each in without_one(found.kept))


@settings(deadline=None, max_examples=25)
@given(data=st.data(), count=st.integers(1, 7))
def test_any_score_gives_an_irreducible_set_and_scores_nothing_twice(data: st.DataObject, count: int) -> None:
    drops = data.draw(st.lists(st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.7]), min_size=2**count, max_size=2**count))
    drops[0], drops[-1] = 0.0, 0.9
    asked: Counter[int] = Counter()

    def score(sets: Sequence[int]) -> list[float]:
        asked.update(sets)
        return [drops[each] for each in sets]

    found = best_first(range(count), score, lambda value: value > 0.6)
    assert drops[found.kept] > 0.6
    assert all(drops[each] <= 0.6 for each in without_one(found.kept))
    assert set(asked.values()) == {1}
    assert found.tests == len(asked)


def test_the_round_that_passes_is_the_last_and_its_largest_drop_wins() -> None:
    drops = {mask(0): 0.1, mask(1): 0.4, mask(2): 0.2, mask(0, 1): 0.7, mask(1, 2): 0.8, mask(0, 2): 1.0}
    rounds: list[list[int]] = []

    def score(sets: Sequence[int]) -> list[float]:
        rounds.append(list(sets))
        return [drops[each] for each in sets]

    found = best_first([0, 1, 2], score, lambda value: value >= 0.6)
    assert rounds[:2] == [[mask(0), mask(1), mask(2)], [mask(0, 1), mask(1, 2)]]
    assert len(rounds) == 2  # the pass that looks for superfluous units finds both singles scored
    assert found.kept == mask(1, 2)
    assert [(s.granularity, s.size, s.family, s.index, s.kept_after) for s in found.trace] == [
        (1, 0, "expansion", -1, 0),
        (2, 1, "expansion", 1, mask(1, 2)),
        (2, 2, "removal", -1, mask(1, 2)),
    ]


def test_superfluous_units_go_least_first() -> None:
    """Units 2 and 3 with either 0 or 1 suffice, which the search misses on its way over 0, then 1, to all four."""
    weights = additive([0.5, 0.1, 0.05, 0.0])
    rounds: list[list[int]] = []

    def score(sets: Sequence[int]) -> list[float]:
        rounds.append(list(sets))
        return [1.0 if each & mask(2, 3) == mask(2, 3) and each & mask(0, 1) else weights(each) for each in sets]

    found = best_first(range(4), score, lambda value: value >= 1)
    assert found.trace[3].kept_after == mask(0, 1, 2, 3)
    assert rounds[4] == [mask(0, 2, 3)]
    assert found.kept == mask(0, 2, 3)


@pytest.mark.parametrize("units", [[0, 1, 2, 3], [2, 0, 3, 1]])
def test_of_equals_the_earlier_in_the_order_is_extended_and_taken(units: list[int]) -> None:
    found = best_first(units, by(lambda removed: float(removed.bit_count())), lambda value: value >= 3)
    assert found.kept == mask(*units[:3])


def test_a_plateau_does_not_repeat_combinations() -> None:
    """Where no removal shows before five units are gone, every smaller combination is scored, each once."""
    found = best_first(range(6), by(lambda removed: float(removed.bit_count() >= 5)), lambda value: value > 0)
    smaller = sum(1 for size in range(1, 5) for _ in combinations(range(6), size))
    assert smaller < found.tests <= 2**6 - 1
    assert found.kept.bit_count() == 5


@pytest.mark.parametrize("allowed", range(5))
def test_expansions_are_limited(allowed: int) -> None:
    calls = []

    def score(sets: Sequence[int]) -> list[float]:
        calls.append(sets)
        return [float(each.bit_count()) for each in sets]

    found = best_first(range(6), score, lambda value: value >= 4, max_expansions=allowed)
    if allowed < 3:  # three expansions make four units of one
        assert len(calls) == allowed + 1
        assert (found.kept, found.complete, found.stopped) == (mask(*range(6)), False, "budget")
    else:
        assert found.kept == mask(0, 1, 2, 3)
        assert found.complete


def test_a_budget_that_ends_while_stripping_leaves_what_passed() -> None:
    def score(sets: Sequence[int]) -> list[float]:
        if mask(1, 2) in sets:
            raise BudgetExhausted
        return [1.0 if each == mask(0, 1, 2) else 0.1 * (each & 1) for each in sets]

    found = best_first([0, 1, 2], score, lambda value: value >= 1)
    assert (found.kept, found.stopped) == (mask(0, 1, 2), "budget")


def test_nothing_passes() -> None:
    with pytest.raises(ValueError, match="not even all units together"):
        best_first(range(3), by(lambda removed: 0.0), lambda value: value > 0)
