"""The tests between methods, against closed forms, permutation by brute force, and simulation."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import rankdata

from fuselens.core.errors import InputError
from fuselens.scoring.statistics import bootstrap_interval, compare, compare_all, holm
from fuselens.scoring.table import Column, ScoreTable

HIGH, LOW = Column("h", "H", "higher"), Column("l", "L", "lower")


def table(*methods: np.ndarray, columns: tuple[Column, ...] = (HIGH,)) -> ScoreTable:
    values = np.stack([np.asarray(m, float).reshape(len(m), -1) for m in methods])
    return ScoreTable(
        tuple(f"m{i}" for i in range(len(methods))), tuple(map(str, range(values.shape[1]))), columns, values
    )


def exact_signed_rank_p(differences: np.ndarray) -> float:
    """Try every assignment of signs."""
    ranks = rankdata(np.abs(differences))
    seen = abs((ranks * np.sign(differences)).sum())
    sums = [abs((ranks * signs).sum()) for signs in product((-1, 1), repeat=len(ranks))]
    return float(np.mean([total >= seen - 1e-9 for total in sums]))


def test_wilcoxon_equals_all_sign_flips() -> None:
    random = np.random.default_rng(0)
    for shift in (0.0, 0.4, 1.5):
        x, y = random.normal(shift, 1, 10), random.normal(0, 1, 10)
        (one,) = compare(table(x, y), "m0", "m1")
        assert one.p_value == pytest.approx(exact_signed_rank_p(x - y))
        assert one.difference == pytest.approx((x - y).mean())
        assert (one.wins, one.losses) == ((x > y).sum(), (x < y).sum())


def test_direction_decides_who_is_better() -> None:
    x = np.arange(20.0)
    better, worse = compare(table(np.stack([x + 1, x + 1], 1), np.stack([x, x], 1), columns=(HIGH, LOW)), "m0", "m1")
    assert (better.verdict, worse.verdict) == ("better", "worse")
    assert (better.wins, worse.wins) == (20, 0)


def test_holm_by_hand() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]


def test_bootstrap_covers_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(2)
    hits = 0
    for _ in range(120):
        low, high = bootstrap_interval(random.normal(0.3, 1, 60), random)
        hits += low <= 0.3 <= high
    assert (
        104 <= hits <= 120
    )  # 95 % of 120 is 114; three standard deviations are 7, and the percentile form is a bit short


def test_bootstrap_in_pieces_keeps_its_number_of_resamples() -> None:
    differences = np.random.default_rng(3).normal(0, 1, 5000)  # more than fit into one piece
    low, high = bootstrap_interval(differences, np.random.default_rng(0))
    error = differences.std() / np.sqrt(5000)
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.05)


def test_identical_methods_are_undecided() -> None:
    x = np.random.default_rng(4).normal(size=12)
    (one,) = compare(table(x, x), "m0", "m1")
    assert (one.p_value, one.verdict, one.difference) == (1.0, "undecided", 0.0)


def test_only_common_images_count_and_the_seed_repeats() -> None:
    x, y = np.arange(10.0), np.arange(10.0) - 1
    x[3], y[4] = np.nan, np.inf
    first, again = (compare(table(x, y), "m0", "m1", seed=5) for _ in range(2))
    assert first == again
    assert first[0].images == 8


def test_all_against_the_best() -> None:
    x = np.random.default_rng(6).normal(size=30)
    found = compare_all(table(x, x + 5, x - 1))
    assert [(one.method, one.against) for one in found] == [("m1", "m0"), ("m1", "m2")]
    assert {one.verdict for one in found} == {"better"}
    assert compare_all(table(x)) == []
    assert compare_all(table(x[:1], x[:1] + 1)) == []


def test_bad_requests() -> None:
    x = np.arange(5.0)
    with pytest.raises(InputError, match="two different methods"):
        compare(table(x, x), "m0", "m0")
    with pytest.raises(InputError, match="in common"):
        compare(table(x[:1], x[:1]), "m0", "m1")
