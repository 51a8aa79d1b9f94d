"""What an explanation cost: always printed beside its quality."""

from __future__ import annotations

from fuselens.core.explanation import SetExplanation
from fuselens.evaluation.likeness import Result

COSTS = ("model_images", "model_pixels", "backward_passes", "seconds")


def cost(result: Result) -> dict[str, float]:
    """Return what the result says of its cost: of `model_images`, `model_pixels`, `backward_passes`, `seconds`."""
    known = result.certificate if isinstance(result, SetExplanation) else result.facts
    return {name: float(known[name]) for name in COSTS if name in known}
