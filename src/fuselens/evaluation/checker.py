"""Does the certificate hold? All scores computed anew: plain composites, whole images, one by one.

Knows nothing of the evaluator, its cache and its windows, so that a mistake there shows here.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from fuselens.core.evaluator import MIN_EFFECT
from fuselens.core.explanation import SetExplanation
from fuselens.core.model import FusionModel, as_model, explaining
from fuselens.core.run import checked_call, model_inputs
from fuselens.core.targets import Target, bound_target
from fuselens.evaluation.reopening import target_of

TOLERANCE = 1e-5


@dataclass(frozen=True)
class CheckResult:
    """What a recomputation found.

    Attributes:
        scores: the certificate computed anew: `score_full`, `score_empty`, `score_kept`, `score_removed`.
        deviation: the largest difference from the explanation's own scores.
        spared: units of the set without any one of which it keeps the property; empty where it is 1-minimal.
        problems: every claim that does not hold, in words; empty where all hold.
        model_images: what the check cost.
    """

    scores: dict[str, float]
    deviation: float
    spared: tuple[int, ...]
    problems: tuple[str, ...]
    model_images: int

    @property
    def holds(self) -> bool:
        """Whether every claim holds."""
        return not self.problems


def check(
    model: object,
    explanation: SetExplanation,
    target: Target | None = None,
    *,
    device: str | torch.device | None = None,
    tolerance: float = TOLERANCE,
) -> CheckResult:
    """Recompute a set's certificate from its arrays, and whether each of its units is needed.

    Args:
        model: the model that was explained.
        explanation: the set.
        target: what was explained; needed where the explanation's words do not say all, such as for masks.
        device: where to compute; None leaves the model where it is.
        tolerance: rounding allowed in scores and in their distance to the level.

    Raises:
        InputError: the target does not fit the explanation.
        ModelError: the model returns what is no fused image.
    """
    operator = as_model(model)
    with explaining(operator, device), torch.no_grad():
        recount = _Recount(operator, explanation, target_of(explanation, target))
        spared = [unit for unit in explanation.members if recount.margin(explanation.kept & ~(1 << unit)) > tolerance]
        problems = [
            *_wrong_scores(explanation, recount.scores, tolerance),
            *_wrong_claims(explanation, recount, tolerance),
        ]
    if explanation.settings.get("one_minimal") and spared:
        problems.append(f"It claims that no unit can be spared, but these can: {', '.join(map(str, spared))}.")
    deviation = max(abs(score - getattr(explanation, name)) for name, score in recount.scores.items())
    return CheckResult(recount.scores, deviation, tuple(spared), tuple(problems), recount.model_images)


class _Recount:
    """Makes composites by hand, fuses each by itself, and scores it."""

    def __init__(self, model: FusionModel, explanation: SetExplanation, target: Target) -> None:
        self.explanation = explanation
        self.model_images = 1
        self._model = model
        self._a, self._b = model_inputs(model, explanation.pair)
        self._target = bound_target(target, self._a, self._b, checked_call(model, self._a, self._b))
        self._box = self._target.box(explanation.pair.size)
        everything, kept = explanation.units.everything, explanation.kept
        full, empty = self.score(everything), self.score(0)
        alone, without = (self.score(kept), self.score(everything & ~kept)) if kept else (empty, full)
        self.scores = {"score_full": full, "score_empty": empty, "score_kept": alone, "score_removed": without}

    def score(self, kept: int) -> float:
        """Return the target's score with only these units shown."""
        units = self.explanation.units
        shown = torch.tensor([unit for unit in range(units.count) if kept >> unit & 1], dtype=torch.long)
        composite = []
        for source, fill, labels in (
            (self._a, self.explanation.fill_a, units.labels_a),
            (self._b, self.explanation.fill_b, units.labels_b),
        ):
            keep = torch.isin(labels, shown) | (labels < 0)
            composite.append(torch.where(keep.to(source.device), source, fill.to(source)))
        self.model_images += 1
        fused = checked_call(self._model, composite[0], composite[1])
        return float(self._target(fused[(..., *self._box.slices)])[0])

    def margin(self, kept: int) -> float:
        """Return how far a set is from losing the property or, below 0, from having it."""
        if kept == 0:
            return float("-inf")
        mode = self.explanation.mode
        alone = self.score(kept) if mode != "necessary" else 0.0
        without = self.score(self.explanation.units.everything & ~kept) if mode != "sufficient" else 0.0
        return self.margin_of(alone, without)

    def margin_of(self, alone: float, without: float) -> float:
        """Return the same for the scores with the set alone and with everything but the set."""
        found = self.explanation
        base, span = 0.0, 1.0
        if found.is_relative:
            base, span = self.scores["score_empty"], self.scores["score_full"] - self.scores["score_empty"] or 1.0
        sufficient, necessary = (alone - base) / span - found.level, found.level - (without - base) / span
        return {"both": min(sufficient, necessary), "sufficient": sufficient, "necessary": necessary}[found.mode]


def _wrong_scores(explanation: SetExplanation, scores: dict[str, float], tolerance: float) -> list[str]:
    claimed = {name: float(getattr(explanation, name)) for name in scores}
    return [
        f"The {name} is {score:.6g}, not {claimed[name]:.6g}."
        for name, score in scores.items()
        if not abs(score - claimed[name]) <= tolerance
    ]


def _wrong_claims(explanation: SetExplanation, recount: _Recount, tolerance: float) -> list[str]:
    scores, status = recount.scores, explanation.status
    if bool(explanation.kept) == (status in ("NO_INFLUENCE", "NOT_FOUND")):
        return [f"The status is {status}, but the set has {explanation.size} units."]
    if explanation.kept and recount.margin_of(scores["score_kept"], scores["score_removed"]) < -tolerance:
        words = {"both": "sufficient and necessary"}.get(explanation.mode, explanation.mode)
        return [f"The set is not {words} at level {explanation.level:.4g}."]
    effect = abs(scores["score_full"] - scores["score_empty"])
    is_silent = effect <= MIN_EFFECT + tolerance
    if status == "NO_INFLUENCE" and not is_silent and recount.margin(explanation.units.everything) > tolerance:
        return [f"The status is NO_INFLUENCE, but hiding everything moves the score by {effect:.4g}."]
    return []
