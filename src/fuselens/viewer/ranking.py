"""Units in the order of what an explanation says of them, and the score along this order: what sliders look up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fuselens.core.evaluator import Evaluator
from fuselens.core.explanation import SetExplanation
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution
from fuselens.core.targets import Target
from fuselens.core.units import Units
from fuselens.evaluation.curves import Curves, curves
from fuselens.explainers.map_to_set import ranked, scores_of

LEVELS = tuple(round(0.05 * i, 2) for i in range(1, 20))
MOST_STEPS = 400
_MASK = 4  # where a step of the trace holds the set after it


@dataclass(frozen=True)
class Ranking:
    """The score along an order of the units.

    Attributes:
        order: all units, the most important first.
        curves: the score with the first so many shown, and with them hidden.
        tried: the score of each set of the search's trace.
    """

    order: list[int]
    curves: Curves
    tried: list[float]

    def described(self) -> dict[str, Any]:
        """Return the `curve` of a frame."""
        count = len(self.order)
        return {
            name: [[number / count, score] for number, score in enumerate(scores)]
            for name, scores in (("insertion", self.curves.insertion), ("deletion", self.curves.deletion))
        } | {"order": self.order}

    def levels(self) -> list[dict[str, Any]]:
        """Return for each level the size of the shortest beginning of the order that is enough and needed, if any."""
        both = list(zip(self.curves.insertion, self.curves.deletion, strict=True))
        sizes = {level: next((n for n, (on, off) in enumerate(both) if on >= level > off), None) for level in LEVELS}
        return [{"level": level, "size": size} for level, size in sizes.items() if size]


def ranking(
    found: SetExplanation | Attribution,
    model: object,
    pair: ImagePair,
    target: Target,
    progress: Callable[[int, int], None],
) -> Ranking | None:
    """Score an explanation's order of units, or return None where it has none, or nothing acts on the target.

    Args:
        found: a set, or a map made with units.
        model, pair, target: what was explained.
        progress: called with (images fused, images in all); it may raise.
    """
    units = found.units
    if units is None:
        return None
    fill, seed = str(found.settings["fill"]), int(found.settings["seed"])
    total = 2 * units.count

    def report(done: int, _: int) -> None:
        progress(min(done, total), total)

    with Evaluator(model, pair, target, units, fill=fill, seed=seed, progress=report) as evaluator:
        if not evaluator.has_influence:
            return None
        if isinstance(found, SetExplanation):
            order, tried = order_of(found, units), [int(step[_MASK], 16) for step in found.trace[:MOST_STEPS]]
        else:
            order, tried = ranked(scores_of(found, evaluator, "positive")), []
        return Ranking(order, curves(evaluator, order), evaluator.relative(tried))


def order_of(found: SetExplanation, units: Units) -> list[int]:
    """Return all units: the set first, then the others, those first that the search held on to longest."""
    last = dict.fromkeys(range(units.count), -1)
    for index, step in enumerate(found.trace):
        kept = int(step[_MASK], 16)
        last.update({unit: index for unit in last if kept >> unit & 1})
    return sorted(last, key=lambda unit: (not found.kept >> unit & 1, -last[unit], unit))
