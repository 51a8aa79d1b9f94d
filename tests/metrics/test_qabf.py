"""Qabf and QG, against loops over pixels, closed forms and symmetries."""

from __future__ import annotations

from math import atan, exp, hypot, pi

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fuselens.metrics.qabf import qabf
from fuselens.metrics.qg import qg


def eight_bit(seed: int, *size: int) -> torch.Tensor:
    return torch.randint(0, 256, size, generator=torch.Generator().manual_seed(seed)).double() / 255


def sobel_at(levels: np.ndarray, y: int, x: int) -> tuple[float, float]:
    """The derivatives to the right and upwards, zeros beyond the border."""
    window = np.pad(levels, 1)[y : y + 3, x : x + 3]
    weights = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    return float((window * weights).sum()), float((window * weights.T[::-1]).sum())


def sigmoid(x: float, gain: float, slope: float, centre: float) -> float:
    return gain / (1 + exp(-slope * (x - centre)))


def qabf_at(source: tuple[float, float], fused: tuple[float, float]) -> float:
    (gx, gy), (fx, fy) = source, fused
    g, f = hypot(gx, gy), hypot(fx, fy)
    strength = f if g == f else min(g, f) / max(g, f)
    angle, angle_f = (atan(v / h) if h else pi / 2 for h, v in (source, fused))
    return sigmoid(strength, 0.9994, 15, 0.5) * sigmoid(1 - abs(angle - angle_f) / (pi / 2), 0.9879, 22, 0.8)


def qg_at(source: tuple[float, float], fused: tuple[float, float]) -> float:
    g, f = (hypot(*each) or 1e-5 for each in (source, fused))
    angle, angle_f = (atan(v / (h or 1e-5)) for h, v in (source, fused))
    parallel = abs(abs(angle - angle_f) - pi / 2) * 2 / pi
    return sigmoid(min(g, f) / max(g, f), 1, 10, 0.5) * sigmoid(parallel, 1, 20, 0.75)


@pytest.mark.parametrize("seed", [0, 1])
def test_loops_over_pixels(seed: int) -> None:
    images = [eight_bit(3 * seed + k, 1, 1, 11, 8) for k in range(3)]
    images[2][..., :4] = images[0][..., :4]  # equal strengths
    images[1][..., 5:, :] = 0.2  # flat
    a, b, f = ((image[0, 0] * 255).round().numpy() for image in images)
    kept = weight = mean = 0.0
    for y, x in np.ndindex(a.shape):
        at_a, at_b, at_f = (sobel_at(each, y, x) for each in (a, b, f))
        w_a, w_b = hypot(*at_a), hypot(*at_b)
        kept += w_a * qabf_at(at_a, at_f) + w_b * qabf_at(at_b, at_f)
        weight += w_a + w_b
        w_a, w_b = w_a or 1e-5, w_b or 1e-5
        mean += (w_a * qg_at(at_a, at_f) + w_b * qg_at(at_b, at_f)) / (w_a + w_b) / a.size
    assert float(qabf(*images)) == pytest.approx(kept / weight, rel=1e-12)
    assert float(qg(*images)) == pytest.approx(mean, rel=1e-5)  # the sign of 1e-5 differs


def test_identical_images_reach_the_upper_bound() -> None:
    image = eight_bit(0, 1, 1, 20, 30)
    direction = 1 / (1 + exp(-22 * 0.2))
    assert float(qabf(image, image, image)) == pytest.approx(0.9994 * 0.9879 * direction, rel=1e-5)
    softened = 0.9994 / (1 + exp(-7.5)) * 0.9879 * direction
    assert float(qabf(image, image, image, convention="cslib")) == pytest.approx(softened, rel=1e-6)
    assert float(qg(image, image, image)) == pytest.approx(1 / (1 + exp(-5)) / (1 + exp(-5)), rel=1e-6)


def test_edges_across_the_sources_edges_count_nothing() -> None:
    """What remains comes from the frame, which the zeros beyond the border make an edge of all images."""
    ramp = torch.linspace(0, 1, 40, dtype=torch.float64).expand(1, 1, 40, 40)
    for metric, most in ((qabf, 0.25), (qg, 0.1)):
        assert float(metric(ramp, ramp, ramp.mT)) < most
        assert float(metric(ramp, ramp, ramp)) > 0.9


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), height=st.integers(2, 9), width=st.integers(2, 9))
def test_turning_all_images_by_half_changes_nothing(seed: int, height: int, width: int) -> None:
    images = [eight_bit(3 * seed + k, 2, 1, height, width) for k in range(3)]
    turned = [image.flip(-1, -2) for image in images]
    for metric in (qabf, qg):
        value = metric(*images)
        assert torch.allclose(metric(*turned), value, rtol=1e-5)
        assert ((value >= 0) & (value <= metric.bounds[1])).all()


def test_unit_range_takes_equal_strengths_for_lost() -> None:
    """A copy of a source scores far lower where its strengths, below 1, stand for their ratio."""
    a, b = eight_bit(0, 1, 1, 32, 32) * 0.2, torch.zeros(1, 1, 32, 32, dtype=torch.float64)
    assert float(qabf(a, b, a, convention="densefuse")) < 0.7 * float(qabf(a, b, a))
    single = qabf(a.float(), b.float(), a.float(), convention="densefuse")
    assert single.dtype == torch.float32


def test_no_edge_anywhere_is_undefined() -> None:
    black = torch.zeros(1, 1, 8, 8)
    assert qabf(black, black, black).isnan().all()
