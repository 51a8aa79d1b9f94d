"""Clusters: centres are means, every image lies with its nearest centre, the largest cluster comes first."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from fuselens.confounders.clusters import find_clusters


@pytest.fixture
def coordinates() -> np.ndarray:
    return np.random.default_rng(3).standard_normal((70, 4))


def test_definition(coordinates: np.ndarray) -> None:
    found = find_clusters(coordinates, 8, seed=0)
    apart = np.linalg.norm(coordinates[:, None] - found.centres[None], axis=2)
    np.testing.assert_array_equal(found.labels, apart.argmin(axis=1))
    np.testing.assert_allclose(found.distances, apart.min(axis=1))
    for cluster in range(8):
        inside = [i for i in range(70) if found.labels[i] == cluster]
        np.testing.assert_allclose(found.centres[cluster], sum(coordinates[i] for i in inside) / len(inside))
        assert found.sizes[cluster] == len(inside)
        assert found.members(cluster).tolist() == sorted(inside, key=lambda i: apart[i, cluster])
    assert (np.diff(found.sizes) <= 0).all()


def test_few_points_are_divided_as_well_as_can_be() -> None:
    """Every division of nine points into three clusters, tried out; the last point may be called 0."""
    points = np.random.default_rng(5).standard_normal((9, 2))

    def total(labels: np.ndarray) -> float:
        parts = [points[labels == k] for k in range(3)]
        return float(sum(((part - part.mean(axis=0)) ** 2).sum() for part in parts))

    divisions = (np.array(labels) for labels in product(range(3), repeat=8) if len({*labels, 0}) == 3)
    best = min(total(np.append(labels, 0)) for labels in divisions)
    assert (find_clusters(points, 3, seed=0).distances ** 2).sum() == pytest.approx(best)


def test_planted_clusters_are_recovered() -> None:
    random = np.random.default_rng(0)
    kinds = random.permutation(np.repeat(np.arange(6), [3, 9, 20, 1, 7, 5]))
    coordinates = 10 * np.eye(6)[kinds] + 0.1 * random.standard_normal((45, 6))
    found = find_clusters(coordinates, 6, seed=0)
    assert found.sizes.tolist() == [20, 9, 7, 5, 3, 1]
    order = [2, 1, 4, 5, 0, 3]
    assert [order[k] for k in found.labels] == kinds.tolist()


def test_same_seed_same_bits(coordinates: np.ndarray) -> None:
    one, two = (find_clusters(coordinates, 9, seed=7) for _ in range(2))
    np.testing.assert_array_equal(one.labels, two.labels)
    np.testing.assert_array_equal(one.centres, two.centres)


def test_as_many_clusters_as_images() -> None:
    found = find_clusters(np.arange(5.0)[:, None], 5, seed=0)
    assert found.sizes.tolist() == [1] * 5
    assert not found.distances.any()
    assert found.labels.tolist() == [0, 1, 2, 3, 4]
