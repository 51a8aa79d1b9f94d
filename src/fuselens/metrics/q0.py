"""Q0: Wang and Bovik's universal image quality index between the fused image and its sources."""

from __future__ import annotations

import torch

from fuselens.core.filters import uniform
from fuselens.metrics.metric import metric
from fuselens.metrics.parts.windows import exact_moments

WINDOW = 8


@metric(
    title="Q0",
    better="higher",
    bounds=(-1, 1),
    smallest=WINDOW,
    reference="Wang, Bovik, IEEE Signal Processing Letters 9(3), 2002",
)
def q0(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Mean over both sources of the universal quality index: SSIM without constants, in 8x8 windows."""
    return source_q0(torch.stack((a, b)), fused).mean(dim=0)


def source_q0(references: torch.Tensor, fused: torch.Tensor) -> torch.Tensor:
    """Return the index of the fused image `[N, 1, H, W]` with each of R references `[R, N, 1, H, W]`, `[R, N]`."""
    moments = exact_moments(references, fused, uniform(WINDOW, fused))
    x, y = moments.mean_x, moments.mean_y
    variances, squares = moments.variance_x + moments.variance_y, x * x + y * y
    means = torch.where(squares > 0, 2 * x * y / squares, 1)
    return torch.where(variances > 0, 2 * moments.covariance / variances * means, means).mean(dim=(-3, -2, -1))
