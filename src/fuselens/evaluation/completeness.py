"""Completeness: do the attributions add up to what they claim to explain?

Reference: Sundararajan et al., "Axiomatic attribution for deep networks", ICML 2017, section 3.
"""

from __future__ import annotations

from fuselens.core.errors import InputError
from fuselens.core.results import Attribution


def completeness(attribution: Attribution, score_baseline: float | None = None) -> dict[str, float]:
    """Return the relative difference between the maps' sum and the score that the pair gains over the baseline.

    Key `completeness`: |sum - (score - score of the baseline)| / |score - score of the baseline|; low is good. Only
    methods that promise it, such as Integrated Gradients, can be held to it.

    Args:
        attribution: the maps; both sources' count.
        score_baseline: the target's score of the baseline; None takes the fact `score_baseline`.

    Raises:
        InputError: no baseline's score, or the baseline scores as the pair does.
    """
    if score_baseline is None and "score_baseline" not in attribution.facts:
        raise InputError(f"'{attribution.method}' names no score of a baseline; pass score_baseline=...")
    baseline = float(attribution.facts["score_baseline"] if score_baseline is None else score_baseline)
    gain = attribution.value - baseline
    if gain == 0:
        raise InputError("The baseline scores as the pair does, so there is no gain to compare the sum with.")
    total = float(attribution.a.double().sum() + attribution.b.double().sum())
    return {"completeness": abs(total - gain) / abs(gain)}
