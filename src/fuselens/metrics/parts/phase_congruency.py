"""Phase congruency: edges and corners as the points where waves of all lengths are in phase, whatever the contrast.

Reference: Kovesi, "Image features from phase congruency", Videre 1(3), 1999, and "Phase congruency detects corners and
edges", DICTA 2003. The sizes of filters and thresholds, and the quirks of grids and moments marked below, are those of
the version that the metrics of fused images are computed with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, log, pi, sin, sqrt

import torch

SCALES, ORIENTATIONS = 4, 6
_SHORTEST, _FACTOR = 3, 2.1  # wavelength of the finest filter in pixels; from each filter to the next coarser one
_BANDWIDTH = 0.55  # standard deviation of a log-Gabor filter over its centre frequency
_SPREAD = pi / ORIENTATIONS / 1.2  # standard deviation of a filter's orientation
_NOISE_DEVIATIONS, _NOISE_SCALE = 2.0, 1 / 1.7
_WIDTH_CENTRE, _WIDTH_SLOPE = 0.5, 10
_TINY = 1e-4


@dataclass(frozen=True)
class PhaseCongruency:
    """Feature maps, each `[N, H, W]`.

    Attributes:
        strength: phase congruency over all orientations, 0..1.
        edge: the largest moment of phase congruency over orientation.
        corner: the smallest one.
    """

    strength: torch.Tensor
    edge: torch.Tensor
    corner: torch.Tensor


def phase_congruency(levels: torch.Tensor) -> PhaseCongruency:
    """Return the phase congruency of images `[N, 1, H, W]` in levels 0..255; 0 where an image is constant."""
    images = levels[:, 0] - levels[:, 0, :1, :1]  # exactly 0 if constant
    spectrum = torch.fft.fft2(images - images.mean(dim=(-2, -1), keepdim=True))[:, None]
    energy, amplitude, xx, yy, xy = (torch.zeros_like(images) for _ in range(5))
    for orientation, bank in enumerate(_log_gabor_banks(images)):
        found, sum_of_amplitudes = _energy(torch.fft.ifft2(spectrum * bank), bank)
        energy, amplitude = energy + found, amplitude + sum_of_amplitudes
        congruent = torch.where(sum_of_amplitudes > 0, found / sum_of_amplitudes, 0) ** 2
        x, y = cos(orientation * pi / ORIENTATIONS), sin(orientation * pi / ORIENTATIONS)
        xx, yy, xy = xx + x * x * congruent, yy + y * y * congruent, xy + x * y * congruent
    # Quirk: the mixed moment has a quarter of its due weight.
    xx, yy, xy = xx / (ORIENTATIONS / 2), yy / (ORIENTATIONS / 2), xy / ORIENTATIONS
    difference = torch.hypot(xy, xx - yy) + _TINY
    return PhaseCongruency(energy / (amplitude + _TINY), (xx + yy + difference) / 2, (xx + yy - difference) / 2)


def _energy(responses: torch.Tensor, bank: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return of complex responses `[N, SCALES, H, W]` the energy in phase above noise, and the sum of amplitudes."""
    amplitudes = responses.abs()
    total = responses.sum(dim=1, keepdim=True)
    turned = responses * (total / (total.abs() + _TINY)).conj()
    in_phase = (turned.real - turned.imag.abs()).sum(dim=1)
    sum_of_amplitudes = amplitudes.sum(dim=1)
    width = sum_of_amplitudes / (amplitudes.amax(dim=1) + _TINY) / SCALES
    above_noise = (in_phase - _noise(amplitudes[:, 0], bank)).clamp(min=0)
    return above_noise * torch.sigmoid(_WIDTH_SLOPE * (width - _WIDTH_CENTRE)), sum_of_amplitudes


def _noise(finest: torch.Tensor, bank: torch.Tensor) -> torch.Tensor:
    """Return the energy `[N, 1, 1]` that noise may reach, from the median amplitude of the finest filter.

    Of noise through the bank, the even parts of the filters add up in amplitude; by Parseval's theorem their summed
    squares are taken in the frequency plane.
    """
    power = _median(finest.flatten(1)) ** 2 / log(2) / (bank[0] ** 2).sum()
    whole = bank.sum(dim=0)
    even = (whole + whole.flip(0, 1).roll((1, 1), (0, 1))) / 2
    rayleigh = (power * (even**2).sum()).sqrt()
    threshold = rayleigh * (sqrt(pi / 2) + _NOISE_DEVIATIONS * sqrt(2 - pi / 2)) * _NOISE_SCALE
    return threshold[:, None, None]


def _median(values: torch.Tensor) -> torch.Tensor:
    """Return the median of each row, between the two middle values where the count is even."""
    count = values.shape[1]
    lower, upper = (torch.kthvalue(values, k, dim=1).values for k in ((count + 1) // 2, count // 2 + 1))
    return (lower + upper) / 2


def _log_gabor_banks(like: torch.Tensor) -> Iterator[torch.Tensor]:
    """Yield for each orientation the responses of its filters in the frequency plane, `[SCALES, H, W]`."""
    down, across = (_frequencies(side, like) for side in like.shape[-2:])
    radius = torch.hypot(down[:, None], across)
    radius[0, 0] = 1
    wavelengths = like.new_tensor([_SHORTEST * _FACTOR**scale for scale in range(SCALES)])[:, None, None]
    radial = torch.exp(-((radius * wavelengths).log() ** 2) / (2 * log(_BANDWIDTH) ** 2))
    radial = radial * _low_pass(like)
    radial[:, 0, 0] = 0
    angle = torch.atan2(-down[:, None], across)
    for orientation in range(ORIENTATIONS):
        apart = angle - orientation * pi / ORIENTATIONS
        apart = torch.atan2(apart.sin(), apart.cos())
        yield radial * torch.exp(-(apart**2) / (2 * _SPREAD**2))


def _frequencies(side: int, like: torch.Tensor) -> torch.Tensor:
    """Return cycles per pixel; quirk: of an odd side they are stretched to reach a half."""
    counted: torch.Tensor = torch.fft.fftfreq(side, 1 / side, dtype=like.dtype, device=like.device)
    return counted / (side - side % 2)


def _low_pass(like: torch.Tensor) -> torch.Tensor:
    """Return a Butterworth filter that leaves out the corners of the plane; quirk: shifted by one on odd sides."""
    down, across = (
        torch.fft.fftfreq(side, dtype=like.dtype, device=like.device).roll(-(side % 2)) for side in like.shape[-2:]
    )
    return 1 / (1 + (torch.hypot(down[:, None], across) / 0.45) ** 30)
