"""How much the 3x3 windows of two feature images tell about each other, as FMI measures it.

Reference: Haghighat, Razian, "Fast-FMI: non-reference image fusion metric", AICT, 2014; joint distributions after
Nelsen, "Discrete bivariate distributions with given marginals and correlation", Communications in Statistics 16, 1987.
"""

from __future__ import annotations

import torch
from torch.nn import functional as F

_AT_ONCE = {"cpu": 1 << 11}  # windows whose tables of 9 x 9 stay in the cache
_AT_ONCE_ELSEWHERE = 1 << 17


def window_information(
    x: torch.Tensor, y: torch.Tensor, *, equal_flat: float | torch.Tensor = 1, lone: float = 0
) -> torch.Tensor:
    """Return the mean over all windows of 2 I / (H + H), one value an image of `[N, 1, H, W]`.

    Each window, stretched from its minimum to its maximum, is a distribution over its nine cells, which are numbered
    down the columns; a flat window is the uniform one. Equal windows count 1.

    Args:
        x, y: feature images of one shape.
        equal_flat: what equal windows count if they are flat, so that they say nothing; for all images, or `[N]`.
        lone: what two windows count if each has a single cell above its minimum, at different places: 0 / 0.
    """
    x, y = (image.transpose(-1, -2) for image in (x, y))  # rows of the cells are columns of the image
    of_flat = torch.as_tensor(equal_flat, dtype=x.dtype, device=x.device).view(-1, 1)
    rows = max(1, _AT_ONCE.get(x.device.type, _AT_ONCE_ELSEWHERE) // (len(x) * x.shape[-1]))
    total = x.new_zeros(len(x))
    for top in range(0, x.shape[-2] - 2, rows):
        cells_x, cells_y = (F.unfold(image[..., top : top + rows + 2, :], 3).movedim(1, 0) for image in (x, y))
        total += _information(cells_x, cells_y, of_flat, lone).sum(dim=1)
    return total / ((x.shape[-2] - 2) * (x.shape[-1] - 2))


def _information(x: torch.Tensor, y: torch.Tensor, equal_flat: torch.Tensor, lone: float) -> torch.Tensor:
    """Return the value of each window; cells `[9, N, L]` in, `[N, L]` out."""
    p, q = _distribution(x), _distribution(y)
    entropies = _entropy(p) + _entropy(q)
    shared = entropies - _joint_entropy(p, q)
    values = torch.where(entropies > 0, 2 * shared / entropies, lone)
    flat = (x == x[0]).all(dim=0)
    return torch.where((x == y).all(dim=0), torch.where(flat, equal_flat, 1), values)


def _distribution(cells: torch.Tensor) -> torch.Tensor:
    low, high = cells.aminmax(dim=0)
    above = torch.where(high > low, cells - low, 1)
    above = above / above.amax(dim=0)
    return above / above.sum(dim=0)


def _joint_entropy(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    """Return the entropy of Nelsen's joint distribution: between independence and the Frechet bound of their sign.

    Counting the cells of one window backwards turns a negative relation into a positive one, and the lower bound into
    the upper one, without changing the entropy.
    """
    correlation = _correlation(p, q)
    q = torch.where(correlation < 0, q.flip(0), q)
    until_p, until_q = (F.pad(shares.cumsum(dim=0), (0, 0, 0, 0, 1, 0)) for shares in (p, q))
    bound = torch.minimum(until_p[:, None], until_q)
    covariance = (bound - until_p[:, None] * until_q).sum(dim=(0, 1))  # by Hoeffding's formula
    reached = correlation.abs() * _spread(p) * _spread(q)
    weight = torch.where(covariance > 0, reached / covariance, 0)
    joint = weight * bound.diff(dim=0).diff(dim=1) + ((1 - weight) * p)[:, None] * q
    return _entropy(joint.flatten(0, 1))


def _correlation(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    p, q = p - 1 / len(p), q - 1 / len(q)
    norms = (p * p).sum(dim=0) * (q * q).sum(dim=0)
    return torch.where(norms > 0, (p * q).sum(dim=0) / norms.sqrt(), 0)


def _spread(p: torch.Tensor) -> torch.Tensor:
    """Return the standard deviation of the cell's number."""
    places = torch.arange(len(p), device=p.device, dtype=p.dtype).view(-1, 1, 1)
    return (p * (places - (places * p).sum(dim=0)) ** 2).sum(dim=0).sqrt()


def _entropy(shares: torch.Tensor) -> torch.Tensor:
    """Return -sum s log |s|: where Nelsen's weight exceeds 1, shares below 0 occur, and the field takes real parts."""
    return -(shares * shares.abs().clamp_min(torch.finfo(shares.dtype).tiny).log()).sum(dim=0)
