"""Imbalance in closed form, and the agreement of two divisions by its definition."""

from __future__ import annotations

import math
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuselens.confounders.balance import agreement, balance_of

SIZES = st.lists(st.integers(1, 500), min_size=1, max_size=40)


def test_two_scenes_in_closed_form() -> None:
    found = balance_of([3, 1])
    assert found.shares == (0.75, 0.25)
    assert found.entropy == pytest.approx(-0.75 * math.log(0.75) - 0.25 * math.log(0.25))
    assert found.effective == pytest.approx(4 / 3**0.75)
    assert found.largest == 0.75
    assert found.gini == pytest.approx(0.25)


@given(SIZES)
def test_gini_is_half_the_mean_difference(sizes: list[int]) -> None:
    shares = balance_of(sizes).shares
    difference = sum(abs(p - q) for p in shares for q in shares)
    assert balance_of(sizes).gini == pytest.approx(difference / (2 * len(sizes)), abs=1e-9)


@given(SIZES)
def test_bounds(sizes: list[int]) -> None:
    found = balance_of(sizes)
    assert sum(found.shares) == pytest.approx(1)
    assert 1 - 1e-9 <= found.effective <= len(sizes) + 1e-9
    assert -1e-12 <= found.gini < 1
    assert found.largest >= 1 / found.effective - 1e-9
    assert balance_of(sizes[::-1]).entropy == pytest.approx(found.entropy)


def test_agreement_by_its_definition() -> None:
    """Mutual information less what chance would give, over the mean entropy less the same; counted by hand."""
    a, b = np.array([0, 0, 0, 1, 1, 2]), np.array([1, 1, 0, 0, 0, 2])
    n = len(a)

    def entropy(labels: np.ndarray) -> float:
        parts = np.bincount(labels) / n
        return float(-(parts * np.log(parts)).sum())

    def term(both: int, one: int, other: int) -> float:
        return both / n * math.log(n * both / (one * other)) if both else 0.0

    sizes_a, sizes_b = np.bincount(a).tolist(), np.bincount(b).tolist()
    shared = [[int(((a == i) & (b == j)).sum()) for j in range(3)] for i in range(3)]
    mutual = sum(term(shared[i][j], x, y) for i, x in enumerate(sizes_a) for j, y in enumerate(sizes_b))
    chance = sum(
        comb(y, k) * comb(n - y, x - k) / comb(n, x) * term(k, x, y)
        for x in sizes_a
        for y in sizes_b
        for k in range(max(0, x + y - n), min(x, y) + 1)
    )
    expected = (mutual - chance) / ((entropy(a) + entropy(b)) / 2 - chance)
    assert agreement(a, b) == pytest.approx(expected)


def test_agreement_of_the_same_and_of_unrelated_divisions() -> None:
    labels = np.repeat(np.arange(5), 8)
    assert agreement(labels, 4 - labels) == pytest.approx(1)
    assert abs(agreement(labels, np.random.default_rng(0).permutation(labels))) < 0.1
