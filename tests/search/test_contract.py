"""What holds for every search: the set has P, nothing can be taken from it, and it can be stopped anywhere."""

from __future__ import annotations

import ast
import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings

import fuselens.search
from fuselens.search.steps import Family
from tests.search.problems import (
    SEARCHES,
    Property,
    arbitrary,
    holds_any,
    judge_by,
    mask,
    monotone,
    proper_subsets,
    random_cores,
    without_one,
)

Problem = tuple[list[int], Property]
REDUCING: tuple[Family, ...] = ("part", "complement", "prefix", "removal")
every_search = pytest.mark.parametrize("name", SEARCHES)


@every_search
@settings(deadline=None, max_examples=25)
@given(problem=monotone())
def test_monotone_sets_are_minimal(name: str, problem: Problem) -> None:
    order, has = problem
    found = SEARCHES[name](order, judge_by(has))
    assert has(found.kept)
    assert not any(has(each) for each in proper_subsets(found.kept))
    assert found.complete
    assert found.stopped == ""


@every_search
@settings(deadline=None, max_examples=25)
@given(problem=arbitrary())
def test_any_property_gives_a_set_from_which_nothing_can_be_taken(name: str, problem: Problem) -> None:
    order, has = problem
    found = SEARCHES[name](order, judge_by(has))
    assert has(found.kept)
    assert not any(has(each) for each in without_one(found.kept))


@every_search
@settings(deadline=None, max_examples=25)
@given(problem=arbitrary())
def test_the_trace_replays_the_search(name: str, problem: Problem) -> None:
    order, has = problem
    found = SEARCHES[name](order, judge_by(has))
    at_hand = 0 if name == "best_first" else mask(*order)
    for step in found.trace:
        if step.family in REDUCING:
            assert step.size == at_hand.bit_count()
            assert 1 <= step.granularity <= step.size
            assert has(step.kept_after)
            assert (step.kept_after == at_hand) if step.index == -1 else step.kept_after & ~at_hand == 0
        at_hand = step.kept_after
    assert at_hand == found.kept or not found.trace


@every_search
@settings(deadline=None, max_examples=25)
@given(problem=arbitrary())
def test_no_set_is_judged_twice_nor_the_empty_one_and_all_are_counted(name: str, problem: Problem) -> None:
    order, has = problem
    judged: Counter[int] = Counter()

    def judge(sets: Sequence[int]) -> list[bool]:
        judged.update(sets)
        return [has(each) for each in sets]

    found = SEARCHES[name](order, judge)
    assert set(judged.values()) <= {1}
    assert 0 not in judged
    assert found.tests == len(judged)


@every_search
def test_twice_the_same(name: str) -> None:
    has = holds_any(random_cores(random.Random(3), 12) + random_cores(random.Random(4), 12))
    order = random.Random(5).sample(range(12), 12)
    assert SEARCHES[name](order, judge_by(has)) == SEARCHES[name](order, judge_by(has))


@pytest.mark.parametrize("name", [name for name in SEARCHES if name != "best_first"])
def test_one_unit_needs_no_test(name: str) -> None:
    found = SEARCHES[name]([0], judge_by(bool))
    assert (found.kept, found.complete, found.tests) == (1, True, 0)


def test_one_unit_best_first() -> None:
    found = SEARCHES["best_first"]([0], judge_by(bool))
    assert (found.kept, found.complete, found.tests) == (1, True, 1)


@every_search
def test_without_units_there_is_nothing_to_search(name: str) -> None:
    with pytest.raises(ValueError, match="no units to search; give at least one"):
        SEARCHES[name]([], judge_by(bool))


@every_search
def test_a_unit_given_twice_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="stands twice"):
        SEARCHES[name]([0, 1, 1], judge_by(bool))


@every_search
def test_a_judge_that_skips_a_set_is_found_out(name: str) -> None:
    with pytest.raises(ValueError, match="shorter"):
        SEARCHES[name]([0, 1, 2], lambda sets: [True for _ in sets][1:])


def test_the_room_needs_the_standard_library_only() -> None:
    for file in Path(fuselens.search.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.startswith("fuselens.search.") or name.split(".")[0] in sys.stdlib_module_names
