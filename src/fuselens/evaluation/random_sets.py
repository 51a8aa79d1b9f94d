"""The baseline that a method must beat: sets made of random orders of the units."""

from __future__ import annotations

import numpy as np

from fuselens.core.evaluator import Evaluator
from fuselens.core.explanation import Mode
from fuselens.evaluation.budget import within_budget
from fuselens.evaluation.curves import random_orders
from fuselens.explainers.hiding import level_for
from fuselens.explainers.map_to_set import shortest_prefix


def random_order_set(
    evaluator: Evaluator, *, level: float | None = None, mode: Mode = "both", orders: int = 10, seed: int = 0
) -> dict[str, float]:
    """Return the mean size and area of the shortest prefixes of random orders that have the property.

    Keys: `random_set_size` and `random_set_area`, parts of all units and of all pixels that can be hidden; NaN where
    hiding everything hardly changes the target.

    Args:
        evaluator: at work.
        level: as for `map_to_set`.
        mode: as for `map_to_set`.
        orders: how many random orders.
        seed: of these.

    Raises:
        InputError: a level that cannot be.
        BudgetReachedError: the evaluator's budget does not last.
    """
    chosen, units = level_for(evaluator, level), evaluator.units
    if not evaluator.has_influence:
        return {"random_set_size": float("nan"), "random_set_area": float("nan")}
    sizes, areas = [], []
    with within_budget():
        for order in random_orders(units.count, orders, seed):
            size = (shortest_prefix(evaluator, order, chosen, mode) or units.everything).bit_count()
            sizes.append(size / units.count)
            areas.append(float(units.areas()[order[:size]].sum() / units.areas().sum()))
    return {"random_set_size": float(np.mean(sizes)), "random_set_area": float(np.mean(areas))}
