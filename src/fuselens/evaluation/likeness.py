"""How alike are two explanations of one pair? Overlap of sets, cosine of maps, agreement of ranks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import rankdata

from fuselens.core.errors import InputError
from fuselens.core.explanation import SetExplanation
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution
from fuselens.core.targets import Target

Result = Attribution | SetExplanation
Method = Callable[[object, ImagePair, Target], Result]
"""An explainer with its settings: `(model, pair, target) -> result`."""


def maps_of(result: Result) -> torch.Tensor:
    """Return an explanation as one map a source, `[2, H, W]` in float64: its values, or 1 in the pixels of a set."""
    if isinstance(result, Attribution):
        return torch.stack([result.a, result.b]).detach().cpu().double()
    hidden = result.units.labels_a < 0, result.units.labels_b < 0
    return torch.stack([keep & ~never for keep, never in zip(result.keep_maps(), hidden, strict=True)]).double()


def likeness(first: Result, second: Result) -> float:
    """Return the Jaccard index of two sets' pixels, or the cosine of two maps; 1 for two empty or zero ones.

    Raises:
        InputError: a set and a map.
    """
    if isinstance(first, SetExplanation) != isinstance(second, SetExplanation):
        raise InputError("Expected two sets or two maps but got one of each; make a set of the map by map_to_set.")
    return (jaccard if isinstance(first, SetExplanation) else cosine)(maps_of(first), maps_of(second))


def jaccard(first: torch.Tensor, second: torch.Tensor) -> float:
    """Return the pixels in both over the pixels in either; 1 where both are empty."""
    either = float(torch.maximum(first, second).sum())
    return float(torch.minimum(first, second).sum()) / either if either else 1.0


def cosine(first: torch.Tensor, second: torch.Tensor) -> float:
    """Return the cosine of the angle between two maps; 1 where both vanish, 0 where one does."""
    lengths = float(first.norm()), float(second.norm())
    if 0.0 in lengths:
        return float(lengths[0] == lengths[1])
    return float((first * second).sum()) / (lengths[0] * lengths[1])


def mean_jaccard(results: Sequence[SetExplanation]) -> float:
    """Return the mean Jaccard index over all pairs of sets."""
    maps = [maps_of(result) for result in results]
    return float(np.mean([jaccard(first, second) for first, second in combinations(maps, 2)]))


def kendall_w(scores: Sequence[npt.ArrayLike]) -> float:
    """Return Kendall's coefficient of concordance of several rankings of the same things, corrected for ties.

    1: all agree; 0: none does. 1 too where every ranking is all ties.

    Args:
        scores: one list of scores a ranking.

    Source: Kendall and Babington Smith, "The problem of m rankings", 1939; with ties: Siegel, "Nonparametric
    statistics", 1956.
    """
    ranks = np.stack([rankdata(each) for each in scores])
    raters, things = ranks.shape
    spread = ((ranks.sum(axis=0) - raters * (things + 1) / 2) ** 2).sum()
    ties = sum(float((counts**3 - counts).sum()) for counts in (np.unique(row, return_counts=True)[1] for row in ranks))
    largest = raters**2 * (things**3 - things) - raters * ties
    return float(12 * spread / largest) if largest else 1.0


def spearman(first: torch.Tensor, second: torch.Tensor) -> float:
    """Return the rank correlation of two maps; NaN where one is constant."""
    ranks = [rankdata(values.flatten().numpy()) for values in (first, second)]
    x, y = (each - each.mean() for each in ranks)
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale else float("nan")
