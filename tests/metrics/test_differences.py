"""SD, MSE, RMSE and PSNR: against numpy and between each other."""

from __future__ import annotations

from math import inf, log10, sqrt

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fuselens.metrics import METRICS


def levels(seed: int, height: int, width: int) -> list[torch.Tensor]:
    random = np.random.default_rng(seed)
    return [torch.from_numpy(random.integers(0, 256, (1, 1, height, width)).astype(np.float64)) for _ in range(3)]


def score(name: str, *images: torch.Tensor, convention: str = "canonical") -> float:
    return float(METRICS[name](*(image / 255 for image in images), convention=convention))


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.integers(2, 9), st.integers(2, 9))
def test_definitions(seed: int, height: int, width: int) -> None:
    a, b, fused = levels(seed, height, width)
    x, y, f = (image.numpy() for image in (a, b, fused))
    errors = ((x - f) ** 2).mean(), ((y - f) ** 2).mean()
    mse = sum(errors) / 2
    assert score("sd", fused) == pytest.approx(f.std())
    assert score("sd", fused, convention="rfnnest") == pytest.approx(sqrt(((f - f.mean()) ** 2).sum()) / 255)
    assert score("mse", a, b, fused) == pytest.approx(mse)
    assert score("mse", a, b, fused, convention="linfeng") == pytest.approx(mse / 255**2)
    assert score("rmse", a, b, fused) == pytest.approx(sqrt(mse))
    assert score("psnr", a, b, fused) == pytest.approx(10 * log10(255**2 / mse))
    assert score("psnr", a, b, fused, convention="cddfuse") == pytest.approx(10 * log10(f.max() ** 2 / mse))
    no_mean = sum(sqrt(error / f.size) for error in errors) / 2
    assert score("rmse", a, b, fused, convention="vifb") == pytest.approx(no_mean)
    assert score("psnr", a, b, fused, convention="vifb") == pytest.approx(10 * log10(255**2 / no_mean))


def test_two_ranges_add_48_decibels() -> None:
    images = levels(0, 6, 7)
    shift = score("psnr", *images, convention="ivifzoo") - score("psnr", *images)
    assert shift == pytest.approx(48.1308, abs=1e-4)


def test_identical_images() -> None:
    image, _, _ = levels(1, 6, 7)
    assert score("mse", image, image, image) == 0
    for convention in METRICS["psnr"].conventions:
        assert score("psnr", image, image, image, convention=convention) == inf


def test_a_constant_image_has_no_contrast_whatever_its_level() -> None:
    flat = torch.full((1, 1, 97, 101), 0.3)
    assert METRICS["sd"](flat).item() == 0


def test_half_black_half_white_has_the_most_contrast() -> None:
    assert METRICS["sd"](torch.tensor([0.0, 1.0]).repeat(1, 1, 4, 4)).item() == METRICS["sd"].bounds[1]


def test_sd_in_float32_is_accurate_on_a_bright_ground() -> None:
    image = 0.95 + levels(2, 64, 80)[0] / 255 * 0.004
    assert METRICS["sd"](image.float()).item() == pytest.approx(METRICS["sd"](image).item(), rel=1e-3)
