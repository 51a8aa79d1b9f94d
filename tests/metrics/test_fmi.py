"""FMI against its definition, window by window, and its features against SciPy's."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import scipy.fft
import scipy.ndimage
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fuselens.metrics import METRICS
from fuselens.metrics.parts import window_information as windows
from fuselens.metrics.parts.features import cosine_coefficients, strong_edges, thin_edges, wavelet_coefficients

NAMES = ("fmi_dct", "fmi_edge", "fmi_gradient", "fmi_pixel", "fmi_wavelet")


def distribution(window: np.ndarray) -> np.ndarray:
    cells = window.T.ravel() - window.min()
    return cells / cells.sum() if cells.any() else np.full(9, 1 / 9)


def covariance(table: np.ndarray) -> float:
    numbers = np.arange(1, 10)
    return numbers @ table @ numbers - (numbers @ table.sum(1)) * (table.sum(0) @ numbers)


def frechet(p: np.ndarray, q: np.ndarray, *, upper: bool) -> np.ndarray:
    """The table with the margins p and q whose relation is as positive, or as negative, as possible."""
    until = np.zeros((10, 10))
    for i, j in product(range(10), range(10)):
        until[i, j] = min(p[:i].sum(), q[:j].sum()) if upper else max(p[:i].sum() + q[:j].sum() - 1, 0)
    return np.diff(np.diff(until, axis=0), axis=1)


def bits(shares: np.ndarray) -> float:
    return -sum(s * np.log2(abs(s)) for s in shares.ravel() if abs(s) > 1e-14)


def of_windows(x: np.ndarray, y: np.ndarray) -> float:
    if (x == y).all():
        return 1.0
    p, q = distribution(x), distribution(y)
    if min(np.ptp(p), np.ptp(q)) < 1e-12:
        return 0.0  # one is flat: independent
    correlation = np.corrcoef(p, q)[0, 1]
    bound = frechet(p, q, upper=correlation >= 0)
    spread = np.sqrt(covariance(np.diag(p)) * covariance(np.diag(q)))
    weight = correlation * spread / covariance(bound) if spread > 1e-12 else 0.0
    mutual = bits(p) + bits(q) - bits(weight * bound + (1 - weight) * np.outer(p, q))
    return 2 * mutual / (bits(p) + bits(q)) if bits(p) + bits(q) > 1e-12 else 0.0


def by_definition(x: np.ndarray, y: np.ndarray) -> float:
    places = product(range(x.shape[0] - 2), range(x.shape[1] - 2))
    return float(np.mean([of_windows(x[i : i + 3, j : j + 3], y[i : i + 3, j : j + 3]) for i, j in places]))


def random_levels(seed: int, *shape: int, highest: int = 256) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).integers(0, highest, (3, 1, *shape)).astype(float))


@pytest.mark.parametrize("highest", [256, 2, 3])  # few levels: flat, equal and single-pixel windows
def test_information_of_windows_is_the_definitions(highest: int) -> None:
    x, y, z = random_levels(highest, 8, 11, highest=highest)
    batch = windows.window_information(torch.stack((x, y)), torch.stack((z, z)))
    expected = [by_definition(each[0].numpy(), z[0].numpy()) for each in (x, y)]
    assert batch.tolist() == pytest.approx(expected, rel=1e-10)


def test_windows_that_the_conventions_treat_apart() -> None:
    """Equal flat windows, and two windows of one bright pixel each at different places."""
    flat, lone, other = (torch.zeros(1, 1, 3, 3, dtype=torch.float64) for _ in range(3))
    lone[..., 0, 1] = other[..., 2, 2] = 7
    for pair, options, expected in [
        ((flat, flat), {}, 1),
        ((flat, flat), {"equal_flat": 0}, 0),
        ((flat, flat + 1), {}, 0),
        ((lone, other), {}, 0),
        ((lone, other), {"lone": 1}, 1),
        ((lone, lone), {"equal_flat": 0}, 1),
        ((lone, flat), {"lone": 1}, 0),
    ]:
        assert windows.window_information(*pair, **options).item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("at_once", [1, 40, 10**6])
def test_strips_change_nothing(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y, _ = random_levels(1, 2, 9, 14).view(3, 2, 1, 9, 14)
    whole = windows.window_information(x, y)
    monkeypatch.setitem(windows._AT_ONCE, "cpu", at_once)
    torch.testing.assert_close(windows.window_information(x, y), whole)


@pytest.mark.parametrize("shape", [(7, 10), (12, 9)])
def test_cosine_coefficients_are_scipys(shape: tuple[int, int]) -> None:
    levels = random_levels(2, *shape)
    expected = scipy.fft.dctn(levels.numpy(), axes=(-2, -1), norm="ortho")
    np.testing.assert_allclose(cosine_coefficients(levels), expected, atol=1e-10)


def test_edges_by_scipys_sobel() -> None:
    image = scipy.ndimage.gaussian_filter(random_levels(3, 30, 31)[0, 0].numpy(), 2) * 100
    energy = sum(scipy.ndimage.sobel(image, axis, mode="nearest") ** 2 for axis in (0, 1))
    strong = energy > 4 * energy.mean()
    energy = np.pad(np.where(strong, energy, 0), 1)
    thin = np.zeros_like(strong)
    for i, j in zip(*np.nonzero(strong), strict=True):
        row, column = energy[i + 1, j : j + 3], energy[i : i + 3, j + 1]
        thin[i, j] = any(line[1] > max(line[0], line[2]) for line in (row, column))
    levels = torch.from_numpy(image)[None, None]
    assert 0 < thin.sum() < strong.sum()
    np.testing.assert_array_equal(strong_edges(levels)[0, 0], strong)
    np.testing.assert_array_equal(thin_edges(levels)[0, 0], thin)


def meyer_taps() -> np.ndarray:
    """The scaling function's two-scale filter by numerical integration of its Fourier transform."""
    frequency = np.linspace(0, np.pi, 40001)
    x = np.clip(3 * frequency / np.pi - 1, 0, 1)
    response = np.cos(np.pi / 2 * x**4 * (35 - 84 * x + 70 * x**2 - 20 * x**3))
    return (
        np.array([np.trapezoid(response * np.cos(n * frequency), frequency) for n in range(-50, 51)]) * 2**0.5 / np.pi
    )


def test_wavelet_coefficients_by_convolution() -> None:
    taps = meyer_taps()
    for shift in range(0, 40, 2):  # orthonormal to its even shifts, up to what the 101 taps leave out
        assert taps[shift:] @ taps[: 101 - shift] == pytest.approx(float(shift == 0), abs=1e-4)
    low, high = np.append(0, taps), np.append(taps * (-1.0) ** np.arange(1, 102), 0)
    image = random_levels(4, 9, 12)[0, 0].numpy()

    def filtered(signal: np.ndarray, kernel: np.ndarray) -> np.ndarray:
        return np.convolve(np.pad(signal, 101, mode="symmetric"), kernel, mode="valid")[1::2]

    rows = {name: np.apply_along_axis(filtered, 1, image, kernel) for name, kernel in (("a", low), ("d", high))}
    bands = {
        x + y: np.apply_along_axis(filtered, 0, rows[x], kernel)
        for x in rows
        for y, kernel in (("a", low), ("d", high))
    }
    expected = np.block([[bands["aa"], bands["ad"]], [bands["da"], bands["dd"]]])
    np.testing.assert_allclose(wavelet_coefficients(torch.from_numpy(image)[None, None])[0, 0], expected, atol=1e-9)


@pytest.mark.parametrize("feature", [cosine_coefficients, wavelet_coefficients])
def test_constants_leave_no_rounding_noise(feature: object) -> None:
    assert callable(feature)
    values = feature(torch.full((1, 1, 17, 23), 200.0, dtype=torch.float32))
    assert len(values.unique()) <= 4  # one a band, or one coefficient besides 0


@pytest.mark.parametrize("name", NAMES)
def test_identical_images_score_one(name: str) -> None:
    image = random_levels(5, 20, 15)[:1].float() / 255
    image[..., :8] = 0.5
    for convention in ("canonical", *METRICS[name].conventions):
        value = METRICS[name](image, image, image, convention=convention).item()
        assert value < 1 if convention == "cslib" else value == pytest.approx(1)


def test_conventions_take_other_features() -> None:
    images = random_levels(6, 16, 18) / 255
    a, b, fused = (scaled[None] for scaled in images)
    edges = METRICS["fmi_edge"](a, b, fused)
    for code in ("densefuse", "linfeng", "mefb"):
        assert torch.equal(METRICS["fmi_pixel"](a, b, fused, convention=code), edges)
    for name in ("fmi_edge", "fmi_gradient"):
        assert METRICS[name](a, b, fused, convention="cslib") != METRICS[name](a, b, fused)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 9), st.integers(3, 9), st.sampled_from([2, 4, 256]))
def test_half_a_turn_and_a_stretch_change_no_window(seed: int, height: int, width: int, highest: int) -> None:
    """Cells counted backwards in both windows are as related; windows are stretched anyway."""
    x, y, _ = (levels[None] for levels in random_levels(seed, height, width, highest=highest))
    value = windows.window_information(x, y)
    torch.testing.assert_close(windows.window_information(x.flip(-1, -2), y.flip(-1, -2)), value)
    stretched = windows.window_information(x, 3 * y + 1000, equal_flat=0)
    torch.testing.assert_close(stretched, windows.window_information(x, y, equal_flat=0))


def test_copies_and_negatives_of_a_ramp_tell_everything() -> None:
    """The negative is the ramp with its cells counted backwards, which the lower Frechet bound describes in full."""
    ramp = (torch.arange(12.0, dtype=torch.float64)[:, None] * 5 + torch.arange(9.0) * 3)[None, None]
    for other in (2 * ramp + 7, -ramp):
        assert windows.window_information(ramp, other).item() == pytest.approx(1)
