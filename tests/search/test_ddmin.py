"""ddmin against its regressions, its bound, and the loop as printed."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings

from fuselens.search import ddmin
from fuselens.search.steps import mask_of, split
from tests.search.problems import Property, holds_any, judge_by, mask, monotone, proper_subsets, random_cores


def printed(order: Sequence[int], has: Property) -> int:
    """The search as the DDFImage paper prints it: no try at single units, and n kept after a part."""
    kept, pieces = list(order), 2
    while pieces < len(kept):
        for part in split(kept, pieces):
            if has(mask_of(part)):
                kept = list(part)
                break
        else:
            for part in split(kept, pieces):
                rest = [unit for unit in kept if unit not in part]
                if has(mask_of(rest)):
                    kept, pieces = rest, max(pieces - 1, 2)
                    break
            else:
                pieces *= 2
    return mask_of(kept)


@pytest.mark.parametrize(
    ("needed", "count", "as_printed"), [((0, 2), 3, (0, 1, 2)), ((0, 2, 4), 5, (0, 2, 3, 4))], ids=["of 3", "of 5"]
)
def test_the_regressions(needed: tuple[int, ...], count: int, as_printed: tuple[int, ...]) -> None:
    has = holds_any([mask(*needed)])
    assert printed(range(count), has) == mask(*as_printed)
    assert ddmin(range(count), judge_by(has)).kept == mask(*needed)


def test_the_printed_loop_often_keeps_too_much_and_ours_never() -> None:
    rng = random.Random(0)
    too_much = 0
    for _ in range(300):
        count = rng.randint(2, 10)
        has = holds_any(random_cores(rng, count))
        too_much += any(map(has, proper_subsets(printed(range(count), has))))
        assert not any(map(has, proper_subsets(ddmin(range(count), judge_by(has)).kept)))
    assert too_much > 50


@settings(deadline=None, max_examples=25)
@given(problem=monotone(largest=64))
def test_no_more_tests_than_the_bound(problem: tuple[list[int], Property]) -> None:
    order, has = problem
    count = len(order)
    for batch in (None, 3, 16, count):
        assert ddmin(order, judge_by(has), batch=batch).tests <= count**2 + 3 * count


@pytest.mark.parametrize("count", [2, 3, 7, 16, 33, 64])
@pytest.mark.parametrize("batch", [None, 16])
def test_the_bound_holds_where_only_the_last_single_removal_ever_passes(count: int, batch: int | None) -> None:
    """The chain of sets that lose their last even unit, then their last odd one, offers no coarse cut."""
    chain = {mask(*range(count))}
    left = list(range(count))
    for unit in [*range(count - 1 - count % 2 - 1, -1, -2), *range(count - 1 - (count + 1) % 2, 3, -2)]:
        left = [each for each in left if each != unit]
        if len(left) > 1:
            chain.add(mask(*left))
    found = ddmin(range(count), judge_by(chain.__contains__), batch=batch)
    assert found.kept in chain
    assert found.tests <= count**2 + 3 * count
    if count >= 16:
        assert found.tests > count**2 / 4  # the chain is hard


def test_halving_alone_finds_one_unit() -> None:
    found = ddmin(range(64), judge_by(holds_any([mask(0)])))
    assert found.kept == mask(0)
    assert found.tests == 6
    assert [(step.granularity, step.size, step.family, step.index) for step in found.trace] == [
        (2, size, "part", 0) for size in (64, 32, 16, 8, 4, 2)
    ]


def test_the_trace_of_a_small_search() -> None:
    found = ddmin(range(3), judge_by(holds_any([mask(0, 2)])))
    assert [(s.granularity, s.size, s.family, s.index, s.kept_after) for s in found.trace] == [
        (2, 3, "part", -1, mask(0, 1, 2)),
        (3, 3, "complement", 1, mask(0, 2)),
        (2, 2, "part", -1, mask(0, 2)),
    ]


def test_after_a_part_the_search_starts_coarse_again() -> None:
    part = mask(*range(8, 16))

    def has(kept: int) -> bool:
        return kept == 2**64 - 1 or (kept & ~part == 0 and kept & mask(8, 15) == mask(8, 15))

    found = ddmin(range(64), judge_by(has))
    assert [(s.granularity, s.size, s.family, s.index) for s in found.trace][:5] == [
        (2, 64, "part", -1),
        (4, 64, "complement", -1),
        (8, 64, "part", 1),
        (2, 8, "part", -1),
        (4, 8, "complement", 1),
    ]
    assert found.kept == mask(8, 15)


def test_the_order_decides_between_equals() -> None:
    either = judge_by(holds_any([mask(0), mask(3)]))
    assert ddmin([0, 1, 2, 3], either).kept == mask(0)
    assert ddmin([3, 2, 1, 0], either).kept == mask(3)
