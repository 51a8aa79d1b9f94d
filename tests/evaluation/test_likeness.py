"""Likeness of explanations, cost, completeness and localisation: known values."""

from __future__ import annotations

from dataclasses import replace
from math import isnan

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import friedmanchisquare, spearmanr

from fuselens.core.errors import InputError
from fuselens.core.locality import Box
from fuselens.core.results import Attribution
from fuselens.evaluation.completeness import completeness
from fuselens.evaluation.cost import cost
from fuselens.evaluation.likeness import cosine, jaccard, kendall_w, likeness, maps_of, mean_jaccard, spearman
from fuselens.evaluation.localisation import localisation
from fuselens.explainers.ddfimage import ddfimage
from tests.core.small import average, small_pair

PAIR = small_pair()


def map_of(a: torch.Tensor, b: torch.Tensor, value: float = 0.0, **facts: float) -> Attribution:
    return Attribution(a, b, PAIR.names, "mean", value, "made_up", Box(0, 0, *PAIR.size), facts=facts)


def test_jaccard_and_cosine() -> None:
    first, second = torch.tensor([1.0, 1, 0, 0]), torch.tensor([0.0, 1, 1, 1])
    assert jaccard(first, second) == 0.25
    assert jaccard(0 * first, 0 * first) == 1
    assert jaccard(first, 0 * first) == 0
    assert cosine(first, second) == pytest.approx(1 / 6**0.5)
    assert cosine(first, -3 * first) == pytest.approx(-1)
    assert cosine(0 * first, 0 * first) == 1
    assert cosine(first, 0 * first) == 0


def test_sets_are_compared_by_the_pixels_that_can_be_hidden() -> None:
    found = ddfimage(average, PAIR, units="grid:14", which="a")
    sets = [replace(found, kept=kept) for kept in (0b0011, 0b0110, 0b1111, 0)]
    assert likeness(sets[0], sets[1]) == pytest.approx(1 / 3, abs=0.1)
    assert likeness(sets[0], sets[2]) == pytest.approx(float(sets[0].area))
    assert likeness(sets[3], sets[3]) == 1
    assert likeness(sets[0], sets[3]) == 0
    assert maps_of(sets[2])[0].eq(1).all()
    assert maps_of(sets[2])[1].eq(0).all()  # never hidden: no part of any set
    assert mean_jaccard(sets[:3]) == pytest.approx(
        np.mean([likeness(sets[i], sets[j]) for i, j in ((0, 1), (0, 2), (1, 2))])
    )
    with pytest.raises(InputError, match="map_to_set"):
        likeness(sets[0], map_of(PAIR.a.y, PAIR.b.y))


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.integers(3, 5), st.integers(3, 8), st.booleans())
def test_kendalls_w_is_friedmans_statistic(seed: int, raters: int, things: int, ties: bool) -> None:
    random = np.random.default_rng(seed)
    scores = random.integers(0, 3, (raters, things)).astype(float) if ties else random.random((raters, things))
    if (np.ptp(scores, axis=1) == 0).all():
        assert kendall_w(scores) == 1
        return
    statistic, _ = friedmanchisquare(*scores.T)
    assert kendall_w(scores) == pytest.approx(statistic / (raters * (things - 1)))


def test_kendalls_w_of_equal_and_opposite_rankings() -> None:
    assert kendall_w([[1, 2, 3], [10, 20, 30], [0.1, 0.2, 5]]) == pytest.approx(1)
    assert kendall_w([[1, 2, 3], [3, 2, 1]]) == pytest.approx(0)


def test_rank_correlation() -> None:
    x, y = torch.rand(2, 2, 5, 6, dtype=torch.float64)
    assert spearman(x, y) == pytest.approx(spearmanr(x.flatten(), y.flatten()).statistic)
    assert spearman(x, x**3) == pytest.approx(1)
    assert isnan(spearman(x, torch.zeros_like(x)))


def test_completeness() -> None:
    ones = torch.ones(24, 28)
    exact = map_of(ones, 2 * ones, value=5000.0)
    assert completeness(exact, 5000.0 - 3 * 672)["completeness"] == pytest.approx(0)
    assert completeness(exact, 5000.0 - 2 * 3 * 672)["completeness"] == pytest.approx(0.5)
    assert completeness(map_of(ones, ones, 1.0, score_baseline=0.0))["completeness"] == pytest.approx(2 * 672 - 1)
    with pytest.raises(InputError, match="score_baseline"):
        completeness(exact)
    with pytest.raises(InputError, match="no gain"):
        completeness(exact, 5000.0)


def test_localisation() -> None:
    mask = torch.zeros(24, 28, dtype=torch.bool)
    mask[:12] = True
    a = torch.zeros(24, 28)
    a[0, 0], a[23, 0] = -3.0, 1.0
    assert localisation(map_of(a, 0 * a), mask) == {"localisation": 0.75, "localisation_area": 0.5}
    assert isnan(localisation(map_of(0 * a, 0 * a), mask)["localisation"])
    found = replace(ddfimage(average, PAIR, units="grid:12", which="b"), kept=0b001001)  # one cell above, one below
    assert localisation(found, mask)["localisation"] == 0.5
    for wrong in (mask[:-1], mask & False):
        with pytest.raises(InputError, match="mask"):
            localisation(found, wrong)


def test_cost() -> None:
    assert cost(map_of(PAIR.a.y, PAIR.b.y, model_images=4, seconds=0.25, r2=0.9)) == {
        "model_images": 4,
        "seconds": 0.25,
    }
    found = ddfimage(average, PAIR, units="grid:12")
    assert cost(found) == {
        "model_images": found.model_images, "model_pixels": found.model_pixels, "seconds": found.seconds
    }  # fmt: skip
