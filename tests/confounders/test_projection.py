"""Principal components: both ways of finding them against NumPy's SVD and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from fuselens.confounders import projection
from fuselens.confounders.projection import fit_projection


def table_of(count: int, length: int, seed: int = 0) -> np.ndarray:
    """Features with falling variances, off centre."""
    random = np.random.default_rng(seed)
    mixed = random.standard_normal((count, length)) * 0.8 ** np.arange(length)
    rotation, _ = np.linalg.qr(random.standard_normal((length, length)))
    return (mixed @ rotation + random.uniform(-3, 3, length)).astype(np.float32)


@pytest.mark.parametrize(("count", "length"), [(12, 20), (20, 20), (90, 20)])
def test_axes_variances_and_coordinates_are_those_of_svd(count: int, length: int) -> None:
    table = table_of(count, length)
    found = fit_projection(table, 6)
    centred = table.astype(np.float64) - table.mean(axis=0, dtype=np.float64)
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(np.abs((found.axes * axes[:6]).sum(axis=1)), 1, atol=1e-9)
    np.testing.assert_allclose(found.shares, (singular**2 / (singular**2).sum())[:6], rtol=1e-9)
    np.testing.assert_allclose(np.abs(found(table)), np.abs(centred @ axes[:6].T), atol=1e-9)


@pytest.mark.parametrize(("count", "length"), [(12, 20), (90, 20)])
def test_agrees_with_scikit_learn(count: int, length: int) -> None:
    table = table_of(count, length)
    theirs = PCA(5, svd_solver="full").fit(table.astype(np.float64))
    found = fit_projection(table, 5)
    np.testing.assert_allclose(found.shares, theirs.explained_variance_ratio_, rtol=1e-9)
    span = found.axes.T @ found.axes
    np.testing.assert_allclose(span, theirs.components_.T @ theirs.components_, atol=1e-9)


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_batches_change_nothing(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_of(50, 8)
    whole = fit_projection(table, 4)
    monkeypatch.setattr(projection, "_BATCH", batch)
    parts = fit_projection(table, 4)
    np.testing.assert_allclose(parts.axes, whole.axes, atol=1e-9)
    np.testing.assert_allclose(parts(table), whole(table), atol=1e-9)


def test_what_is_not_spanned_is_zero() -> None:
    table = table_of(4, 10)
    found = fit_projection(table, 7)
    assert found.components == 3
    assert found.axes.shape == (7, 10)
    assert not found.axes[3:].any()
    assert not found.shares[3:].any()
    assert found.shares.sum() == pytest.approx(1)
    assert not found(table)[:, 3:].any()
    apart = np.linalg.norm(table[0].astype(np.float64) - table[3])
    assert np.linalg.norm(found(table)[0] - found(table)[3]) == pytest.approx(apart)


@pytest.mark.parametrize(("count", "length"), [(5, 9), (9, 5)])
def test_features_that_never_vary_explain_nothing(count: int, length: int) -> None:
    found = fit_projection(np.full((count, length), 0.7, np.float32), 3)
    assert not found.shares.any()
    np.testing.assert_allclose(found(np.full((2, length), 0.7, np.float32)), 0, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 30), st.integers(1, 12), st.integers(1, 15), st.integers(0, 99))
def test_axes_are_orthonormal_and_shares_fall(count: int, length: int, dim: int, seed: int) -> None:
    found = fit_projection(table_of(count, length, seed), dim)
    k = found.components
    assert k == min(dim, count - 1, length)
    np.testing.assert_allclose(found.axes[:k] @ found.axes[:k].T, np.eye(k), atol=1e-8)
    assert (np.diff(found.shares) <= 1e-12).all()
    assert found.shares.sum() <= 1 + 1e-9
    assert (found.axes[np.arange(k), np.abs(found.axes[:k]).argmax(axis=1)] > 0).all()
