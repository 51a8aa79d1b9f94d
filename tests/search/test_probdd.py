"""ProbDD: few tests, the paper's rule, and a prior that changes the cost but not what holds."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuselens.search import ddmin, prior_of, probdd
from tests.search.problems import Property, arbitrary, holds_any, judge_by, mask, monotone, proper_subsets, without_one


def test_about_two_tests_a_unit_and_no_more_than_three() -> None:
    rng = random.Random(0)
    decisions = []
    for _ in range(300):
        count = rng.randint(5, 40)
        has = holds_any([mask(*rng.sample(range(count), rng.randint(1, count))) for _ in range(rng.randint(1, 3))])
        found = probdd(range(count), judge_by(has))
        assert found.tests <= 3 * count
        decisions.append(sum(step.family == "prefix" for step in found.trace) / count)
    assert max(decisions) <= 2.3
    assert sum(decisions) / len(decisions) < 1.7


@settings(deadline=None, max_examples=25)
@given(problem=monotone(largest=64))
def test_the_sweep_adds_a_test_a_kept_unit_at_most(problem: tuple[list[int], Property]) -> None:
    order, has = problem
    found = probdd(order, judge_by(has))
    decisions = sum(step.family == "prefix" for step in found.trace)
    assert decisions <= 3 * len(order)
    assert found.tests <= decisions + found.kept.bit_count()


def test_cheaper_than_ddmin_where_a_third_is_needed() -> None:
    has = holds_any([mask(*random.Random(1).sample(range(100), 30))])
    assert probdd(range(100), judge_by(has)).tests * 3 < ddmin(range(100), judge_by(has)).tests


def test_the_first_prefixes_by_hand() -> None:
    """Prior 0.1: k 0.9^k is largest at 9 and 10 alike; all nine share 0.1 / (1 - 0.9^9) = 0.163 after a failure."""
    found = probdd(range(30), judge_by(holds_any([mask(0)])))
    sizes = [(step.granularity, step.index) for step in found.trace if step.family == "prefix"]
    assert sizes[0][0] in (9, 10)
    assert sizes[0][1] == -1
    assert sizes[1] == (sizes[0][0], 0)  # the next units at the prior, as the first ones are likelier now
    assert found.kept == mask(0)


@settings(deadline=None, max_examples=25)
@given(problem=monotone(), seed=st.integers(0, 1000), saliency=st.booleans())
def test_any_prior_gives_a_minimal_set(problem: tuple[list[int], Property], seed: int, saliency: bool) -> None:
    order, has = problem
    rng = random.Random(seed)
    drawn = [rng.choice([0.0, 1.0, rng.random()]) for _ in order]
    found = probdd(order, judge_by(has), prior=prior_of(drawn) if saliency else drawn)
    assert has(found.kept)
    assert found.complete
    assert not any(has(each) for each in proper_subsets(found.kept))


@settings(deadline=None, max_examples=25)
@given(problem=arbitrary(), seed=st.integers(0, 1000))
def test_any_prior_and_any_property(problem: tuple[list[int], Property], seed: int) -> None:
    order, has = problem
    rng = random.Random(seed)
    found = probdd(order, judge_by(has), prior=[rng.random() for _ in order])
    assert has(found.kept)
    assert not any(has(each) for each in without_one(found.kept))


def test_a_prior_changes_the_cost_only() -> None:
    """With a single core the minimal set is unique; a good guess saves tests, a misleading one costs some."""
    costs = {"none": 0, "good": 0, "misleading": 0}
    for seed in range(20):
        rng = random.Random(seed)
        needed = rng.sample(range(60), 12)
        judge = judge_by(holds_any([mask(*needed)]))
        good = [rng.uniform(0.6, 1.0) if unit in needed else rng.uniform(0.0, 0.3) for unit in range(60)]
        priors = {"none": None, "good": prior_of(good, 0.2), "misleading": prior_of([1 - each for each in good], 0.2)}
        for name, prior in priors.items():
            found = probdd(range(60), judge, prior=prior)
            assert found.kept == mask(*needed)
            costs[name] += found.tests
    assert costs["good"] < 0.8 * costs["none"]
    assert costs["good"] < costs["misleading"]


def test_the_prior_belongs_to_the_units_not_to_places_in_the_order() -> None:
    judge = judge_by(holds_any([mask(3)]))
    prior = [0.01, 0.01, 0.01, 0.99]
    assert probdd([3, 2, 1, 0], judge, prior=prior).trace[0].kept_after == mask(3)
    assert probdd([0, 1, 2, 3], judge, prior=prior).trace[0].kept_after == mask(3)


@pytest.mark.parametrize("sigma", [0.0, 0.01, 0.3, 1.0])
def test_any_sigma_ends(sigma: float) -> None:
    found = probdd(range(30), judge_by(holds_any([mask(*range(0, 30, 2))])), sigma=sigma)
    assert found.kept == mask(*range(0, 30, 2))


def test_a_prior_from_saliency() -> None:
    assert prior_of([1, 1, 1, 1]) == pytest.approx([0.1] * 4)
    assert prior_of([0, -3, 1, 0], 0.2) == pytest.approx([0.01, 0.6, 0.2, 0.01])
    assert prior_of([0, 100, 0], 0.9) == pytest.approx([0.01, 0.9, 0.01])
    assert prior_of([0, 0], 0.3) == [0.3, 0.3]


@pytest.mark.parametrize("prior", [[0.5, 1.5], [0.5, -0.1], [0.5, float("nan")]])
def test_a_prior_is_a_probability(prior: list[float]) -> None:
    with pytest.raises(ValueError, match="expected a probability"):
        probdd([0, 1], judge_by(bool), prior=prior)


def test_a_prior_for_each_unit() -> None:
    with pytest.raises(ValueError, match="The prior has 1 values but unit 2 needs one too"):
        probdd([0, 2], judge_by(bool), prior=[0.1])
