from __future__ import annotations

import numpy as np
import pytest

from fuselens.data.scenes.shapes import box, coverage, curve, ellipse, limb, melt, polygon, smoothstep
from fuselens.data.scenes.texture import PERIOD, fractal, noise

Y, X = np.meshgrid(np.linspace(-2, 2, 81, dtype=np.float32), np.linspace(-2, 2, 81, dtype=np.float32), indexing="ij")
PIXEL = 0.05


@pytest.mark.parametrize(
    ("distance", "area"),
    [
        (ellipse(X, Y, (0.1, -0.2), (1.0, 0.6)), np.pi * 0.6),
        (box(X, Y, (0.1, -0.2), (1.0, 0.5)), 2.0),
        (box(X, Y, (0.0, 0.0), (1.0, 0.5), 0.3), 2.0 - (4 - np.pi) * 0.09),
        (limb(X, Y, (-0.5, 0.0), (0.5, 0.3), (0.4, 0.4)), 0.8 * np.hypot(1, 0.3) + np.pi * 0.16),
        (polygon(X, Y, [(-1, -1), (1, -1), (0, 1)]), 2.0),
        (curve(X, Y, [(-1, 0), (0, 0), (1, 0)], [0.3, 0.3, 0.3], seam=1e-6), 1.2 + np.pi * 0.09),
    ],
)
def test_covered_area_is_the_shape_s_area(distance, area):
    assert coverage(distance, PIXEL).sum() * PIXEL**2 == pytest.approx(area, rel=0.01)


@pytest.mark.parametrize(
    "distance",
    [
        box(X, Y, (0.1, -0.2), (1.0, 0.5)),
        limb(X, Y, (-0.5, 0), (0.5, 0.3), (0.4, 0.4)),
        polygon(X, Y, [(-1, -1), (1, -1), (0, 1)]),
    ],
)
def test_distances_have_slope_one_almost_everywhere(distance):
    slope = np.hypot(*np.gradient(distance, PIXEL))
    assert np.median(slope) == pytest.approx(1, abs=1e-3)
    assert slope.max() < 1.05


def test_smoothstep_rises_and_falls():
    value = np.linspace(-1, 2, 31, dtype=np.float32)
    up, down = smoothstep(0, 1, value), smoothstep(1, 0, value)
    assert np.all(np.diff(up) >= 0)
    np.testing.assert_allclose(up + down, 1, atol=1e-6)


def test_melt_is_a_union_that_bulges_only_near_the_seam():
    first, second = ellipse(X, Y, (-0.5, 0), (0.6, 0.6)), ellipse(X, Y, (0.5, 0), (0.6, 0.6))
    union = np.minimum(first, second)
    melted = melt(first, second, 0.2)
    assert np.all(melted <= union)
    assert np.all(union - melted <= 0.05 + 1e-6)
    np.testing.assert_array_equal(melted[np.abs(first - second) >= 0.2], union[np.abs(first - second) >= 0.2])


def test_noise_is_bounded_periodic_and_repeatable():
    one = noise(X * 5, Y * 5, np.random.default_rng(3))
    assert np.abs(one).max() <= 1
    np.testing.assert_allclose(one, noise(X * 5 + PERIOD, Y * 5 - PERIOD, np.random.default_rng(3)), atol=1e-4)


def test_texture_belongs_to_the_scene_and_not_to_the_grid():
    whole = fractal(X, Y, np.random.default_rng(5))
    np.testing.assert_array_equal(whole[::2, ::2], fractal(X[::2, ::2], Y[::2, ::2], np.random.default_rng(5)))
    assert whole.dtype == np.float32
