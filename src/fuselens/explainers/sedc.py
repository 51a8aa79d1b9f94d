"""SEDC: the smallest change that changes the result, found by growing the most promising combination of hidden units.

Reference: Vermeire, Brughmans, Goethals, de Oliveira, Martens, "Explainable image classification with evidence
counterfactual", Pattern Analysis and Applications 25, 2022. What differs: no combination is scored twice, budgets, and
no unit of the answer can be spared.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_
from typing import Any, Literal, Unpack

from fuselens.core.errors import InputError
from fuselens.core.evaluator import BudgetReachedError, Evaluator
from fuselens.core.explanation import SetExplanation
from fuselens.core.pair import ImagePair
from fuselens.core.targets import RegionMean, Target
from fuselens.core.targets.region import Region
from fuselens.explainers.between import Between
from fuselens.explainers.hiding import HidingOptions, certified, certified_search, evaluator_for, level_for
from fuselens.search import BudgetExhausted, best_first


def sedc(
    model: object,
    pair: ImagePair,
    target: Target | None = None,
    *,
    level: float | None = None,
    **options: Unpack[HidingOptions],
) -> SetExplanation:
    """Find units without which the target's relative score falls below `level`, and none of which can be spared.

    Each round hides one more unit beside the combination with the largest drop so far, so an answer of k units costs
    about k times as many images as there are units: take regions, few units, or a budget.

    Args:
        model: any `(a, b) -> fused`.
        pair: the sources.
        target: what is explained; None for the similarity of the whole fused image to the original.
        level: the relative score below which a result counts as changed; 0.5 for whole images and 0.9 for regions.
        options: units, fill, budgets, device and so on; see `HidingOptions`.

    Returns:
        The set, of mode necessary. Its status is NO_INFLUENCE where hiding everything moves the target by less than
        0.01, and BUDGET_EXHAUSTED or INTERRUPTED where the search was cut short: then hiding the set, which may be all
        units, still changes the result.

    Raises:
        InputError: a level, target or setting that cannot be.
        UnknownNameError: an unknown unit, fill or setting.
        ModelError: NaN, wrong shapes, or a model that is not deterministic.
    """
    with evaluator_for(model, pair, target, options) as evaluator:
        return _counterfactual(evaluator, "sedc", level_for(evaluator, level))


def sedc_t(
    model: object,
    pair: ImagePair,
    target: Target | None = None,
    *,
    towards: Literal["a", "b"] | float = "a",
    **options: Unpack[HidingOptions],
) -> SetExplanation:
    """Find units without which the fused image turns into another one, and none of which can be spared.

    Args:
        model: any `(a, b) -> fused`.
        pair: the sources.
        target: for a source, where fused images are compared: a target of a region; None for the whole image. For a
            number, what is to cross it; None for the mean of the fused image.
        towards: `"a"` or `"b"`: the fused image as it is with the other source hidden entirely. The units lie in that
            other source unless `which` says otherwise, and the search ends when the fused image is nearer (in mean
            squared error) to it than to the original. A number: the search ends when the target's score is on its other
            side.
        options: units, fill, budgets, device and so on; see `HidingOptions`. The other image costs about five model
            images beyond the budget.

    Returns:
        The set, as `sedc`; NOT_FOUND where hiding everything does not lead there.

    Raises:
        InputError: no such aim, or a target or setting that cannot be.
        UnknownNameError: an unknown unit, fill or setting.
        ModelError: NaN, wrong shapes, or a model that is not deterministic.
    """
    if towards in ("a", "b"):
        return _towards_source(model, pair, target, str(towards), options)
    if isinstance(towards, str):
        raise InputError(f"Expected towards 'a', 'b' or a number but got '{towards}'.")
    with evaluator_for(model, pair, target or RegionMean(), options) as evaluator:
        span = evaluator.score_everything - evaluator.score_nothing
        level = (towards - evaluator.score_nothing) / span if span else 0.0
        return _counterfactual(evaluator, "sedc_t", level, towards=towards)


def _towards_source(
    model: object, pair: ImagePair, target: Target | None, source: str, options: HidingOptions
) -> SetExplanation:
    hidden_source: HidingOptions = {"which": "b" if source == "a" else "a"}
    options = hidden_source | options
    free: HidingOptions = {"max_images": None, "max_seconds": None}
    region = _region(target, pair.size)
    with evaluator_for(model, pair, RegionMean(), options | free) as evaluator:
        a, b = (evaluator.a[0], evaluator.fill_b[None]) if source == "a" else (evaluator.fill_a[None], evaluator.b[0])
        counter = evaluator.fuse_sources(a, b)
        same: HidingOptions = {"units": evaluator.units}
    kind = f"towards:{source}"
    aim = Between(counter, region, region.words(kind, kind))
    with evaluator_for(model, pair, aim, options | same) as evaluator:
        return _counterfactual(evaluator, "sedc_t", 0.5, is_relative=False, towards=source)


def _region(target: Target | None, size: tuple[int, int]) -> Region:
    """Return where a target looks."""
    known = target if isinstance(target, Region) else getattr(target, "region", None)
    if isinstance(known, Region) or target is None:
        return known if isinstance(known, Region) else Region()
    box = target.box(size)
    return Region((box.top, box.left, box.bottom, box.right))


def _counterfactual(
    evaluator: Evaluator, method: str, level: float, *, is_relative: bool = True, **settings: Any
) -> SetExplanation:
    """Search for the units whose removal brings the score below the level."""
    everything = evaluator.units.everything
    claim: dict[str, Any] = {"level": level, "mode": "necessary", "is_relative": is_relative}
    if not evaluator.has_influence:
        return certified(evaluator, method, 0, "NO_INFLUENCE", **claim, **settings)
    score = evaluator.relative if is_relative else evaluator.scores
    if level > (1 if is_relative else evaluator.score_everything) or score([0])[0] >= level:
        return certified(evaluator, method, 0, "NOT_FOUND", **claim, **settings)

    def drops(combinations: Sequence[int]) -> list[float]:
        if len(combinations) > 2:
            evaluator.anchor(everything & ~reduce(and_, combinations))  # all of a round differ from it by one unit
        try:
            return [-value for value in score([everything & ~each for each in combinations])]
        except BudgetReachedError as error:
            raise BudgetExhausted(str(error)) from error

    found = best_first(range(evaluator.units.count), drops, lambda drop: -drop < level)
    return certified_search(evaluator, method, found, **claim, **settings)
