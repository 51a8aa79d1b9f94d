"""Q0, QS, QW, QE, QC and QY: against computations by hand, window by window, with flat windows among them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from scipy.ndimage import prewitt

from fuselens.metrics import METRICS
from fuselens.metrics.parts.windows import flat_windows
from tests.metrics.by_hand import gaussian, moments, natural, ssim, to_levels, uniform

C1, C2 = 2.55**2, 7.65**2
NAMES = ["q0", "qs", "qw", "qe", "qc", "qy"]


def with_flat_parts(seed: int) -> list[torch.Tensor]:
    """Images of which one, two or all are flat in some windows, black or not; elsewhere the sources are alike."""
    a, b, fused = natural(seed, 40, 36)
    a[..., :14, :20] = 77 / 255
    b[..., :18, 6:] = 0
    b[..., 22:, 18:] = 0.6 * a[..., 22:, 18:] + 0.4 * b[..., 22:, 18:]
    fused[..., 4:16, 12:34] = 1
    b[..., 22:, :16] = 201 / 255
    fused[..., 24:, 2:15] = 0
    return [(image * 255).round() / 255 for image in (a, b, fused)]


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.integers(2, 11))
def test_flat_windows(seed: int, side: int) -> None:
    image = (np.random.default_rng(seed).random((2, 1, 1, 24, 25)) < 0.03).astype(np.float32)
    windows = sliding_window_view(image, (side, side), axis=(-2, -1))
    expected = windows.min(axis=(-2, -1)) == windows.max(axis=(-2, -1))
    assert np.array_equal(flat_windows(torch.from_numpy(image), side).numpy(), expected)


@pytest.mark.parametrize("seed", [0, 1])
def test_q0_by_hand(seed: int) -> None:
    images = with_flat_parts(seed)
    a, b, fused = (to_levels(image) for image in images)
    expected = []
    for source in (a, b):
        m = moments(source, fused, uniform(8))
        for mx, my, vx, vy, cov in zip(*(each.ravel() for each in m), strict=True):
            if vx + vy < 1e-9:
                expected.append(2 * mx * my / (mx**2 + my**2) if mx + my > 0 else 1)
            else:
                expected.append(4 * cov * mx * my / ((vx + vy) * (mx**2 + my**2)))
    assert METRICS["q0"](*images).item() == pytest.approx(np.mean(expected), rel=1e-9)


def piella(a: np.ndarray, b: np.ndarray, fused: np.ndarray, weighted: bool) -> float:
    of_a, of_b = (moments(source, fused, gaussian(11, 1.5)) for source in (a, b))
    both = np.stack((of_a.variance_x, of_b.variance_x))
    both[:, both.sum(axis=0) < 1e-9] = 0.5
    weights = both.max(axis=0) if weighted else np.ones_like(both[0])
    similar = (both[0] * ssim(of_a, C1, C2) + both[1] * ssim(of_b, C1, C2)) / both.sum(axis=0)
    return float((weights * similar).sum() / weights.sum())


@pytest.mark.parametrize("seed", [0, 1])
def test_piellas_family_by_hand(seed: int) -> None:
    images = with_flat_parts(seed)
    levels = [to_levels(image) for image in images]
    edges = [np.hypot(*(prewitt(each, axis, mode="constant") for axis in (0, 1))) for each in levels]
    assert METRICS["qs"](*images).item() == pytest.approx(piella(*levels, weighted=False), rel=1e-9)
    assert METRICS["qw"](*images).item() == pytest.approx(piella(*levels, weighted=True), rel=1e-9)
    assert METRICS["qe"](*images).item() == pytest.approx(piella(*edges, weighted=True), rel=1e-9)


def exact(m: np.ndarray) -> np.ndarray:
    return np.where(np.abs(m) < 1e-9, 0, m)


@pytest.mark.parametrize("seed", [0, 1])
def test_qc_by_hand(seed: int) -> None:
    images = with_flat_parts(seed)
    a, b, fused = (to_levels(image) for image in images)
    values = []
    of_a, of_b = (moments(source, fused, gaussian(7, 1.5)) for source in (a, b))
    for ca, cb, sa, sb in zip(
        *(
            each.ravel()
            for each in (exact(of_a.covariance), exact(of_b.covariance), ssim(of_a, 0, 2e-16), ssim(of_b, 0, 2e-16))
        ),
        strict=True,
    ):
        if ca + cb != 0:
            share = ca / (ca + cb)
            values.append(0 if share < 0 else 1 if share > 1 else sa * share + sb * (1 - share))
    assert 0 < len(values) < of_a.covariance.size
    assert METRICS["qc"](*images).item() == pytest.approx(np.mean(values), rel=1e-9)


@pytest.mark.parametrize("seed", [0, 1])
def test_qy_by_hand(seed: int) -> None:
    images = with_flat_parts(seed)
    a, b, fused = (to_levels(image) for image in images)
    window = gaussian(7, 1.5)

    def similar(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        m = moments(x, y, window)
        luminance = (2 * m.mean_x * m.mean_y + 2e-16) / (m.mean_x**2 + m.mean_y**2 + 2e-16)
        return luminance * (2 * exact(m.covariance) + 2e-16) / (exact(m.variance_x) + exact(m.variance_y) + 2e-16)

    va, vb = exact(moments(a, b, window).variance_x), exact(moments(a, b, window).variance_y)
    defined = va + vb > 0
    share = va[defined] / (va + vb)[defined]
    to_a, to_b, between = (similar(x, y)[defined] for x, y in ((a, fused), (b, fused), (a, b)))
    values = np.where(between >= 0.75, share * to_a + (1 - share) * to_b, np.maximum(to_a, to_b))
    assert 0 < defined.sum() < defined.size
    assert METRICS["qy"](*images).item() == pytest.approx(values.mean(), rel=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_of_both_sources_is_perfect(name: str) -> None:
    a, _, _ = with_flat_parts(2)
    assert METRICS[name](a, a, a).item() == pytest.approx(1)


@pytest.mark.parametrize("name", NAMES)
def test_float32_is_as_good_with_flat_parts(name: str) -> None:
    images = with_flat_parts(3)
    single = METRICS[name](*(image.float() for image in images)).item()
    assert single == pytest.approx(METRICS[name](*images).item(), rel=1e-4)


def test_without_any_defined_window_there_is_no_value() -> None:
    a, b, fused = natural(4, 20, 20)
    flat = torch.full_like(a, 100 / 255)
    assert METRICS["qc"](a, b, flat).isnan().all()
    assert METRICS["qy"](flat, flat, fused).isnan().all()
    assert METRICS["q0"](flat, flat, flat / 2).item() == pytest.approx(2 * 100 * 50 / (100**2 + 50**2))
    black = torch.zeros_like(a)
    assert METRICS["q0"](black, black, black).item() == 1
