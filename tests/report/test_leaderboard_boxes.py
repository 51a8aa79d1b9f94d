"""Box plots against matplotlib's own statistics."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.cbook import boxplot_stats

from fuselens.report.leaderboard_boxes import LONGEST_LABEL, MARGIN, MOST_NAMED, WIDTH, BoxPlot, box_plots
from fuselens.report.leaderboard_columns import heads_of
from fuselens.scoring.table import Column, ScoreTable


def plot_of(values: np.ndarray, methods: tuple[str, ...] | None = None) -> BoxPlot:
    """Draw `[methods, images]`."""
    methods = methods or tuple(f"m{m}" for m in range(len(values)))
    images = tuple(f"i{i}" for i in range(values.shape[1]))
    table = ScoreTable(methods, images, (Column("q", "Q", "higher"),), values[..., None].astype(float))
    (plot,) = box_plots(table, heads_of(table))
    return plot


def scaled(values: np.ndarray, numbers: object) -> np.ndarray:
    low, high = np.nanmin(values), np.nanmax(values)
    return np.asarray(MARGIN + (WIDTH - 2 * MARGIN) * (np.asarray(numbers, float) - low) / (high - low))


@pytest.mark.parametrize("seed", range(6))
def test_boxes_agree_with_matplotlib(seed: int) -> None:
    values = np.random.default_rng(seed).standard_t(3, size=(3, 40 + seed))
    for row, own in zip(plot_of(values).rows, values, strict=True):
        (stats,) = boxplot_stats(own)
        places = [stats[key] for key in ("whislo", "q1", "med", "q3", "whishi")]
        np.testing.assert_allclose(row.box, scaled(values, places))  # type: ignore[arg-type]
        assert row.mean == pytest.approx(scaled(values, own.mean()))
        np.testing.assert_allclose(sorted(dot.x for dot in row.dots), sorted(scaled(values, stats["fliers"])))
        assert {dot.image for dot in row.dots} == {f"i{i}" for i in np.flatnonzero(np.isin(own, stats["fliers"]))}


def test_few_values_are_points_and_missing_ones_nothing() -> None:
    values = np.array([[1.0, 2, 3, 4, np.nan, np.nan], [1, 2, 3, 4, 5, 6], [np.nan] * 6])
    few, enough, none = plot_of(values).rows
    assert few.box is None
    assert sorted(dot.image for dot in few.dots) == ["i0", "i1", "i2", "i3"]
    assert enough.box is not None
    assert enough.dots == []
    assert (none.box, none.mean, none.dots) == (None, None, [])


def test_of_many_outliers_the_furthest_are_named_and_all_are_drawn() -> None:
    values = np.zeros((1, 200))
    values[0, :50] = np.arange(1, 51)
    (row,) = plot_of(values).rows
    assert [dot.image for dot in row.dots] == [f"i{i}" for i in range(49, 49 - MOST_NAMED, -1)]
    assert len(row.crowd) == 50 - MOST_NAMED


def test_the_best_mean_is_marked_where_there_is_a_race() -> None:
    values = np.random.default_rng(0).normal(size=(3, 10)) + np.array([[0], [9], [3]])
    assert [row.is_best for row in plot_of(values).rows] == [False, True, False]
    assert [row.is_best for row in plot_of(values[:1]).rows] == [False]


def test_long_names_are_shortened_in_the_middle() -> None:
    name = "a" * 60 + "b" * 60
    (row,) = plot_of(np.arange(6.0)[None], (name,)).rows
    assert row.method == name
    assert len(row.label) == LONGEST_LABEL + 1
    assert row.label.startswith("aaa")
    assert row.label.endswith("bbb")


@settings(max_examples=25, deadline=None)
@given(
    arrays(np.float64, (2, 7), elements=st.floats(-1e12, 1e12).map(lambda value: round(value, 9))),
    st.sampled_from([1e-12, 1.0, 1e6]),
)
def test_everything_stays_on_the_canvas(values: np.ndarray, scale: float) -> None:
    plot = plot_of(values * scale)
    assert plot.ticks
    places = [tick.place for tick in plot.ticks]
    for row in plot.rows:
        places += [*(row.box or ()), *(dot.x for dot in row.dots), row.mean or 0.0]
    assert np.isfinite(places).all()
    assert min(places) >= MARGIN - 1e-6
    assert max(places) <= WIDTH - MARGIN + 1e-6
    assert len({tick.text for tick in plot.ticks}) == len(plot.ticks)
