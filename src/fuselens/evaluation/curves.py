"""Insertion and deletion: how the score rises while units are shown by rank, and falls while they are hidden.

Reference: Petsiuk, Das, Saenko, "RISE", BMVC 2018, section 4.2; here on the relative scale, by units, with baselines:
an area says little without that of random orders beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fuselens.core.errors import InputError
from fuselens.core.evaluator import Evaluator
from fuselens.explainers.map_to_set import prefixes


@dataclass(frozen=True)
class Curves:
    """Relative scores while units are added to nothing and taken from everything, in one order.

    Attributes:
        insertion: with the first 0, 1, ... units alone; from 0 to 1.
        deletion: with all but the first 0, 1, ... units; from 1 to 0.
    """

    insertion: tuple[float, ...]
    deletion: tuple[float, ...]

    @property
    def insertion_area(self) -> float:
        """Area under the insertion curve, as a part of the unit square; high is good."""
        return _area(self.insertion)

    @property
    def deletion_area(self) -> float:
        """Area under the deletion curve, as a part of the unit square; low is good."""
        return _area(self.deletion)


def curves(evaluator: Evaluator, order: Sequence[int]) -> Curves:
    """Return both curves of a ranking of all units: twice as many images as units, less those known.

    Raises:
        InputError: the order does not name each unit once, or hiding everything changes nothing.
        BudgetReachedError: the evaluator's budget does not last.
    """
    units = evaluator.units
    if sorted(order) != list(range(units.count)):
        raise InputError(
            f"Expected an order that names each of the {units.count} units once but got {len(order)} entries."
        )
    shown = [0, *prefixes(order)]
    scores = evaluator.relative([*shown, *(units.everything & ~kept for kept in shown)])
    return Curves(tuple(scores[: len(shown)]), tuple(scores[len(shown) :]))


def curve_measures(evaluator: Evaluator, order: Sequence[int], *, orders: int = 10, seed: int = 0) -> dict[str, float]:
    """Return the areas of an order, of the reverse order, and the means over random orders.

    Showing the last first is hiding the first last, so the reverse order's insertion area is this order's deletion
    area, and costs nothing.

    Args:
        evaluator: at work.
        order: all units, the most important first.
        orders: how many random orders; 0 leaves them out.
        seed: of these.

    Raises:
        InputError: as `curves`.
        BudgetReachedError: the evaluator's budget does not last.
    """
    own, reverse = curves(evaluator, order), curves(evaluator, list(order)[::-1])
    found = {
        "insertion": own.insertion_area, "deletion": own.deletion_area,
        "insertion_reverse": reverse.insertion_area, "deletion_reverse": reverse.deletion_area,
    }  # fmt: skip
    if orders:
        drawn = [curves(evaluator, each) for each in random_orders(evaluator.units.count, orders, seed)]
        found["insertion_random"] = float(np.mean([each.insertion_area for each in drawn]))
        found["deletion_random"] = float(np.mean([each.deletion_area for each in drawn]))
    return found


def random_orders(count: int, orders: int, seed: int) -> list[list[int]]:
    """Return random orders of units `0..count - 1`."""
    random = np.random.default_rng(seed)
    return [random.permutation(count).tolist() for _ in range(orders)]


def _area(values: Sequence[float]) -> float:
    return (sum(values) - (values[0] + values[-1]) / 2) / (len(values) - 1)  # trapezoids
