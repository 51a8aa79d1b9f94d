"""What the searches share: batches, progress, and how a set is cut."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings

from fuselens.search import ddmin, greedy, probdd
from fuselens.search.steps import split
from tests.search.problems import Property, arbitrary, holds_any, judge_by, mask


@pytest.mark.parametrize("search", [ddmin, greedy])
def test_a_batch_below_one_is_refused(search: object) -> None:
    with pytest.raises(ValueError, match="batch of at least 1"):
        search([0, 1], judge_by(bool), batch=-1)  # type: ignore[operator]


def test_progress_counts_up_and_shows_sets_that_have_p() -> None:
    has = holds_any([mask(2, 5), mask(7)])
    for search in (ddmin, greedy, probdd):
        seen: list[tuple[int, int]] = []
        found = search(range(8), judge_by(has), progress=lambda tests, kept: seen.append((tests, kept)))  # noqa: B023
        assert [tests for tests, _ in seen] == sorted(tests for tests, _ in seen)
        assert seen[-1] == (found.tests, found.kept)
        assert all(has(kept) for _, kept in seen)


@settings(deadline=None, max_examples=25)
@given(problem=arbitrary())
def test_batches_change_neither_set_nor_trace(problem: tuple[list[int], Property]) -> None:
    order, has = problem
    for search in (ddmin, greedy):
        one_by_one = search(order, judge_by(has))
        for batch in (1, 3, 16):
            found = search(order, judge_by(has), batch=batch)
            assert (found.kept, found.trace) == (one_by_one.kept, one_by_one.trace)
            assert found.tests >= one_by_one.tests


def test_batches_are_full_and_never_larger() -> None:
    sizes = []

    def judge(sets: Sequence[int]) -> list[bool]:
        sizes.append(len(sets))
        return [each == 2**40 - 1 for each in sets]

    ddmin(range(40), judge, batch=16)
    assert max(sizes) == 16


@pytest.mark.parametrize("pieces", range(1, 12))
def test_pieces_are_in_order_and_differ_by_one_at_most(pieces: int) -> None:
    units = random.Random(pieces).sample(range(50), 11)
    parts = split(units, pieces)
    sizes = [len(part) for part in parts]
    assert len(parts) == pieces
    assert [unit for part in parts for unit in part] == units
    assert max(sizes) - min(sizes) <= 1
    assert sizes == sorted(sizes)
