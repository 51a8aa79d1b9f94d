"""Moments of windows by their definition, window by window in numpy: slow, and nothing of ours in it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view


class Moments(NamedTuple):
    mean_x: np.ndarray
    mean_y: np.ndarray
    variance_x: np.ndarray
    variance_y: np.ndarray
    covariance: np.ndarray


def gaussian(side: int, sigma: float) -> np.ndarray:
    places = np.arange(side) - (side - 1) / 2
    window = np.exp(-(places[:, None] ** 2 + places**2) / (2 * sigma**2))
    return window / window.sum()


def uniform(side: int) -> np.ndarray:
    return np.full((side, side), 1 / side**2)


def means(image: np.ndarray, window: np.ndarray) -> np.ndarray:
    return (sliding_window_view(image, window.shape) * window).sum(axis=(2, 3))


def moments(x: np.ndarray, y: np.ndarray, window: np.ndarray) -> Moments:
    mean_x, mean_y = means(x, window), means(y, window)
    u = sliding_window_view(x, window.shape) - mean_x[..., None, None]
    v = sliding_window_view(y, window.shape) - mean_y[..., None, None]
    return Moments(mean_x, mean_y, *((each * window).sum(axis=(2, 3)) for each in (u * u, v * v, u * v)))


def ssim(m: Moments, c1: float, c2: float) -> np.ndarray:
    luminance = (2 * m.mean_x * m.mean_y + c1) / (m.mean_x**2 + m.mean_y**2 + c1)
    return luminance * (2 * m.covariance + c2) / (m.variance_x + m.variance_y + c2)


def natural(seed: int, height: int, width: int) -> list[torch.Tensor]:
    """Return two sources and a fused image, `[1, 1, H, W]` in `[0, 1]`: noise, smooth and sharp; 8-bit levels."""
    random = np.random.default_rng(seed)
    rough, other = (
        means(random.random((height + 4, width + 4)), uniform(5)) * 2 - 0.5 + 0.2 * random.random((height, width))
        for _ in range(2)
    )
    fused = 0.5 * rough + 0.4 * other + 0.05 * random.random((height, width))
    images = (np.clip(each, 0, 1) for each in (rough, other, fused))
    return [torch.from_numpy(np.round(each * 255) / 255)[None, None] for each in images]


def to_levels(image: torch.Tensor) -> np.ndarray:
    return np.round(image[0, 0].numpy() * 255)
