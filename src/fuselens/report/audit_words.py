"""What an audit says, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fuselens.metrics.metric import FusionMetric
from fuselens.report.leaderboard_columns import MISSING
from fuselens.report.words import Names, opened, percent
from fuselens.robustness.perturbations import PERTURBATIONS
from fuselens.robustness.result import Audit, Case, Shown

LEVELS = 255
_TELLING = 0.05  # of a share: below, it counts as unmoved


def answer(audit: Audit, metrics: Sequence[FusionMetric], names: Names) -> list[str]:
    """Say what moves the fused image most, which sensor it can do without, who follows its fault, what scores hide."""
    strongest = [shown.case for shown in by_movement(audit)]
    if not strongest:
        return ["The model failed on every spoiled pair; see below."]
    worst = strongest[0]
    said = [
        f"Of all that was tried, {case_title(worst, names)} moves the fused image most: by {levels(worst)} on average."
    ]
    return [*said, *_without(strongest, names), *_followed(audit, strongest, names), *_unseen(audit, metrics)]


def _without(strongest: Sequence[Case], names: Names) -> list[str]:
    """Compare the two sensors where both went black."""
    gone = sorted((case for case in strongest if case.perturbation == "black" and case.strength == 1), key=_moved)
    if len(gone) < 2:
        return []
    less, more = gone
    return [
        f"If a sensor goes black, losing {shown(more, names)} moves the fused image by {levels(more)}, losing "
        f"{shown(less, names)} by {levels(less)}."
    ]


def _followed(audit: Audit, strongest: Sequence[Case], names: Names) -> list[str]:
    """Name the case in which the spoiled sensor gained most: its fault is taken for content."""
    gains = [(case.share - audit.share_of(case.side), case) for case in strongest if not math.isnan(case.share)]
    gain, case = max(gains, key=lambda item: item[0], default=(0.0, strongest[0]))
    if gain < _TELLING:
        return ["No fault gains the spoiled sensor a noticeably larger share than it had."]
    return [
        f"With {case_title(case, names)}, the share of that sensor rises from {percent(audit.share_of(case.side))} to "
        f"{percent(case.share)}: the model takes the fault for content."
    ]


def _unseen(audit: Audit, metrics: Sequence[FusionMetric]) -> list[str]:
    """Name the metrics that rate spoiled fusions higher than the undisturbed one, computed as in the field."""
    fooled = []
    for metric, (name, clean) in zip(metrics, audit.scores.items(), strict=True):
        sign = {"higher": 1, "lower": -1, "zero": 0}[metric.better]
        better = sum(sign * (case.scores_seen[name] - clean) > 0 for case in audit.cases)
        if better:
            fooled.append(f"{metric.title} {better}")
    if not fooled:
        return ["No score rates a spoiled fusion above the undisturbed one."]
    count = len(audit.cases)
    return [
        "Scores do not notice all of it. Computed as in the field, against what the sensors show, they rate so many "
        f"of the {count} spoiled fusions above the undisturbed one: {', '.join(fooled)}."
    ]


def by_movement(audit: Audit) -> list[Shown]:
    """Return the strongest cases, those that move the fused image most first."""
    return sorted(audit.shown, key=lambda shown: -shown.case.moved)


def left_out(audit: Audit, names: Names) -> list[str]:
    """Say what could not be tried, or failed, and why; each reason once."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for each in audit.left_out:
        perturbation = PERTURBATIONS[each.perturbation]
        source = names[audit.pair.names.index(each.source)]
        reasons.setdefault((perturbation.words, each.reason), []).append(
            f"{source}, {perturbation.show(each.strength)}"
        )
    return [f"{opened(what)} ({'; '.join(where)}): {reason}" for (what, reason), where in reasons.items()]


def case_title(case: Case, names: Names) -> str:
    """Name a case: what befell which sensor, and how strongly."""
    perturbation = PERTURBATIONS[case.perturbation]
    strength = "" if perturbation.needs_earlier else f" ({perturbation.show(case.strength)})"
    return f"{perturbation.words} of {shown(case, names)}{strength}"


def case_sentence(audit: Audit, case: Case, names: Names) -> str:
    """Say what a case did."""
    said = f"Moves by {levels(case)} on average, a hundredth of the pixels by more than {LEVELS * case.moved_most:.0f}"
    if not math.isnan(case.passed_on):
        said += f"; {percent(case.passed_on)} of the fault arrives"
    if math.isnan(case.share) or math.isnan(audit.share):
        return f"{said}."
    before = percent(audit.share_of(case.side))
    return f"{said}. Share of {shown(case, names)}: {percent(case.share)}, before {before}."


def shown(case: Case, names: Names) -> str:
    """Return the spoiled source as people write it."""
    return names[0] if case.side == "a" else names[1]


def levels(case: Case) -> str:
    """Say how far the fused image moved."""
    return f"{LEVELS * case.moved:.1f} of {LEVELS} levels"


def part(value: float) -> str:
    """Return a part as a percentage; a dash where there is none."""
    return MISSING if math.isnan(value) else percent(value)


def _moved(case: Case) -> float:
    return case.moved
