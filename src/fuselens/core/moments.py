"""Means, variances and covariances of two images in every window."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from fuselens.core.filters import window_means


@dataclass(frozen=True)
class LocalMoments:
    """Moments in every window, of references x `[R, N, 1, h, w]` and of the image y they share, `[1, N, 1, h, w]`."""

    mean_x: torch.Tensor
    mean_y: torch.Tensor
    variance_x: torch.Tensor
    variance_y: torch.Tensor
    covariance: torch.Tensor


def local_moments(references: torch.Tensor, image: torch.Tensor, weights: torch.Tensor) -> LocalMoments:
    """Return the moments of each of R references x with one image y, whose own moments are taken only once.

    Args:
        references: x, `[R, N, 1, H, W]`.
        image: y, `[N, 1, H, W]`.
        weights: of the window, `[K]`, with sum 1.
    """
    # Variances do not feel a constant, but their rounding errors do: they grow with the square of the level.
    level_x, level_y = _typical_level(references), _typical_level(image[None])
    x, y = references - level_x, image[None] - level_y
    mean_x, mean_y = window_means(x, weights), window_means(y, weights)
    return LocalMoments(
        mean_x + level_x,
        mean_y + level_y,
        _less_product(window_means(x * x, weights), mean_x, mean_x),
        _less_product(window_means(y * y, weights), mean_y, mean_y),
        _less_product(window_means(x * y, weights), mean_x, mean_y),
    )


def _less_product(minuend: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.addcmul(minuend, x, y, value=-1)


def _typical_level(images: torch.Tensor) -> torch.Tensor:
    """Return a level that many pixels have, `[R, N, 1, 1, 1]`: about the median, so that a large background is 0."""
    some = images.detach()[..., ::8, ::8].flatten(-2).sort(dim=-1).values
    return some[..., some.shape[-1] // 2, None, None]
