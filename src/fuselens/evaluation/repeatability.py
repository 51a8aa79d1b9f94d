"""Repeatability: does another seed give another explanation?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fuselens.core.errors import InputError
from fuselens.core.explanation import SetExplanation
from fuselens.core.results import Attribution
from fuselens.evaluation.likeness import Result, kendall_w, maps_of, mean_jaccard


def repeatability(method: Callable[[int], Result], seeds: Sequence[int] = (0, 1, 2, 3, 4)) -> dict[str, float]:
    """Explain one pair with several seeds and compare the results; deterministic methods get 1.

    Keys: for sets `repeatability_jaccard`, the mean over all pairs of results; for maps `repeatability_kendall_w`, the
    concordance of their ranks, of units where the method scores units, else of pixels.

    Args:
        method: an explainer with all its settings but the seed: `seed -> result`.
        seeds: at least two.

    Raises:
        InputError: fewer than two seeds.
    """
    if len(seeds) < 2:
        raise InputError(f"Expected at least two seeds to compare but got {len(seeds)}.")
    results = [method(seed) for seed in seeds]
    sets = [result for result in results if isinstance(result, SetExplanation)]
    if sets:
        return {"repeatability_jaccard": mean_jaccard(sets)}
    maps = [result for result in results if isinstance(result, Attribution)]
    return {"repeatability_kendall_w": kendall_w([_ranked(result) for result in maps])}


def _ranked(result: Attribution) -> list[float]:
    scores = maps_of(result) if result.unit_scores is None else result.unit_scores
    found: list[float] = scores.flatten().tolist()
    return found
