"""All measures of one explanation that need no second explanation."""

from __future__ import annotations

import torch

from fuselens.core.evaluator import Evaluator
from fuselens.core.explanation import Mode, SetExplanation
from fuselens.evaluation.completeness import completeness
from fuselens.evaluation.cost import cost
from fuselens.evaluation.curves import curve_measures
from fuselens.evaluation.likeness import Result
from fuselens.evaluation.localisation import localisation
from fuselens.evaluation.random_sets import random_order_set
from fuselens.evaluation.set_quality import set_quality
from fuselens.explainers.map_to_set import Sign, ranked, scores_of, set_from_map


def measure(
    result: Result,
    evaluator: Evaluator,
    *,
    level: float | None = None,
    mode: Mode = "both",
    sign: Sign = "positive",
    mask: torch.Tensor | None = None,
    orders: int = 10,
    seed: int = 0,
) -> dict[str, float]:
    """Return the measures that apply; of a map also those of the set made of it.

    Sets get the measures of `set_quality`; maps these, those of `curve_measures`, and `completeness` where they state
    the score of their baseline. Both get `cost`, `random_order_set`, and with a mask `localisation`. What needs more
    than one explanation stands by itself: `stability`, `repeatability`, `max_sensitivity`,
    `parameter_randomisation`, `modality_check`.

    Args:
        result: a map or a set.
        evaluator: at work on the same model, pair and target; for a set with its own units. Methods measured by one
            evaluator share the scores it knows.
        level, mode, sign: for the set made of a map; see `map_to_set`. A set has its own level and mode.
        mask: where the object is, `[H, W]` (bool).
        orders: how many random orders the baselines rest on; 0 leaves these out.
        seed: of the random orders.

    Raises:
        InputError: another pair's map, other units, or a level that cannot be.
        BudgetReachedError: the evaluator's budget does not last.
    """
    found = cost(result)
    if isinstance(result, SetExplanation):
        chosen, level, mode = result, result.level, result.mode
    else:
        chosen = set_from_map(result, evaluator, level=level, mode=mode, sign=sign)
        level = chosen.level
        if evaluator.has_influence:
            found |= curve_measures(evaluator, ranked(scores_of(result, evaluator, sign)), orders=orders, seed=seed)
        if "score_baseline" in result.facts:
            found |= completeness(result)
    found |= set_quality(evaluator, chosen)
    if orders and chosen.is_relative:
        found |= random_order_set(evaluator, level=level, mode=mode, orders=orders, seed=seed)
    return found | (localisation(result, mask) if mask is not None else {})
