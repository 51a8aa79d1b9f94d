"""DDFImage: units that suffice for the fused image, that it needs, and none of which can be spared.

Reference: paper 000, definitions 1 to 3, algorithms 1 and 2, repaired: see `fuselens.search.ddmin`. What differs from
the print, and why: docs/set-explanations.md; `preset="paper"` switches back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, Unpack

from fuselens.core.errors import UnknownNameError
from fuselens.core.evaluator import BudgetReachedError, Evaluator
from fuselens.core.explanation import Mode, SetExplanation
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution
from fuselens.core.targets import Target
from fuselens.explainers.hiding import HidingOptions, certified, certified_search, evaluator_for, level_for
from fuselens.search.ddmin import ddmin
from fuselens.search.greedy import greedy
from fuselens.search.probdd import prior_of, probdd
from fuselens.search.steps import BudgetExhausted, Found, Judge

Strategy = Literal["ddmin", "probdd", "greedy"]
PAPER_LEVEL = 0.9  # the paper prints none; absolute SSIM
PROFILE_LEVELS = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
STRATEGIES = ("ddmin", "probdd", "greedy")
MODES = ("both", "sufficient", "necessary")


def ddfimage(
    model: object,
    pair: ImagePair,
    target: Target | None = None,
    *,
    level: float | None = None,
    mode: Mode = "both",
    strategy: Strategy = "ddmin",
    prior: Attribution | None = None,
    preset: Literal["paper"] | None = None,
    **options: Unpack[HidingOptions],
) -> SetExplanation:
    """Find a set of units that is sufficient, necessary and 1-minimal for a target.

    Sufficient: with the set alone the relative score is at least `level`. Necessary: with everything but the set it is
    below. 1-minimal: without any one of its units it loses the property; where showing more never breaks the property,
    no subset has it either.

    Args:
        model: any `(a, b) -> fused`.
        pair: the sources.
        target: what is explained; None for the similarity of the whole fused image to the original. Take `same:` or
            `region:` targets for small answers: whole images need large sets.
        level: from which relative score on a result counts as the same; 0.5 for whole images and 0.9 for regions.
        mode: `"both"`, `"sufficient"` or `"necessary"` alone (the latter is the minimal counterfactual).
        strategy: `"ddmin"`, `"probdd"` (about two tests a unit) or `"greedy"` (unit by unit).
        prior: an attribution that says which units are likely needed: greedy drops the others first, probdd starts
            from it.
        preset: `"paper"`: black fill, SSIM of at least 0.9 on the absolute scale, units in source b only, ddmin.
        options: units, fill, budgets, device and so on; see `HidingOptions`.

    Returns:
        The set. Its status is NO_INFLUENCE where hiding everything moves the target by less than 0.01, and
        BUDGET_EXHAUSTED or INTERRUPTED where the search was cut short: then the set still has the property.

    Raises:
        InputError: a level, target or setting that cannot be.
        UnknownNameError: an unknown mode, strategy, unit, fill or setting.
        ModelError: NaN, wrong shapes, or a model that is not deterministic.
    """
    for kind, name, known in (("mode", mode, MODES), ("strategy", strategy, STRATEGIES)):
        if name not in known:
            raise UnknownNameError(kind, name, known)
    if preset == "paper":
        paper: HidingOptions = {"fill": "black", "which": "b", "units": "slic:100"}
        options = paper | options
    with evaluator_for(model, pair, target, options) as evaluator:
        is_relative = preset != "paper"
        asked = PAPER_LEVEL if level is None and not is_relative else level
        chosen = level_for(evaluator, asked, is_relative=is_relative)
        judge = property_of(evaluator, chosen, mode, is_relative=is_relative)
        claim: dict[str, Any] = {"level": chosen, "mode": mode, "is_relative": is_relative}
        settings: dict[str, Any] = {"strategy": strategy, "preset": preset}
        if not evaluator.has_influence or not judge([evaluator.units.everything])[0]:
            return certified(evaluator, "ddfimage", 0, "NO_INFLUENCE", **claim, **settings)
        found = _search(evaluator, judge, strategy, prior, options.get("batch_size", 16))
        return certified_search(evaluator, "ddfimage", found, **claim, **settings)


def size_profile(
    model: object,
    pair: ImagePair,
    target: Target | None = None,
    *,
    levels: Sequence[float] = PROFILE_LEVELS,
    **options: Unpack[HidingOptions],
) -> list[tuple[float, int]]:
    """Return how large DDFImage's set is at several levels; all searches share what was fused.

    Args:
        model, pair, target, options: as for `ddfimage`.
        levels: relative levels in (0, 1].

    Returns:
        (level, size) for each level whose search came to its end; empty where nothing can be explained.

    Raises:
        InputError, UnknownNameError, ModelError: as `ddfimage`.
    """
    found = []
    with evaluator_for(model, pair, target, options) as evaluator:
        for level in levels if evaluator.has_influence else ():
            judge = property_of(evaluator, level_for(evaluator, level), "both")
            search = _search(evaluator, judge, "ddmin", None, options.get("batch_size", 16))
            if search.complete:
                found.append((level, search.kept.bit_count()))
    return found


def property_of(evaluator: Evaluator, level: float, mode: Mode, *, is_relative: bool = True) -> Judge:
    """Return the property that is searched for, as a judge of candidate sets.

    Necessity is only asked of those that are sufficient, which saves half of the images.
    """
    score: Callable[[Sequence[int]], list[float]] = evaluator.relative if is_relative else evaluator.scores
    everything = evaluator.units.everything

    def judge(sets: Sequence[int], /) -> list[bool]:
        try:
            passes = [True] * len(sets)
            if mode != "necessary":
                passes = [value >= level for value in score(sets)]
            if mode != "sufficient":
                asked = [kept for kept, passed in zip(sets, passes, strict=True) if passed]
                rest = iter(score([everything & ~kept for kept in asked]))
                passes = [passed and next(rest) < level for passed in passes]
        except BudgetReachedError as error:
            raise BudgetExhausted(str(error)) from error
        return passes

    return judge


def _search(evaluator: Evaluator, judge: Judge, strategy: Strategy, prior: Attribution | None, batch: int) -> Found:
    """Run the strategy; after every step the sets near the one at hand become cheap."""
    everything = evaluator.units.everything
    order = list(range(evaluator.units.count))
    saliency = None if prior is None else evaluator.units.means(prior.a.abs(), prior.b.abs()).tolist()

    def follow(_: int, kept: int) -> None:
        evaluator.anchor(kept, everything & ~kept)

    if strategy == "probdd":
        return probdd(order, judge, prior=None if saliency is None else prior_of(saliency), progress=follow)
    if strategy == "greedy":
        if saliency is not None:
            order.sort(key=lambda unit: (saliency[unit], unit))
        return greedy(order, judge, batch=batch, progress=follow)
    return ddmin(order, judge, batch=batch, progress=follow)
