"""QP: how much of the sources' features, found by phase congruency, the fused image keeps."""

from __future__ import annotations

import torch
from torch.nn.functional import pad

from fuselens.core.filters import gaussian, window_means
from fuselens.metrics.metric import APART, metric
from fuselens.metrics.parts.phase_congruency import phase_congruency

_WINDOW, _SIGMA = 11, 1.5
_FEATURE = 0.1  # phase congruency from which a pixel counts as a feature
_SOFTENING = 1e-4


@metric(
    title="QP",
    better="higher",
    bounds=(-1, 1),
    smallest=_WINDOW,
    reference="Zhao, Laganiere, Liu, Int. J. Innovative Computing, Information and Control 3, 2007",
    conventions={"mefb": APART},
)
def qp(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Product over three feature maps of the mean local correlation with a source; NaN where no source has features.

    At each feature the best counts of three correlations: with either source and with the stronger of both.
    """
    of_a, of_b, of_fused = (phase_congruency(image) for image in (a, b, fused))
    from_a = of_a.strength > of_b.strength
    features = (
        torch.stack((of_a.strength, of_b.strength, torch.maximum(of_a.strength, of_b.strength)), dim=1) > _FEATURE
    )
    quality = torch.ones_like(fused[:, 0, 0, 0])
    for in_a, in_b, in_fused in (
        (of_a.strength, of_b.strength, of_fused.strength),
        (of_a.edge, of_b.edge, of_fused.edge),
        (of_a.corner, of_b.corner, of_fused.corner),
    ):
        sources = torch.stack((in_a, in_b, torch.where(from_a, in_a, in_b)), dim=1) * features
        best = torch.where(features, _local_correlation(sources, in_fused[:, None]), 0).amax(dim=1)
        quality = quality * best.sum(dim=(-2, -1)) / features[:, 2].sum(dim=(-2, -1))
    return quality


def _local_correlation(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return the correlation of `[N, 3, H, W]` with `[N, 1, H, W]` in Gaussian windows, zeros beyond the border."""
    maps = torch.cat((x, y, x * x, y * y, x * y), dim=1)
    means = window_means(pad(maps, (_WINDOW // 2,) * 4), gaussian(_WINDOW, _SIGMA, x))
    mean_x, mean_y = means[:, :3], means[:, 3:4]
    variance_x, variance_y = means[:, 4:7] - mean_x**2, means[:, 7:8] - mean_y**2
    covariance = means[:, 8:] - mean_x * mean_y
    return (covariance + _SOFTENING) / ((variance_x * variance_y).abs().sqrt() + _SOFTENING)
