"""QS, QW and QE: Piella and Heijmans' family, similarity to whichever source is locally more salient."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from fuselens.core.filters import gaussian
from fuselens.core.ssim import K1, K2, SIGMA, WINDOW, similarity
from fuselens.metrics.metric import APART, metric
from fuselens.metrics.parts.gradients import magnitude
from fuselens.metrics.parts.windows import exact_moments

_REFERENCE = "Piella, Heijmans, IEEE Int. Conf. Image Processing, 2003"
_OVER = (1, 2, 3)


@metric(title="QS", better="higher", bounds=(-1, 1), smallest=WINDOW, reference=_REFERENCE)
def qs(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Mean over windows of the similarity to the sources, each by its share of the variance there."""
    similar, _ = _similarity_to_salient(a, b, fused)
    return similar.mean(dim=_OVER)


@metric(title="QW", better="higher", bounds=(-1, 1), smallest=WINDOW, reference=_REFERENCE)
def qw(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """QS with every window weighted by the larger of its sources' variances."""
    return _weighted(a, b, fused)


@metric(
    title="QE",
    better="higher",
    bounds=(-1, 1),
    smallest=WINDOW,
    reference=_REFERENCE,
    conventions={"mefb": f"named Qw there; {APART}"},
)
def qe(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """QW of the images' edges: magnitudes of Prewitt's gradient."""
    return _weighted(*(_edges(image) for image in (a, b, fused)))


def _weighted(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor) -> torch.Tensor:
    similar, salience = _similarity_to_salient(a, b, fused)
    return (salience * similar).sum(dim=_OVER) / salience.sum(dim=_OVER)


def _similarity_to_salient(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return per window the similarity to both sources by their shares of variance, and the larger variance."""
    moments = exact_moments(torch.stack((a, b)), fused, gaussian(WINDOW, SIGMA, fused))
    to_a, to_b = similarity(moments, (K1 * 255) ** 2, (K2 * 255) ** 2)
    variances = moments.variance_x.clamp_min(0)
    variances = torch.where(variances.sum(dim=0) == 0, 0.5, variances)  # both flat: equal shares, hardly any weight
    share = variances[0] / variances.sum(dim=0)
    return share * to_a + (1 - share) * to_b, variances.amax(dim=0)


def _edges(levels: torch.Tensor) -> torch.Tensor:
    """Return the magnitude of Prewitt's gradient, borders of zeros."""
    padded = F.pad(levels, (1, 1, 1, 1))
    rows = padded[..., :-2, :] + padded[..., 1:-1, :] + padded[..., 2:, :]
    columns = padded[..., :-2] + padded[..., 1:-1] + padded[..., 2:]
    return magnitude(rows[..., 2:] - rows[..., :-2], columns[..., 2:, :] - columns[..., :-2, :])
