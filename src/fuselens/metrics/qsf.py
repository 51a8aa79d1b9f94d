"""QSF: by how much the fused image is more, or less, active than the strongest differences of its sources."""

from __future__ import annotations

import torch

from fuselens.metrics.metric import metric

_WEIGHTS = (1.0, 1.0, 2**-0.5, 2**-0.5)  # of squared differences: diagonal neighbours are further apart


@metric(
    title="QSF",
    better="zero",
    bounds=(-1, None),
    differentiable=True,
    reference="Zheng, Essock, Hansen, Haun, Information Fusion 8, 177, 2007",
)
def qsf(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Relative error of the fused image's spatial frequency, diagonals included.

    The reference has the larger difference of both sources at each pixel and in each direction. Below 0 the fused
    image lost detail, above 0 it gained some, such as noise. Not finite where both sources are constant.
    """
    strongest = (torch.maximum(x.abs(), y.abs()) for x, y in zip(_steps(a), _steps(b), strict=True))
    ideal = _frequency(*strongest)
    return _frequency(*_steps(fused)) / ideal - 1


def _steps(image: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Differences to the right, below, below right and below left."""
    upper, lower = image[..., :-1, :], image[..., 1:, :]
    return (
        image[..., 1:] - image[..., :-1],
        lower - upper,
        lower[..., 1:] - upper[..., :-1],
        lower[..., :-1] - upper[..., 1:],
    )


def _frequency(*steps: torch.Tensor) -> torch.Tensor:
    """Root of the weighted sum of squares; the number of pixels cancels out."""
    squares = [weight * step.square().flatten(1).sum(dim=1) for weight, step in zip(_WEIGHTS, steps, strict=True)]
    return torch.stack(squares).sum(dim=0).sqrt()
