"""Random masks and what the model answers to them: what LIME and BayLIME are fitted to, and how they hand it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import torch

from fuselens.core.evaluator import MIN_EFFECT, Evaluator
from fuselens.core.locality import Box
from fuselens.core.results import Attribution
from fuselens.explainers.sampling import Sampling
from fuselens.explainers.surrogate import Regression, as_sets, kernel

Ask = Callable[[Sequence[int]], torch.Tensor]
VANISHES = 1e-6  # an effect of everything below this is rounding
LOW_R2 = 0.3


@dataclass(frozen=True, eq=False)
class Perturbed:
    """What a set of random masks was answered.

    Attributes:
        regression: of the relative scores, on which nothing is 0 and everything is 1.
        everything, nothing: the targets' scores with all units shown, and with none, `[targets]`.
        sampling: how many masks were answered.
    """

    regression: Regression
    everything: torch.Tensor
    nothing: torch.Tensor
    sampling: Sampling

    @property
    def span(self) -> torch.Tensor:
        """What 1 on the relative scale is in the target's units, `[targets]`; 1 where both ends are the same."""
        return span_of(self.everything, self.nothing)

    def attribution(
        self,
        method: str,
        slopes: torch.Tensor,
        evaluator: Evaluator,
        settings: dict[str, Any],
        *,
        index: int = 0,
        target: str = "",
        more: Mapping[str, Any] | None = None,
    ) -> Attribution:
        """Return the maps and facts of the surrogate with these slopes, in the target's units.

        Args:
            method: name of the explainer.
            slopes: of the relative scores, `[units, targets]`.
            evaluator: who answered.
            settings: of the explainer.
            index: which of the targets.
            target: its name; the evaluator's by default.
            more: facts.
        """
        units, own = evaluator.units, (slopes * self.span)[:, index]
        r2 = float(self.regression.r2(slopes)[index])
        intercept = float((self.nothing + self.regression.intercept(slopes) * self.span)[index])
        a, b = units.spread(own.float())
        facts = {
            "r2": r2,
            "intercept": intercept,
            "local_prediction": intercept + float(own.sum()),
            "share_a": _share_a(own.abs(), units.source_of()),
            **self.sampling.facts(evaluator, self._doubt(index, r2)),
            **(more or {}),
        }
        return Attribution(
            a, b, evaluator.pair.names, target or str(evaluator.target), float(self.everything[index]), method,
            Box(0, 0, *units.size), evaluator.record() | settings | {"scores": "relative"}, facts=facts, units=units,
            unit_scores=own.float(),
        )  # fmt: skip

    def _doubt(self, index: int, r2: float) -> str:
        if abs(float((self.everything - self.nothing)[index])) < MIN_EFFECT:
            return "Hiding everything hardly changes the target, so there is little to explain."
        if r2 < LOW_R2:
            return f"R² is {r2:.2f}: a sum over units hardly describes this target; take more samples or fewer units."
        return ""


def perturb(evaluator: Evaluator, masks: torch.Tensor, width: float | None, ask: Ask | None = None) -> Perturbed:
    """Score masks in their order, as far as the budget goes; equal masks are asked once.

    Args:
        evaluator: who answers.
        masks: `[N, units]`.
        width: see `kernel`.
        ask: returns the scores `[n, targets]` of n kept sets; None asks for the evaluator's own target.
    """
    weights = kernel(masks, width)
    everything = evaluator.units.everything
    sets, known = as_sets(masks), dict[int, torch.Tensor]()
    asked = ask or (lambda group: torch.tensor(evaluator.scores(group), dtype=torch.float64)[:, None])
    known.update(zip((everything, 0), asked([everything, 0]), strict=True))
    sampling = Sampling(len(masks))
    with sampling.until_stopped():
        for group in evaluator.affordable([each for each in dict.fromkeys(sets) if each not in known]):
            known.update(zip(group, asked(group), strict=True))
    answered = list(takewhile(known.__contains__, sets))
    sampling.used = len(answered)
    scores = torch.stack([known[each] for each in answered])
    full, empty = known[everything], known[0]
    used = slice(0, len(answered))
    regression = Regression.of(masks[used], (scores - empty) / span_of(full, empty), weights[used])
    return Perturbed(regression, full, empty, sampling)


def span_of(everything: torch.Tensor, nothing: torch.Tensor) -> torch.Tensor:
    """Return their difference, or 1 where it is but a rounding error."""
    span = everything - nothing
    return torch.where(span.abs() > VANISHES, span, 1.0)


def _share_a(magnitudes: torch.Tensor, source: torch.Tensor) -> float:
    total = float(magnitudes.sum())
    return float(magnitudes[source == 0].sum()) / total if total else 0.5
