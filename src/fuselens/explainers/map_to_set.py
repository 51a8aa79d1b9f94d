"""From a map to a set: the shortest run of top-ranked units with the property, so that all methods can be compared.

Reference: paper 000, table 1, whose percentages are of sets; Chockler et al., "Multiple different black box
explanations for image classifiers", 2023, for sets that are prefixes of a ranking.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Unpack

import torch

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.evaluator import Evaluator
from fuselens.core.explanation import Mode, SetExplanation, Status
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution
from fuselens.core.targets import Target
from fuselens.explainers.ddfimage import MODES, property_of
from fuselens.explainers.hiding import HidingOptions, certified, evaluator_for, level_for
from fuselens.search import BudgetExhausted

Sign = Literal["positive", "absolute"]
SIGNS = ("positive", "absolute")


def map_to_set(
    attribution: Attribution,
    model: object,
    pair: ImagePair,
    target: Target | None = None,
    *,
    level: float | None = None,
    mode: Mode = "both",
    sign: Sign = "positive",
    **options: Unpack[HidingOptions],
) -> SetExplanation:
    """Turn an attribution into a set: its units from the highest score down, as few as the property needs.

    Only units with a score above 0 are proposed. The set is no smaller than the ranking allows, but it may hold units
    that could be spared: it is not 1-minimal.

    Args:
        attribution: any map. Its own units are taken unless others are asked for.
        model: any `(a, b) -> fused`.
        pair: the sources.
        target: what is explained; None for the similarity of the whole fused image to the original.
        level: from which relative score on a result counts as the same; 0.5 for whole images and 0.9 for regions.
        mode: `"both"`, `"sufficient"` or `"necessary"` alone.
        sign: what counts of a signed map: `"positive"`, the part that moves the target from nothing shown towards
            everything shown; `"absolute"`, any influence: for plain gradients, whose sign says which way a pixel would
            have to change.
        options: units, fill, budgets, device and so on; see `HidingOptions`.

    Returns:
        The set. Its status is NOT_FOUND where no prefix has the property, and NO_INFLUENCE where hiding everything
        moves the target by less than 0.01. Where a budget or the user ended it, all units: they have the property.

    Raises:
        InputError: a level, target or setting that cannot be, or a map of another size or with NaN.
        UnknownNameError: an unknown mode, sign, unit, fill or setting.
        ModelError: NaN, wrong shapes, or a model that is not deterministic.
    """
    if attribution.units is not None and "units" not in options:
        options["units"] = attribution.units
    with evaluator_for(model, pair, target, options) as evaluator:
        return set_from_map(attribution, evaluator, level=level, mode=mode, sign=sign)


def set_from_map(
    attribution: Attribution,
    evaluator: Evaluator,
    *,
    level: float | None = None,
    mode: Mode = "both",
    sign: Sign = "positive",
) -> SetExplanation:
    """Do as `map_to_set` with an evaluator at work, so that several maps share the scores it knows.

    Raises:
        InputError: a level that cannot be, or a map of another size or with NaN.
        UnknownNameError: an unknown mode or sign.
    """
    for kind, name, known in (("mode", mode, MODES), ("sign", sign, SIGNS)):
        if name not in known:
            raise UnknownNameError(kind, name, known)
    chosen = level_for(evaluator, level)
    scores = scores_of(attribution, evaluator, sign)
    order = [unit for unit in ranked(scores) if scores[unit] > 0]
    kept, status = _found(evaluator, order, chosen, mode)
    settings: dict[str, Any] = {"ranked_by": attribution.method, "sign": sign, "proposed": len(order)}
    return certified(
        evaluator, f"{attribution.method}_set", kept, status, level=chosen, mode=mode, one_minimal=False, **settings
    )


def scores_of(attribution: Attribution, evaluator: Evaluator, sign: Sign = "positive") -> torch.Tensor:
    """Return what the map says about each unit of the evaluator, `[units.count]`, at least 0.

    The mean over the unit of the map's positive part or of its absolute value; or the map's own score of the unit,
    where it was made with these units. Where hiding everything raises the target, the positive part is that of minus
    the map, unless its scores are relative, as LIME's are.

    Raises:
        InputError: a map of another size, or with NaN.
    """
    units = evaluator.units
    falls = evaluator.score_everything < evaluator.score_nothing and attribution.settings.get("scores") != "relative"
    direction = -1.0 if falls else 1.0

    def counted(values: torch.Tensor) -> torch.Tensor:
        return values.abs() if sign == "absolute" else (direction * values).clamp(min=0)

    if attribution.unit_scores is not None and units.same_as(attribution.units):
        scores = counted(attribution.unit_scores.detach().cpu().double())
    elif tuple(attribution.a.shape) != units.size:
        raise InputError(f"The map has size {tuple(attribution.a.shape)} but the pair {units.size}; explain this pair.")
    else:
        scores = units.means(counted(attribution.a), counted(attribution.b))
    if not bool(torch.isfinite(scores).all()):
        raise InputError(f"The map of '{attribution.method}' holds NaN or infinite values, so units cannot be ranked.")
    return scores


def ranked(scores: torch.Tensor) -> list[int]:
    """Return the units from the highest score to the lowest, ties in their order."""
    order: list[int] = scores.argsort(descending=True, stable=True).tolist()
    return order


def prefixes(order: Sequence[int]) -> list[int]:
    """Return the sets of the first unit, the first two, and so on, as bitmasks."""
    found, kept = [], 0
    for unit in order:
        kept |= 1 << unit
        found.append(kept)
    return found


def shortest_prefix(
    evaluator: Evaluator, order: Sequence[int], level: float, mode: Mode, *, batch: int = 16
) -> int | None:
    """Return the shortest prefix of a ranking that has the property; None where none has.

    Raises:
        BudgetExhausted: the evaluator's budget ended before one was found.
        ModelError: a composite's score is not finite.
    """
    judge = property_of(evaluator, level, mode)
    candidates = prefixes(order)
    for start in range(0, len(candidates), batch):
        verdicts = judge(candidates[start : start + batch])
        if True in verdicts:
            return candidates[start + verdicts.index(True)]
    return None


def _found(evaluator: Evaluator, order: Sequence[int], level: float, mode: Mode) -> tuple[int, Status]:
    """Return the set and what became of it."""
    everything = evaluator.units.everything
    if not evaluator.has_influence:
        return 0, "NO_INFLUENCE"
    try:
        kept = shortest_prefix(evaluator, order, level, mode)
    except BudgetExhausted:
        return everything, "BUDGET_EXHAUSTED"
    except KeyboardInterrupt:
        return everything, "INTERRUPTED"
    return (0, "NOT_FOUND") if kept is None else (kept, "EXPLAINED")
