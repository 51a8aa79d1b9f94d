"""Planted answers are right: closed forms against the evaluator, and against brute force on small sets."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch

import fuselens as fl
from fuselens.core.units import bits
from fuselens.studies.explainer_truth import likeness_to
from fuselens.studies.planted import TASKS, plant, smallest

SCENE = fl.example_pair("street", seed=3, size=(64, 64))


@pytest.mark.parametrize("task", [task for task in TASKS if task != "nothing"])
def test_answer_is_the_smallest_set_with_the_property(task: str) -> None:
    planted = plant(SCENE, task, 1)
    units = planted.case.units
    members = [unit for unit in range(units.count) if planted.answer >> unit & 1]
    with planted.case.evaluator(planted.model) as evaluator:
        one_by_one = np.array(evaluator.relative([1 << unit for unit in range(units.count)]))
        alone, without = evaluator.relative([planted.answer, units.everything & ~planted.answer])
        weakest = min(members, key=lambda unit: one_by_one[unit])
        (less,) = evaluator.relative([planted.answer & ~(1 << weakest)])
        rest = [unit for unit in range(units.count) if unit not in members]
    assert one_by_one.sum() == pytest.approx(1, abs=1e-4), "scores add up over units"
    assert alone == pytest.approx(one_by_one[members].sum(), abs=1e-4)
    assert alone >= planted.level > without
    assert less < planted.level, "the weakest unit is needed"
    assert one_by_one[rest].max() <= one_by_one[weakest] + 1e-6, "no other unit adds more"


def test_answers_are_where_the_operator_looks() -> None:
    copied, ignored = plant(SCENE, "copy", 1), plant(SCENE, "ignore_b", 1)
    for planted in (copied, ignored):
        source = planted.case.units.source_of()
        keep_a, keep_b = planted.case.units.keep_maps(
            torch.tensor([[bool(planted.answer >> unit & 1) for unit in range(planted.case.units.count)]])
        )
        looks_at_b = planted.model.of_b > 0  # type: ignore[operator]
        assert not bool((keep_a[0] & looks_at_b).any())
        assert not bool((keep_b[0] & ~looks_at_b).any())
        assert len(source) == planted.case.units.count
    assert not any(ignored.answer >> unit & 1 for unit in range(ignored.case.units.count) if source[unit] == 1)
    assert bool((copied.model.of_b > 0).any())  # type: ignore[operator]


def test_nothing_can_be_found_where_nothing_counts() -> None:
    planted = plant(SCENE, "nothing", 1)
    assert planted.answer == 0
    with planted.case.evaluator(planted.model) as evaluator:
        assert not evaluator.has_influence


def test_smallest_against_brute_force() -> None:
    random = np.random.default_rng(0)
    for _ in range(20):
        added = random.random(7)
        level = float(random.uniform(0.5, 0.99))
        fewest = next(
            size
            for size in range(1, 8)
            if any(sum(added[list(each)]) >= level * added.sum() for each in combinations(range(7), size))
        )
        found = smallest(added, level)
        assert found.bit_count() == fewest
    assert smallest(np.zeros(3), 0.9) == 0


def test_likeness() -> None:
    row = likeness_to(bits([1, 2, 3, 4]), bits([3, 4, 5]))
    assert row == {"precision": pytest.approx(2 / 3), "recall": 0.5, "jaccard": pytest.approx(0.4), "exact": 0.0}
    assert likeness_to(0, 0)["jaccard"] == 1
    assert likeness_to(0, 2)["recall"] == 0
    assert np.isnan(likeness_to(2, 0)["precision"])
    assert likeness_to(6, 6)["exact"] == 1
