"""QCV and QCB: the filters of the eye on waves, and both metrics rebuilt with scipy on odd sizes."""

from __future__ import annotations

from math import exp, pi

import numpy as np
import pytest
import torch
from scipy import fft, signal

from fuselens.metrics.parts.frequency import filtered
from fuselens.metrics.qcb import qcb
from fuselens.metrics.qcv import qcv

Image = np.ndarray
SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])


def eight_bit(seed: int, *size: int) -> torch.Tensor:
    return torch.randint(0, 256, size, generator=torch.Generator().manual_seed(seed)).double() / 255


def smooth(seed: int, height: int, width: int) -> torch.Tensor:
    """8-bit images with structure larger than the filters."""
    coarse = eight_bit(seed, 1, 1, 6, 7)
    image = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear")
    return (image * 255).round() / 255


def stretched(image: torch.Tensor) -> Image:
    levels = (image[0, 0] * 255).round().numpy()
    return np.floor((levels - levels.min()) * 255 / (levels.max() - levels.min()) + 0.5)


def cycles(shape: tuple[int, int]) -> Image:
    """Radial frequency in cycles per image, zero frequency in the middle."""
    v, u = np.meshgrid(*(np.arange(n) - n // 2 for n in shape), indexing="ij")
    return np.hypot(u, v)


def through(image: Image, response: Image) -> Image:
    return fft.ifft2(fft.ifftshift(fft.fftshift(fft.fft2(image)) * response)).real


@pytest.mark.parametrize(("height", "width", "down", "across"), [(24, 31, 3, 5), (17, 20, 8, 0), (16, 16, 0, 8)])
def test_filter_scales_a_wave_by_its_response(height: int, width: int, down: int, across: int) -> None:
    y, x = torch.meshgrid(torch.arange(height).double(), torch.arange(width).double(), indexing="ij")
    wave = torch.cos(2 * pi * (down * y / height + across * x / width))[None, None]
    gain = exp(-np.hypot(down, across) / 3)
    assert torch.allclose(filtered(wave + 7, lambda f: torch.exp(-f / 3)), gain * wave + 7)


def test_qcv_rebuilt() -> None:
    images = [eight_bit(k, 1, 1, 35, 50) for k in range(3)]
    a, b, f = map(stretched, images)
    r = cycles(a.shape) / 4
    response = 2.6 * (0.0192 + 0.144 * r) * np.exp(-((0.144 * r) ** 1.1))
    weighted = weights = 0.0
    for source in (a, b):
        gx, gy = (signal.convolve2d(source, k, "same") for k in (SOBEL, SOBEL.T))
        seen = through(source - f, response)
        for y in range(0, 35, 16):
            for x in range(0, 50, 16):
                region = np.s_[y : y + 16, x : x + 16]
                salience = (np.hypot(gx, gy)[region] ** 5).sum()
                weighted += salience * (seen[region] ** 2).sum() / 256
                weights += salience
    assert float(qcv(*images)) == pytest.approx(weighted / weights, rel=1e-10)


def test_qcb_rebuilt() -> None:
    images = [smooth(k, 35, 50) for k in range(3)]
    r = cycles((35, 50)) / 15
    response = np.exp(-((r / 15.387) ** 2)) - 0.7622 * np.exp(-((r / 1.3456) ** 2))
    y, x = np.mgrid[-15:16, -15:16]

    def blurred(image: Image, sigma: float) -> Image:
        return signal.convolve2d(image, np.exp(-(x**2 + y**2) / (2 * sigma**2)) / (2 * pi * sigma**2), "same")

    masked = []
    for image in images:
        seen = through(stretched(image), response)
        contrast = abs(blurred(seen, 2) / blurred(seen, 4) - 1)
        masked.append(contrast**3 / (contrast**2 + 1e-4))
    a, b, f = masked
    kept = [np.minimum(each, f) / np.maximum(each, f) for each in (a, b)]
    expected = ((a**2 * kept[0] + b**2 * kept[1]) / (a**2 + b**2)).mean()
    assert float(qcb(*images)) == pytest.approx(expected, rel=1e-9)


def test_identical_images() -> None:
    image = smooth(0, 33, 40)
    assert float(qcv(image, image, image)) == 0
    assert float(qcb(image, image, image)) == pytest.approx(1)


def test_a_linear_change_of_levels_is_not_seen() -> None:
    """All images are stretched to their full range first."""
    a, b, fused = (smooth(k, 33, 40) for k in range(3))
    fused = (fused * 255 - (fused * 255).min()).round() / 255
    halved = 0.2 + (fused * 255 * 2).round() / 255 / 4
    for metric in (qcv, qcb):
        assert float(metric(a, b, halved)) == pytest.approx(float(metric(a, b, fused)), rel=1e-6)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_constant_image_is_undefined(which: int) -> None:
    images = [smooth(k, 20, 20) for k in range(3)]
    images[which] = torch.full_like(images[which], 0.5)
    for metric in (qcv, qcb):
        assert metric(*images).isnan().all()


def test_black_backgrounds_score_alike_in_either_precision() -> None:
    images = [torch.nn.functional.pad(smooth(k, 40, 40), (60,) * 4) for k in range(3)]
    single = qcb(*(image.float() for image in images))
    assert single.dtype == torch.float32
    assert float(single) == pytest.approx(float(qcb(*images)), rel=1e-6)
