"""Local moments on grey levels that are exactly 0 in flat windows, for metrics that divide by them."""

from __future__ import annotations

import torch

from fuselens.core.filters import uniform, window_means
from fuselens.core.moments import LocalMoments, local_moments


def exact_moments(references: torch.Tensor, image: torch.Tensor, weights: torch.Tensor) -> LocalMoments:
    """Return `local_moments` with variances and covariances of 0, not of rounding noise, where an image is flat."""
    moments = local_moments(references, image, weights)
    flat_x, flat_y = (flat_windows(each, len(weights)) for each in (references, image[None]))
    return LocalMoments(
        moments.mean_x,
        moments.mean_y,
        torch.where(flat_x, 0, moments.variance_x),
        torch.where(flat_y, 0, moments.variance_y),
        torch.where(flat_x | flat_y, 0, moments.covariance),
    )


def flat_windows(images: torch.Tensor, side: int) -> torch.Tensor:
    """Return in which full windows of `[..., H, W]` all pixels have one value, `[..., H - side + 1, W - side + 1]`."""
    corner = images[..., :-1, :-1]
    right, below, opposite = images[..., :-1, 1:], images[..., 1:, :-1], images[..., 1:, 1:]
    changes = (corner != right) | (corner != below) | (corner != opposite)  # in each square of 2x2
    return window_means(changes.to(images.dtype), uniform(side - 1, images)) < 0.5 / (side - 1) ** 2
