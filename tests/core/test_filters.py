"""Window means against scipy, on every path, and local moments against their definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d
from scipy.signal import correlate2d

from fuselens.core.filters import _by_convolution, gaussian, gaussian_at, uniform, window_means
from fuselens.core.moments import local_moments

F64 = torch.zeros((), dtype=torch.float64)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 35), st.integers(0, 40), st.integers(0, 40), st.sampled_from([1, 2]))
def test_window_means_are_scipys_correlation(seed: int, length: int, tall: int, wide: int, step: int) -> None:
    random = np.random.default_rng(seed)
    images = random.normal(size=(2, 3, length + tall, length + wide))
    weights = random.random(length)
    ours = window_means(torch.from_numpy(images), torch.from_numpy(weights), step=step).numpy()
    assert ours.shape == (2, 3, tall // step + 1, wide // step + 1)
    for i in range(2):
        for j in range(3):
            theirs = correlate2d(images[i, j], np.outer(weights, weights), "valid")[::step, ::step]
            np.testing.assert_allclose(ours[i, j], theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("length", "step"), [(3, 1), (17, 1), (9, 2), (16, 2)])
def test_convolution_agrees_with_blocks(length: int, step: int) -> None:
    images = torch.rand(2, 3, 1, 40, 33, dtype=torch.float64)
    weights = torch.rand(length, dtype=torch.float64)
    torch.testing.assert_close(_by_convolution(images, weights, step), window_means(images, weights, step=step))


def test_means_are_convolutions_where_products_may_be_of_reduced_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    images = torch.rand(1, 1, 60, 70)
    weights = gaussian(11, 1.5, images)
    exact = window_means(images.double(), weights.double())
    monkeypatch.setattr(torch, "get_float32_matmul_precision", lambda: "medium")
    monkeypatch.setattr("fuselens.core.filters._by_blocks", None)  # not reached
    torch.testing.assert_close(window_means(images, weights).double(), exact, rtol=0, atol=1e-6)


def test_window_means_have_a_gradient() -> None:
    images = torch.rand(2, 1, 19, 20, dtype=torch.float64, requires_grad=True)
    weights = gaussian(5, 1.0, images.detach())
    assert torch.autograd.gradcheck(lambda x: window_means(x, weights, step=2), (images,), fast_mode=True)


def test_weights() -> None:
    impulse = np.eye(1, 21, 10)[0]
    np.testing.assert_allclose(gaussian(11, 1.5, F64), gaussian_filter1d(impulse, 1.5, radius=5)[5:16], rtol=1e-12)
    np.testing.assert_allclose(gaussian(4, 2.0, F64), gaussian_at(torch.tensor([1.5, 0.5, 0.5, 1.5]), 2.0, F64))
    assert uniform(8, F64).tolist() == [0.125] * 8
    assert gaussian(11, 1.5, torch.zeros(1)).dtype == torch.float32


def test_moments_are_those_of_the_definition() -> None:
    random = np.random.default_rng(3)
    x, y = (
        random.integers(0, 256, (2, 2, 1, 12, 14)).astype(float),
        random.integers(0, 256, (2, 1, 12, 14)).astype(float),
    )
    weights = random.random(5)
    weights /= weights.sum()
    moments = local_moments(*(torch.from_numpy(each) for each in (x, y, weights)))
    square = np.outer(weights, weights)
    for r, n, i, j in [(0, 0, 0, 0), (1, 1, 7, 9), (0, 1, 3, 2)]:
        u, v = (each[..., i : i + 5, j : j + 5] for each in (x[r, n, 0], y[n, 0]))
        du, dv = u - (u * square).sum(), v - (v * square).sum()
        assert moments.mean_x[r, n, 0, i, j].item() == pytest.approx((u * square).sum())
        assert moments.mean_y[0, n, 0, i, j].item() == pytest.approx((v * square).sum())
        assert moments.variance_x[r, n, 0, i, j].item() == pytest.approx((du * du * square).sum())
        assert moments.variance_y[0, n, 0, i, j].item() == pytest.approx((dv * dv * square).sum())
        assert moments.covariance[r, n, 0, i, j].item() == pytest.approx((du * dv * square).sum())


def test_moments_keep_their_digits_in_float32_on_bright_images() -> None:
    noise = torch.rand(1, 1, 1, 40, 40, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    bright = 200 + noise
    weights = gaussian(11, 1.5, bright)
    exact = local_moments(bright, bright[0], weights).variance_x
    single = local_moments(bright.float(), bright[0].float(), weights.float()).variance_x
    torch.testing.assert_close(single.double(), exact, rtol=1e-4, atol=0)


def test_a_dark_background_has_no_variance_at_all() -> None:
    image = torch.zeros(1, 1, 40, 40)
    image[..., :12, :12] = torch.rand(12, 12) * 255
    moments = local_moments(image[None], image, gaussian(11, 1.5, image))
    assert (moments.variance_x[..., 12:, 12:] == 0).all()
