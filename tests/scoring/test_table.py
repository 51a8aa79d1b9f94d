"""What is read off a table of scores."""

from __future__ import annotations

import numpy as np
import pytest

from fuselens.core.errors import UnknownNameError
from fuselens.scoring.table import Column, ScoreTable
from fuselens.scoring.worst import worst_images

HIGH, LOW, ZERO = Column("h", "H", "higher"), Column("l", "L", "lower"), Column("z", "Z", "zero")


def table(values: object, columns: tuple[Column, ...] = (HIGH, LOW, ZERO)) -> ScoreTable:
    array = np.asarray(values, float)
    methods = tuple(f"m{i}" for i in range(array.shape[0]))
    images = tuple(f"i{i}" for i in range(array.shape[1]))
    return ScoreTable(methods, images, columns, array)


def test_means_leave_out_what_is_missing() -> None:
    one = table([[[1, 2, np.nan], [3, np.nan, np.nan]]])
    assert one.means()[0, :2].tolist() == [2, 2]
    assert np.isnan(one.means()[0, 2])
    assert one.stds()[0, :2].tolist() == [pytest.approx(np.sqrt(2)), 0]
    assert one.counts().tolist() == [[2, 1, 0]]


def test_places_follow_the_direction() -> None:
    two = table([[[5, 5, -0.1]], [[7, 7, 0.3]], [[6, 6, np.nan]]])
    assert two.places().T.tolist() == [[3, 1, 2], [1, 3, 2], [1, 2, 0]]


def test_equal_means_share_a_place() -> None:
    assert table([[[1, 0, 0]], [[1, 0, 0]], [[0, 1, 1]]]).places().T.tolist() == [[1, 1, 3]] * 3


def test_ranks_count_only_images_that_all_have() -> None:
    values = [[[1.0], [9.0], [9.0]], [[2.0], [1.0], [np.nan]]]
    found = table(values, (HIGH,))
    assert found.ranks()[:, 0].tolist() == [1.5, 1.5]
    assert found.image_ranks()[:, :2].tolist() == [[2, 1], [1, 2]]
    assert np.isnan(found.image_ranks()[:, 2]).all()


def test_ranks_against_counting() -> None:
    random = np.random.default_rng(0)
    found = table(random.integers(0, 4, (4, 30, 3)))
    losses = found.losses()
    for k in range(3):
        expected = [
            np.mean([(losses[:, i, k] < losses[m, i, k]).sum() + ((losses[:, i, k] == losses[m, i, k]).sum() + 1) / 2
                     for i in range(30)])
            for m in range(4)
        ]  # fmt: skip
        assert found.ranks()[:, k].tolist() == pytest.approx(expected)
    assert found.overall_ranks().tolist() == pytest.approx(found.ranks().mean(axis=1).tolist())


def test_names_are_looked_up() -> None:
    with pytest.raises(UnknownNameError, match="m0"):
        table([[[1, 2, 3]]]).method("m7")


def test_worst_images_are_far_behind_their_method() -> None:
    values = np.random.default_rng(1).normal(size=(2, 50, 2))
    values[0, 7] = [-9, 9]
    values[1, 8, 0], values[1, 8, 1] = -9, np.nan
    worst = worst_images(table(values, (HIGH, LOW)), 2)
    assert [(method, image) for method, image, _ in worst][::2] == [("m0", "i7"), ("m1", "i8")]
    assert worst[0][2] > worst[1][2]


def test_worst_images_of_one_image_and_of_failures() -> None:
    assert worst_images(table([[[1, 2, 3]]]), 3) == [("m0", "i0", 0.0)]
    assert worst_images(table(np.full((1, 2, 3), np.nan)), 3) == []
