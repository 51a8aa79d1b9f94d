"""What is tried: from what users write to perturbations and their strengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fuselens.core.errors import InputError
from fuselens.robustness.perturbations import PERTURBATIONS
from fuselens.robustness.perturbations.perturbation import Perturbation

USUAL = ("noise", "blur", "dead_columns", "misregistration", "saturation", "black", "frozen")


class Trial(NamedTuple):
    """A perturbation with the strengths to try, weakest first."""

    perturbation: Perturbation
    strengths: tuple[float, ...]


def plan_of(asked: Sequence[str] | None) -> list[Trial]:
    """Read `"noise"` or `"noise:0.05,0.1"`, each once; None for all that are known, third-party ones included.

    Raises:
        UnknownNameError: no such perturbation.
        InputError: a strength that is no number or cannot be, or a name given twice.

    Example:
        >>> [(trial.perturbation.name, trial.strengths) for trial in plan_of(["blur:2,1"])]
        [('blur', (1.0, 2.0))]
    """
    if asked is None:
        asked = (*USUAL, *(name for name in PERTURBATIONS if name not in USUAL))
    plan = [_trial(text) for text in asked]
    names = [trial.perturbation.name for trial in plan]
    if not plan or len(set(names)) < len(names):
        raise InputError(f"Expected each perturbation once but got '{' '.join(asked)}'; write noise:0.05,0.1 for two.")
    return plan


def _trial(text: str) -> Trial:
    name, _, numbers = text.partition(":")
    perturbation: Perturbation = PERTURBATIONS[name]
    if not numbers:
        return Trial(perturbation, perturbation.strengths)
    try:
        strengths = tuple(sorted({float(number) for number in numbers.split(",")}))
    except ValueError as error:
        raise InputError(f"Expected strengths such as {name}:0.1,0.2 but got '{text}'.") from error
    for strength in strengths:
        perturbation.check(strength)
    return Trial(perturbation, strengths)
