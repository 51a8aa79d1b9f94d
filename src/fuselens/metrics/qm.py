"""QM: how closely the fused image follows the sources' wavelet details."""

from __future__ import annotations

import torch

from fuselens.metrics.metric import metric

_POWERS = (2 / 3, 1 / 3)  # of the fine and of the coarse level


@metric(
    title="QM",
    better="higher",
    bounds=(0, 3),
    smallest=4,
    reference="Wang, Liu, Int. Conf. Signal Processing, 2008",
)
def qm(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Exponential of minus the differences of Haar coefficients, weighted by the sources' energy, over two levels.

    A last row or column that has no partner is left out.
    """
    quality = torch.ones_like(fused[:, 0, 0, 0])
    for power in _POWERS:
        (a, of_a), (b, of_b), (fused, of_fused) = _haar(a), _haar(b), _haar(fused)
        energy_a, energy_b = (of_a**2).sum(dim=1), (of_b**2).sum(dim=1)
        follows_a, follows_b = ((-(each - of_fused).abs()).exp().sum(dim=1) for each in (of_a, of_b))
        followed = (follows_a * energy_a + follows_b * energy_b).flatten(1).sum(dim=1)
        quality = quality * (followed / (energy_a + energy_b).flatten(1).sum(dim=1)) ** power
    return quality


def _haar(image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the coarse image `[N, 1, H // 2, W // 2]` and its three detail bands `[N, 3, H // 2, W // 2]`."""
    even = image[..., : image.shape[-2] // 2 * 2, : image.shape[-1] // 2 * 2]
    top, bottom = even[..., ::2, :], even[..., 1::2, :]
    above, below = top + bottom, top - bottom
    low, vertical = above[..., ::2] + above[..., 1::2], below[..., ::2] + below[..., 1::2]
    horizontal, diagonal = above[..., ::2] - above[..., 1::2], below[..., ::2] - below[..., 1::2]
    return low / 2, torch.cat((horizontal, vertical, diagonal), dim=1) / 2
