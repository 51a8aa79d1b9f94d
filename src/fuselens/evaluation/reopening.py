"""Open a finished set explanation again: its target, and an evaluator with its settings."""

from __future__ import annotations

from typing import Any

from fuselens.core.errors import InputError
from fuselens.core.evaluator import Evaluator
from fuselens.core.explanation import SetExplanation
from fuselens.core.targets import Target, parse_target


def target_of(explanation: SetExplanation, target: Target | None = None) -> Target:
    """Return the target given, or the one that the explanation's words stand for.

    Raises:
        InputError: the words do not say all (masks, other measures than SSIM, functions), or name another target.
    """
    if target is None:
        try:
            return parse_target(explanation.target)
        except InputError as error:
            raise InputError(f"'{explanation.target}' does not say all about the target; pass target=...") from error
    if str(target) != explanation.target:
        raise InputError(
            f"The explanation is of {explanation.target} but the target given is {target}; pass the same one."
        )
    return target


def reopened(model: object, explanation: SetExplanation, target: Target | None = None, **options: Any) -> Evaluator:
    """Return an evaluator that scores as the explanation's did; use it as a context manager.

    Args:
        model: the model that was explained.
        explanation: the set.
        target: what was explained; needed where the explanation's words do not say all.
        options: what else `Evaluator` takes.

    Raises:
        InputError: see `target_of`.
    """
    kept = {name: explanation.settings[name] for name in ("fill", "seed", "repeats") if name in explanation.settings}
    return Evaluator(model, explanation.pair, target_of(explanation, target), explanation.units, **kept | options)
