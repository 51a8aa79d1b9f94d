"""A search can be stopped at any point, and a sweep finishes what was begun."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings

from fuselens.search import BudgetExhausted, Found, ddmin, sweep
from tests.search.problems import SEARCHES, Property, arbitrary, holds_any, judge_by, mask, random_cores, without_one


class StopsAt:
    """A judge that answers so many calls, then raises."""

    def __init__(self, has: Property, calls: int, stop: type[BaseException]) -> None:
        self.has, self.calls, self.stop = has, calls, stop

    def __call__(self, sets: Sequence[int], /) -> list[bool]:
        if self.calls == 0:
            raise self.stop
        self.calls -= 1
        return [self.has(each) for each in sets]


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize(("stop", "word"), [(BudgetExhausted, "budget"), (KeyboardInterrupt, "interrupted")])
def test_stopped_at_any_point_the_set_has_p(name: str, stop: type[BaseException], word: str) -> None:
    for seed in range(8):
        rng = random.Random(seed)
        order = rng.sample(range(9), 9)
        has = holds_any(random_cores(rng, 9))
        ended: Found = SEARCHES[name](order, judge_by(has))
        for calls in range(ended.tests + 1):
            found = SEARCHES[name](order, StopsAt(has, calls, stop))
            assert has(found.kept)
            if found.complete:
                assert found == ended
                break
            assert found.stopped == word
            assert found.trace == ended.trace[: len(found.trace)]
            if calls == 0:
                assert (found.kept, found.tests) == (mask(*order), 0)
        assert found.complete
        assert calls > 0 or ended.tests == 0


def test_an_interruption_while_reporting_is_one_too() -> None:
    def impatient(tests: int, _: int) -> None:
        if tests == 4:
            raise KeyboardInterrupt

    found = ddmin(range(8), judge_by(holds_any([mask(2, 5)])), progress=impatient)
    assert found.stopped == "interrupted"
    assert found.tests == 4


@settings(deadline=None, max_examples=25)
@given(problem=arbitrary())
def test_a_sweep_finishes_what_was_stopped(problem: tuple[list[int], Property]) -> None:
    order, has = problem
    stopped = ddmin(order, StopsAt(has, 2, BudgetExhausted))
    found = sweep(stopped.kept, order, judge_by(has))
    assert found.kept & ~stopped.kept == 0
    assert has(found.kept)
    assert not any(has(each) for each in without_one(found.kept))
    ended = ddmin(order, judge_by(has)).kept
    assert sweep(ended, order, judge_by(has)).kept == ended


def test_a_sweep_takes_the_first_in_the_order_first() -> None:
    either = judge_by(holds_any([mask(0), mask(1)]))
    assert sweep(mask(0, 1), [0, 1], either).kept == mask(1)
    assert sweep(mask(0, 1), [1, 2, 0], either).kept == mask(0)


def test_a_sweep_wants_every_kept_unit_in_its_order() -> None:
    with pytest.raises(ValueError, match="missing from the order"):
        sweep(mask(0, 1, 2), [0, 1], judge_by(bool))
    with pytest.raises(ValueError, match="no units to search"):
        sweep(0, [0, 1], judge_by(bool))


def test_one_pass_tries_every_unit_once_and_a_second_confirms() -> None:
    found = sweep(mask(0, 1, 2, 3, 4), [4, 3, 2, 1, 0], judge_by(holds_any([mask(0, 3)])))
    assert [(step.family, step.size, step.kept_after) for step in found.trace] == [
        ("removal", 5, mask(0, 1, 2, 3)),
        ("removal", 4, mask(0, 1, 3)),
        ("removal", 3, mask(0, 3)),
        ("removal", 2, mask(0, 3)),
        ("removal", 2, mask(0, 3)),
    ]
    assert found.tests == 6
