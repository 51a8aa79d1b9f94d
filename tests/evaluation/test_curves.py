"""Insertion and deletion: closed forms of additive scores, baselines, and sets of random orders."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuselens.core.errors import InputError
from fuselens.core.evaluator import BudgetReachedError, Evaluator
from fuselens.core.targets import RegionMean, Similarity
from fuselens.core.units import make_units
from fuselens.evaluation.curves import Curves, curve_measures, curves, random_orders
from fuselens.evaluation.random_sets import random_order_set
from fuselens.explainers.map_to_set import shortest_prefix
from tests.core.small import TinyCNN, average, only_a, small_pair

PAIR = small_pair()
UNITS = make_units(PAIR, "grid:8")


def additive(**options: object) -> Evaluator:
    return Evaluator(average, PAIR, RegionMean(), UNITS, fill="black", **options)  # type: ignore[arg-type]


def parts() -> np.ndarray:
    found = []
    for unit in range(UNITS.count):
        labels, source = (UNITS.labels_b, PAIR.b) if UNITS.source_of()[unit] else (UNITS.labels_a, PAIR.a)
        found.append(float(source.y[labels == unit].sum()))
    return np.array(found) / sum(found)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 10**6))
def test_additive_scores_have_cumulative_curves(seed: int) -> None:
    order = random_orders(UNITS.count, 1, seed)[0]
    with additive() as evaluator:
        found = curves(evaluator, order)
        rising = np.concatenate([[0], np.cumsum(parts()[order])])
        np.testing.assert_allclose(found.insertion, rising, atol=1e-5)
        np.testing.assert_allclose(found.deletion, 1 - rising, atol=1e-5)
        assert found.insertion_area == pytest.approx((rising[:-1] + rising[1:]).mean() / 2, abs=1e-5)
        assert found.deletion_area == pytest.approx(1 - found.insertion_area, abs=1e-5)


def test_the_true_order_beats_random_ones_and_these_its_reverse() -> None:
    with additive() as evaluator:
        order = np.argsort(-parts()).tolist()
        found = curve_measures(evaluator, order, orders=12)
        assert found["insertion"] > found["insertion_random"] > found["insertion_reverse"]
        assert found["deletion"] < found["deletion_random"] < found["deletion_reverse"]
        assert found["insertion_random"] == pytest.approx(0.5, abs=0.1)
        assert set(curve_measures(evaluator, order, orders=0)) == set(found) - {"insertion_random", "deletion_random"}
        again = curve_measures(evaluator, order, orders=12)
        assert again == found
        assert curve_measures(evaluator, order, orders=12, seed=1)["insertion_random"] != found["insertion_random"]


def test_the_reverse_order_mirrors_the_curves_and_costs_nothing() -> None:
    with Evaluator(TinyCNN(), PAIR, Similarity(), UNITS) as evaluator:
        order = list(range(UNITS.count))
        own = curves(evaluator, order)
        images = evaluator.counts.model_images
        reverse = curves(evaluator, order[::-1])
        assert evaluator.counts.model_images == images
        assert reverse.insertion == own.deletion[::-1]
        assert reverse.deletion == own.insertion[::-1]
        assert (own.insertion[0], own.insertion[-1], own.deletion[0], own.deletion[-1]) == (0, 1, 1, 0)


def test_areas_of_known_curves() -> None:
    steps = Curves((0.0, 1.0, 1.0), (1.0, 0.5, 0.0))
    assert steps.insertion_area == 0.75
    assert steps.deletion_area == 0.5


def test_random_sets_are_means_over_orders() -> None:
    with Evaluator(TinyCNN(), PAIR, Similarity(), UNITS) as evaluator:
        found = random_order_set(evaluator, level=0.6, mode="sufficient", orders=4, seed=2)
        kept = [shortest_prefix(evaluator, order, 0.6, "sufficient") for order in random_orders(UNITS.count, 4, 2)]
        assert found["random_set_size"] == pytest.approx(np.mean([k.bit_count() for k in kept if k]) / UNITS.count)
        areas = [sum(int(UNITS.areas()[u]) for u in range(UNITS.count) if k >> u & 1) for k in kept if k]
        assert found["random_set_area"] == pytest.approx(np.mean(areas) / (2 * 24 * 28))
    with Evaluator(only_a, PAIR, Similarity(), make_units(PAIR, "grid:8", which="b")) as evaluator:
        assert all(np.isnan(value) for value in random_order_set(evaluator).values())


def test_wrong_orders_and_small_budgets_are_refused() -> None:
    with additive(max_images=9) as evaluator:
        for order in ([], [0, 0], list(range(UNITS.count - 1)), [*range(UNITS.count), 0]):
            with pytest.raises(InputError, match="each of the 24 units once"):
                curves(evaluator, order)
        with pytest.raises(BudgetReachedError):
            curves(evaluator, list(range(UNITS.count)))
        with pytest.raises(BudgetReachedError, match="larger one"):
            random_order_set(evaluator, level=0.9)
    blind = Evaluator(only_a, PAIR, Similarity(), make_units(PAIR, "grid:8", which="b"))
    with blind, pytest.raises(InputError, match="does not change"):
        curves(blind, list(range(blind.units.count)))
