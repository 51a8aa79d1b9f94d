"""Probabilistic delta debugging: learn how likely each unit is needed, and take away as many as promises most."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fuselens.search.greedy import shed
from fuselens.search.steps import Found, Judge, Progress, Search, mask_of

_FLOOR, _CEILING = 1e-9, 1 - 1e-12


def probdd(
    order: Sequence[int],
    judge: Judge,
    *,
    prior: Sequence[float] | None = None,
    sigma: float = 0.1,
    progress: Progress | None = None,
) -> Found:
    """Return a set with P from which no single unit can be taken, after far fewer tests than `ddmin`.

    The paper's rule decides every unit, in about 2m tests where adding units never breaks P. A removal sweep, there of
    one test a kept unit, then makes sure that no unit can go, whatever P is.

    Args:
        order: the units; equally likely ones are tried in this order.
        judge: the property; all units together must have it.
        prior: `prior[unit]`, how likely each unit is needed, in 0..1. It may save or cost tests, see `prior_of`.
        sigma: the prior of all units where none is given; the paper studies 0.01 to 0.3.
        progress: called with (tests so far, best set so far).

    Raises:
        ValueError: no units, a unit twice, or a prior that is missing for a unit or outside 0..1.

    Source: Wang, Shen, Chen, Xiong, Zhang, "Probabilistic delta debugging", ESEC/FSE 2021.
    """
    search = Search(order, judge, progress=progress)
    needed = _prior(search.order, prior, sigma)
    with search.until_stopped():
        _decide(search, needed)
        shed(search, search.order)
    return search.found()


def prior_of(saliency: Sequence[float], sigma: float = 0.1) -> list[float]:
    """Return a prior from any attribution: in proportion to its magnitudes, `sigma` on average, within 0.01..0.9."""
    magnitudes = [abs(each) for each in saliency]
    total = math.fsum(magnitudes)
    if total == 0:
        return [sigma] * len(magnitudes)
    return [min(max(sigma * len(magnitudes) * each / total, 0.01), 0.9) for each in magnitudes]


def _prior(order: Sequence[int], prior: Sequence[float] | None, sigma: float) -> dict[int, float]:
    if prior is not None and max(order) >= len(prior):
        raise ValueError(f"The prior has {len(prior)} values but unit {max(order)} needs one too.")
    needed = {unit: sigma if prior is None else prior[unit] for unit in order}
    for unit, chance in needed.items():
        if not 0 <= chance <= 1:
            raise ValueError(f"The prior of unit {unit} is {chance}; expected a probability in 0..1.")
    return {unit: min(max(chance, _FLOOR), _CEILING) for unit, chance in needed.items()}


def _decide(search: Search, needed: dict[int, float]) -> None:
    """Find out for every unit whether the best set needs it; `needed` holds the undecided ones."""
    while needed:
        prefix = _most_promising(needed)
        if search.take("prefix", len(prefix), [search.kept & ~mask_of(prefix)]) is None:
            search.fail("prefix", len(prefix))
            if len(prefix) > 1:
                _learn(needed, prefix)
                continue
        for unit in prefix:
            del needed[unit]


def _most_promising(needed: dict[int, float]) -> list[int]:
    """Return the least likely units, as many as maximise (how many) x (chance that none is needed)."""
    units = sorted(needed, key=needed.__getitem__)  # stable: ties stay in the given order
    best, best_gain, none_needed = 1, 0.0, 1.0
    for count, unit in enumerate(units, 1):
        none_needed *= 1 - needed[unit]
        if count * none_needed > best_gain:
            best, best_gain = count, count * none_needed
    return units[:best]


def _learn(needed: dict[int, float], prefix: list[int]) -> None:
    """Update the chances, by Bayes, now that at least one unit of the prefix is known to be needed."""
    some_needed = 1 - math.prod(1 - needed[unit] for unit in prefix)
    for unit in prefix:
        needed[unit] = min(needed[unit] / some_needed, _CEILING)
