from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import convolve2d

from fuselens.core.errors import InputError
from fuselens.training.losses import PARTS, partial_losses
from fuselens.training.objectives.similarity import Similarity

Image = npt.NDArray[np.float64]


def ssim_by_hand(x: Image, y: Image) -> float:
    """Wang et al. 2004: Gaussian window of 11, sigma 1.5, K 0.01 and 0.03, only windows that lie inside."""
    offsets = np.arange(11) - 5.0
    bell = np.exp(-(offsets**2) / (2 * 1.5**2))
    window = np.outer(bell, bell) / bell.sum() ** 2

    def mean(image: Image) -> Image:
        smooth: Image = convolve2d(image, window, mode="valid")
        return smooth

    mx, my = mean(x), mean(y)
    vx, vy, cov = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    c1, c2 = 0.01**2, 0.03**2
    return float(np.mean((2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))))


def images(seed: int, shape: tuple[int, int] = (19, 26), number: int = 1) -> list[torch.Tensor]:
    random = np.random.default_rng(seed)
    return [torch.from_numpy(random.random((number, 1, *shape))) for _ in range(3)]


def test_parts_agree_with_an_independent_calculation() -> None:
    fused, a, b = images(1, number=2)
    parts = partial_losses(fused, a, b)
    for letter, source in (("a", a), ("b", b)):
        by_hand = [ssim_by_hand(f[0].numpy(), s[0].numpy()) for f, s in zip(fused, source, strict=True)]
        assert float(parts[f"ssim_{letter}"]) == pytest.approx(1 - np.mean(by_hand), abs=1e-9)
        assert float(parts[f"l2_{letter}"]) == pytest.approx(np.mean((fused - source).numpy() ** 2), abs=1e-12)
    assert tuple(parts) == PARTS


def test_float32_is_close_to_float64() -> None:
    exact, coarse = images(2), [image.float() for image in images(2)]
    for name, value in partial_losses(*exact).items():
        assert float(partial_losses(*coarse)[name]) == pytest.approx(float(value), abs=1e-5)


def test_flat_images_follow_the_closed_form() -> None:
    fused, a, b = (torch.full((1, 1, 12, 12), level, dtype=torch.float64) for level in (0.5, 0.5, 0.2))
    parts = partial_losses(fused, a, b)
    assert float(parts["ssim_a"]) == pytest.approx(0, abs=1e-9)
    assert float(parts["ssim_b"]) == pytest.approx(1 - (2 * 0.5 * 0.2 + 1e-4) / (0.25 + 0.04 + 1e-4), abs=1e-9)
    assert float(parts["l2_b"]) == pytest.approx(0.09)


@settings(deadline=None, max_examples=20)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_total_is_the_weighted_sum(lambda_: float, gamma_ssim: float, gamma_l2: float) -> None:
    fused, a, b = images(3)
    total, parts = Similarity(lambda_, gamma_ssim, gamma_l2).loss((fused,), (a, b))
    ssim = gamma_ssim * parts["ssim_a"] + (1 - gamma_ssim) * parts["ssim_b"]
    l2 = gamma_l2 * parts["l2_a"] + (1 - gamma_l2) * parts["l2_b"]
    assert float(total) == pytest.approx(lambda_ * ssim + (1 - lambda_) * l2, abs=1e-9)
    swapped, _ = Similarity(lambda_, 1 - gamma_ssim, 1 - gamma_l2).loss((fused,), (b, a))
    assert float(total) == pytest.approx(float(swapped), abs=1e-9)


def test_gradient_agrees_with_finite_differences() -> None:
    fused, a, b = images(4, shape=(14, 13))
    loss = Similarity(0.7, 0.3, 0.6)
    fused.requires_grad_()
    total, _ = loss.loss((fused,), (a, b))
    (gradient,) = torch.autograd.grad(total, fused)
    random = np.random.default_rng(0)
    for _ in range(5):
        direction = torch.from_numpy(random.standard_normal(fused.shape))
        with torch.no_grad():
            ahead, behind = (loss.loss((fused + step * direction,), (a, b))[0] for step in (1e-5, -1e-5))
        assert float((ahead - behind) / 2e-5) == pytest.approx(float((gradient * direction).sum()), abs=1e-7)


@pytest.mark.parametrize("weights", [(1.2, 0.5, 0.5), (0.9, -0.1, 0.5), (0.9, 0.5, float("nan"))])
def test_weights_outside_the_unit_interval_are_refused(weights: tuple[float, float, float]) -> None:
    with pytest.raises(InputError, match=r"Expected the loss weight (lambda|gamma_ssim|gamma_l2) in \[0, 1\]"):
        Similarity(*weights)


def test_images_smaller_than_the_window_are_refused() -> None:
    with pytest.raises(InputError, match=r"at least 11x11 .* but got 20x10"):
        partial_losses(*images(5, shape=(10, 20)))
