"""From a method's answer to sets that can be compared, and what each of them is worth.

Paper 000, table 1, gives percentages of "explanations" without saying how a map becomes one. Here a map becomes three:

- `claimed`: the top-ranked units that together hold `level` of all that the map assigns: what the method itself says is
  enough. It knows nothing of the property.
- `positive`: all units with a positive score, as LIME's pictures show them, whatever the level.
- `prefix`: the shortest run of top-ranked units that is sufficient and necessary: the best that the ranking allows.

A search's answer is one set: `found`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from fuselens.core.evaluator import Evaluator
from fuselens.core.explanation import SetExplanation, Status
from fuselens.core.model import FusionModel
from fuselens.core.results import Attribution
from fuselens.core.units import bits
from fuselens.evaluation.set_quality import redundancy
from fuselens.explainers.hiding import certified
from fuselens.explainers.map_to_set import Sign, ranked, scores_of, shortest_prefix
from fuselens.studies.cases import Case
from fuselens.studies.panel import PANEL, Effort, Ranking, Search, images_of, refuse_stopped

Row = dict[str, Any]
"""One set of one method: a line of `cases.csv`."""
KINDS = ("found", "claimed", "positive", "prefix")
BEST = ("found", "prefix")
"""The set that stands for a method: a search's answer, or the best that a ranking allows."""
NONE = float("nan")


@dataclass(frozen=True, eq=False)
class Answer:
    """One set of a method.

    Attributes:
        kind: of `KINDS`.
        explanation: the set with its certificate.
        images, seconds: what the method itself took. A ranking's sets are cut from one map, so that these are of the
            map; the at most two images a unit that a prefix needs are not counted.
    """

    kind: str
    explanation: SetExplanation
    images: int
    seconds: float

    def row(self, evaluator: Evaluator) -> Row:
        """Return the answer as numbers: level, kind, status, `quality`, cost, and the set as a hexadecimal bitmask."""
        found = self.explanation
        return {
            "level": found.level, "set": self.kind, "status": found.status,
            **quality(evaluator, found, sparing=self.kind in BEST),
            "images": self.images, "seconds": round(self.seconds, 4), "kept": hex(found.kept),
        }  # fmt: skip


def answers_of(
    name: str, model: FusionModel, case: Case, evaluator: Evaluator, effort: Effort, levels: Sequence[float]
) -> list[Answer]:
    """Run a method of the panel and return its sets at each level.

    Args:
        name: of the method.
        model: what is explained.
        case: on which pair.
        evaluator: at work on both; it judges the sets.
        effort: how long the method may try.
        levels: from which relative scores on a result counts as the same.

    Raises:
        FuseLensError: the method cannot explain this model.
        KeyboardInterrupt: the user stopped it.
    """
    method = PANEL[name]
    if isinstance(method, Search):
        return [_searched(method, model, case, effort, level) for level in levels]
    return _ranked(name, method, model, case, evaluator, effort, levels)


def quality(evaluator: Evaluator, explanation: SetExplanation, *, sparing: bool = True) -> Row:
    """Return whether a set is sufficient and necessary, whatever it was asked to be, how large, and how redundant.

    - `sufficient`, `necessary`, `both`: 1 or 0; 0 for the empty set.
    - `units`, `area`: how many units it has, and its part of the pixels that can be hidden.
    - `margin`: the smaller distance of its two relative scores to the level; below 0 where it lacks a property.
    - `redundancy`: the part of its units any one of which can be spared, where it has both properties and `sparing`
      asks for it, since it takes two images a unit.
    - `found_units`, `found_area`: the size again, where it has both properties.
    """
    asked = replace(explanation, mode="both")
    holds = asked.is_sufficient and asked.is_necessary
    counts = {"sufficient": asked.is_sufficient, "necessary": asked.is_necessary, "both": holds, "units": asked.size}
    return {name: int(count) for name, count in counts.items()} | {
        "area": asked.area if asked.kept else NONE,
        "margin": asked.margin if asked.kept else NONE,
        "redundancy": redundancy(evaluator, asked) if holds and sparing else NONE,
        "found_units": asked.size if holds else NONE,
        "found_area": asked.area if holds else NONE,
    }


def sets_of_map(attribution: Attribution, evaluator: Evaluator, level: float, sign: Sign) -> dict[str, int]:
    """Return the three sets of a map, bitmasks by kind; 0 where there is none.

    Raises:
        InputError: a map of another size, or with NaN.
    """
    scores = scores_of(attribution, evaluator, sign)
    order = [unit for unit in ranked(scores) if scores[unit] > 0]
    held = scores[order].cumsum(0)
    enough = int((held < level * held[-1] * (1 - 1e-12)).sum()) + 1 if order else 0
    positive = torch.nonzero(scores_of(attribution, evaluator, "positive") > 0).flatten().tolist()
    prefix = shortest_prefix(evaluator, order, level, "both") if evaluator.has_influence else None
    return {"claimed": bits(order[:enough]), "positive": bits(positive), "prefix": prefix or 0}


def _searched(method: Search, model: FusionModel, case: Case, effort: Effort, level: float) -> Answer:
    started = time.perf_counter()
    found = method.run(model, case, effort, level)
    seconds = time.perf_counter() - started
    refuse_stopped(found)
    return Answer("found", found, images_of(found), seconds)


def _ranked(
    name: str,
    method: Ranking,
    model: FusionModel,
    case: Case,
    evaluator: Evaluator,
    effort: Effort,
    levels: Sequence[float],
) -> list[Answer]:
    started = time.perf_counter()
    found = method.run(model, case, effort)
    seconds = time.perf_counter() - started
    refuse_stopped(found)
    answers = []
    for level in levels:
        for kind, kept in sets_of_map(found, evaluator, level, method.sign).items():
            status: Status = "EXPLAINED" if kept else "NOT_FOUND" if evaluator.has_influence else "NO_INFLUENCE"
            explanation = certified(evaluator, name, kept, status, level=level, mode="both", one_minimal=False)
            answers.append(Answer(kind, explanation, images_of(found), seconds))
    return answers
