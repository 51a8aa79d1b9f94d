"""Is one method better than another, or was it luck? Paired tests over the images that both scored.

References: Wilcoxon, "Individual comparisons by ranking methods", Biometrics Bulletin 1, 1945; Holm, Scandinavian
Journal of Statistics 6, 1979; Efron and Tibshirani, "An introduction to the bootstrap", 1993; Demsar, JMLR 7, 2006,
for their use on tables of methods.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import wilcoxon

from fuselens.core.errors import InputError
from fuselens.scoring.table import Numbers, ScoreTable

RESAMPLES = 10_000
CONFIDENCE = 0.95
_CHUNK = 2**22  # resampled values held at once


@dataclass(frozen=True)
class Comparison:
    """One metric, two methods, the same images.

    Attributes:
        metric: the column's name.
        method, against: the methods; differences are `method - against`.
        images: how many images both have a value for.
        difference: mean difference, in the metric's unit.
        low, high: paired bootstrap confidence interval of it (percentile, 95 %).
        wins, losses: on how many images `method` is better, and worse.
        p_value: of the two-sided Wilcoxon signed-rank test; 1 where all differences are 0.
        p_holm: the same after Holm's correction over all comparisons made together.
        verdict: `"better"`, `"worse"` or `"undecided"` for `method` at the 5 % level of `p_holm`.
    """

    metric: str
    method: str
    against: str
    images: int
    difference: float
    low: float
    high: float
    wins: int
    losses: int
    p_value: float
    p_holm: float
    verdict: str


def compare(table: ScoreTable, method: str, against: str, *, seed: int = 0) -> list[Comparison]:
    """Compare two methods on every metric; Holm's correction runs over the metrics.

    Args:
        table: the scores.
        method, against: names of two of its methods.
        seed: of the bootstrap.

    Raises:
        UnknownNameError: no such method.
        InputError: a method against itself, or fewer than two images in common on every metric.
    """
    if method == against:
        raise InputError(f"Expected two different methods to compare but got '{method}' twice.")
    return _compared(table, [(method, against)], np.random.default_rng(seed))


def compare_all(table: ScoreTable, *, seed: int = 0) -> list[Comparison]:
    """Compare, for each metric, the method with the best mean against every other one.

    Holm's correction runs over all of them. Empty where there is one method, or fewer than two images in common.
    """
    pairs = [
        (table.methods[int(np.argmax(places == 1))], other, k)
        for k, places in enumerate(table.places().T)
        for other in table.methods
        if (places == 1).any() and other != table.methods[int(np.argmax(places == 1))]
    ]
    found = [_differences(table, *pair) for pair in pairs]
    return _tested(
        table, [(p, d) for p, d in zip(pairs, found, strict=True) if len(d) > 1], np.random.default_rng(seed)
    )


def _compared(table: ScoreTable, pairs: list[tuple[str, str]], random: np.random.Generator) -> list[Comparison]:
    cases = [(method, against, k) for method, against in pairs for k in range(len(table.columns))]
    found = [(case, _differences(table, *case)) for case in cases]
    enough = [(case, differences) for case, differences in found if len(differences) > 1]
    if not enough:
        raise InputError("The two methods have fewer than two scored images in common; score more images.")
    return _tested(table, enough, random)


def _differences(table: ScoreTable, method: str, against: str, k: int) -> Numbers:
    """Return `method - against` over the images where both have a value."""
    x, y = (table.values[table.method(name), :, k] for name in (method, against))
    both = np.isfinite(x) & np.isfinite(y)
    return np.asarray(x[both] - y[both])


def _tested(
    table: ScoreTable, cases: list[tuple[tuple[str, str, int], Numbers]], random: np.random.Generator
) -> list[Comparison]:
    p_values = np.array([_wilcoxon(differences) for _, differences in cases])
    comparisons = []
    for ((method, against, k), differences), p_value, p_holm in zip(cases, p_values, holm(p_values), strict=True):
        gains = _gains(table, method, against, k)
        low, high = bootstrap_interval(differences, random)
        mean_gain = gains.mean()
        decided = p_holm < 1 - CONFIDENCE and mean_gain != 0
        comparisons.append(
            Comparison(
                metric=table.columns[k].name,
                method=method,
                against=against,
                images=len(differences),
                difference=float(differences.mean()),
                low=low,
                high=high,
                wins=int((gains > 0).sum()),
                losses=int((gains < 0).sum()),
                p_value=float(p_value),
                p_holm=float(p_holm),
                verdict=("better" if mean_gain > 0 else "worse") if decided else "undecided",
            )
        )
    return comparisons


def _gains(table: ScoreTable, method: str, against: str, k: int) -> Numbers:
    """Return by how much `method` is better, image by image."""
    losses = table.losses()
    gains = losses[table.method(against), :, k] - losses[table.method(method), :, k]
    return np.asarray(gains[np.isfinite(gains)])


def _wilcoxon(differences: Numbers) -> float:
    """Return the two-sided p-value; zero differences are dropped, as Wilcoxon did."""
    return float(wilcoxon(differences).pvalue) if np.any(differences != 0) else 1.0


def holm(p_values: Numbers) -> Numbers:
    """Return p-values after Holm's step-down correction, in the order given.

    Example:
        >>> holm(np.array([0.04, 0.01, 0.03])).tolist()
        [0.06, 0.03, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    scaled = p_values[order] * np.arange(len(p_values), 0, -1)
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(np.maximum.accumulate(scaled), 1)
    return corrected


def bootstrap_interval(differences: Numbers, random: np.random.Generator) -> tuple[float, float]:
    """Return the percentile bootstrap interval of the mean of paired differences, at 95 %."""
    return percentile_interval(bootstrap_means(differences, random))


def bootstrap_means(values: Numbers, random: np.random.Generator) -> Numbers:
    """Return the means of `RESAMPLES` draws of all values with replacement."""
    count = len(values)
    rows = max(1, min(RESAMPLES, _CHUNK // count))
    return np.concatenate(
        [
            values[random.integers(0, count, (min(rows, RESAMPLES - start), count))].mean(axis=1)
            for start in range(0, RESAMPLES, rows)
        ]
    )


def percentile_interval(means: Numbers) -> tuple[float, float]:
    """Return what the middle 95 % of bootstrap means span."""
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
