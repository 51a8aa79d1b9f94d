"""The feature images whose windows FMI compares: edges, cosine coefficients, wavelet coefficients.

References: Haghighat, Razian, "Fast-FMI: non-reference image fusion metric", AICT, 2014, for the choice; Daubechies,
"Ten Lectures on Wavelets", SIAM, 1992, section 4.2, for Meyer's wavelet.
"""

from __future__ import annotations

import math

import torch
from torch.nn import functional as F

from fuselens.metrics.parts.gradients import sobel

_REACH = 50  # taps of Meyer's filter on each side of the middle one
_FREQUENCIES = 1 << 14  # samples of its frequency response, many enough for taps exact to 1e-15


def strong_edges(levels: torch.Tensor) -> torch.Tensor:
    """Return 1 where Sobel's squared gradient exceeds four times its mean over the image, else 0; as `levels`."""
    return (_edge_energy(levels) > 0).to(levels)


def thin_edges(levels: torch.Tensor) -> torch.Tensor:
    """Return the strong edges that exceed both neighbours in their row, or both in their column."""
    energy = F.pad(_edge_energy(levels), (1, 1, 1, 1))
    middle = energy[..., 1:-1, 1:-1]
    in_row = middle > torch.maximum(energy[..., 1:-1, :-2], energy[..., 1:-1, 2:])
    in_column = middle > torch.maximum(energy[..., :-2, 1:-1], energy[..., 2:, 1:-1])
    return (in_row | in_column).to(levels)


def _edge_energy(levels: torch.Tensor) -> torch.Tensor:
    gx, gy = sobel(levels, "replicate")
    energy = gx * gx + gy * gy
    return energy * (energy > 4 * energy.mean(dim=(1, 2, 3), keepdim=True))


def cosine_coefficients(levels: torch.Tensor) -> torch.Tensor:
    """Return the orthonormal two-dimensional DCT-II of each image of `[N, 1, H, W]`."""
    height, width = levels.shape[-2:]
    return _transformed(levels, _cosines(height), _cosines(width))


def wavelet_coefficients(levels: torch.Tensor) -> torch.Tensor:
    """Return the four bands of one level of the discrete Meyer wavelet as the quarters of one image.

    Approximation and horizontal details stand above vertical and diagonal ones. Beyond its border each image is
    mirrored, border pixels repeated, which makes the bands together about 100 pixels larger than the image.
    """
    height, width = levels.shape[-2:]
    bands = _transformed(levels, _meyer_rows(height), _meyer_rows(width))
    height, width = bands.shape[-2:]
    return bands.view(-1, 1, 2, height // 2, 2, width // 2).transpose(2, 4).reshape(bands.shape)


def _transformed(levels: torch.Tensor, down: torch.Tensor, across: torch.Tensor) -> torch.Tensor:
    """Transform columns and rows; a constant goes apart, since rounding would make patterns of it."""
    corner = levels[..., :1, :1]
    constant = torch.outer(*(rows.sum(dim=1).round(decimals=12) for rows in (down, across)))
    down, across, constant = (matrix.to(levels) for matrix in (down, across, constant))
    return down @ (levels - corner) @ across.T + corner * constant


def _cosines(side: int) -> torch.Tensor:
    places = torch.arange(side, dtype=torch.float64)
    rows = torch.cos(math.pi / side * places[:, None] * (places + 0.5)) * math.sqrt(2 / side)
    rows[0] = math.sqrt(1 / side)
    return rows


def _meyer_rows(side: int) -> torch.Tensor:
    """Return low-pass rows centred on every even place, above high-pass rows on every odd one, `[M, side]`."""
    low = _meyer_taps()
    high = torch.where(torch.arange(-_REACH, _REACH + 1) % 2 == 0, -low, low)
    return torch.cat((_centred(low, side, first=-_REACH), _centred(high, side, first=1 - _REACH)))


def _centred(taps: torch.Tensor, side: int, first: int) -> torch.Tensor:
    centres = torch.arange(first, first + side + 2 * _REACH, 2)
    places = (centres[:, None] + torch.arange(-_REACH, _REACH + 1)) % (2 * side)
    mirrored = torch.minimum(places, 2 * side - 1 - places)
    return taps.new_zeros(len(centres), side).scatter_add(1, mirrored, taps.expand(len(centres), -1))


def _meyer_taps() -> torch.Tensor:
    """Return the 101 middle taps of Meyer's scaling filter, from its definition in the Fourier domain."""
    frequency = torch.fft.fftfreq(_FREQUENCIES, dtype=torch.float64).abs()
    x = (6 * frequency - 1).clamp(0, 1)
    step = x**4 * (35 - 84 * x + 70 * x**2 - 20 * x**3)
    taps = torch.fft.ifft(math.sqrt(2) * torch.cos(math.pi / 2 * step)).real
    return torch.cat((taps[-_REACH:], taps[: _REACH + 1]))
