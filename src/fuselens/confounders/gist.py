"""GIST: what kind of scene an image shows, told by the strength of its edges in each direction, size and place.

No weights, so it works anywhere. Reference: Oliva and Torralba, "Modeling the shape of the scene: a holistic
representation of the spatial envelope", IJCV 42(3), 2001: energies of oriented band-pass filters, averaged over a grid.
Ours: log-Gabor filters (Field, "Relations between the statistics of natural images and the response properties of
cortical cells", JOSA A 4(12), 1987), the image in its own proportions, and the mean brightness of each cell, since day
and night are scenes too.
"""

from __future__ import annotations

from functools import lru_cache
from math import log, pi

import torch
from torch.nn.functional import adaptive_avg_pool2d, interpolate, pad

from fuselens.confounders.features import Backbone, refuse_weights

SCALES, ORIENTATIONS, CELLS = 4, 8, 4
LENGTH = (SCALES * ORIENTATIONS + 1) * CELLS**2
SHORTEST = 4.0  # wavelength of the finest filter in pixels; each coarser one is an octave longer
_SIDE, _LONGEST = 128, 512  # pixels that the shorter side is brought to, and at most those of the longer one
_FRAME = 32  # pixels of mirror image all round, since the Fourier transform joins opposite borders
_BANDWIDTH = 0.65  # standard deviation of a filter's frequency over its centre frequency: octaves overlap
_SPREAD = pi / ORIENTATIONS / 1.3  # standard deviation of a filter's orientation
_SLOWEST = 1 / 32  # cycles per pixel at which half of the illumination is taken away
_LEAST_CONTRAST = 0.2  # below it, contrast is not raised: noise of flat places stays small


def gist(image: torch.Tensor) -> torch.Tensor:
    """Describe the scene of an image.

    Args:
        image: `[1, 1, H, W]` in `[0, 1]`, of any size.

    Returns:
        `[528]`: the mean amplitude of each filter in each cell, `[SCALES, ORIENTATIONS, CELLS, CELLS]` from the finest
        filter to the coarsest and from upright edges on, then the mean brightness of each cell, `[CELLS, CELLS]`.
    """
    scale = _SIDE / min(image.shape[-2:])
    size = tuple(min(_LONGEST, max(_SIDE, round(scale * side))) for side in image.shape[-2:])
    small = interpolate(image, size=size, mode="bilinear", antialias=True, align_corners=False)
    spectrum = torch.fft.fft2(_even_contrast(pad(small, (_FRAME,) * 4, mode="reflect"))[0])
    waves = torch.fft.ifft2(spectrum * _bank(*spectrum.shape[-2:]).to(spectrum))[:, _FRAME:-_FRAME, _FRAME:-_FRAME]
    energies = adaptive_avg_pool2d(torch.hypot(waves.real, waves.imag), CELLS)  # thrice as fast as abs()
    return torch.cat([energies.flatten(), adaptive_avg_pool2d(small, CELLS).flatten()])


def _even_contrast(image: torch.Tensor) -> torch.Tensor:
    """Take the slow illumination away, and divide by the local contrast."""
    slow = _slow(*image.shape[-2:]).to(image)
    details = image - _filtered(image, slow)
    return details / (_LEAST_CONTRAST + _filtered(details**2, slow).clamp(min=0).sqrt())


def _filtered(image: torch.Tensor, response: torch.Tensor) -> torch.Tensor:
    filtered: torch.Tensor = torch.fft.ifft2(torch.fft.fft2(image) * response).real
    return filtered


@lru_cache(maxsize=2)
def _slow(height: int, width: int) -> torch.Tensor:
    radius, _ = _polar(height, width)
    return torch.exp(-log(2) * (radius / _SLOWEST) ** 2)


@lru_cache(maxsize=2)
def _bank(height: int, width: int) -> torch.Tensor:
    """Return the filters in the frequency plane, `[SCALES * ORIENTATIONS, height, width]`.

    Each has one lobe only, so the modulus of what it lets through is the amplitude of a wave, whatever its phase; a
    wave of amplitude 1 at the filter's centre gives 1.
    """
    radius, angle = _polar(height, width)
    wavelengths = (SHORTEST * 2.0 ** torch.arange(SCALES))[:, None, None]
    radial = 2 * torch.exp(-((radius.clamp(min=1e-9) * wavelengths).log() ** 2) / (2 * log(_BANDWIDTH) ** 2))
    turned = angle - (torch.arange(ORIENTATIONS) * pi / ORIENTATIONS)[:, None, None]
    apart = torch.atan2(turned.sin(), turned.cos())
    return (radial[:, None] * torch.exp(-(apart**2) / (2 * _SPREAD**2))).flatten(0, 1)


def _polar(height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the frequency plane in cycles per pixel and its angle, each `[height, width]`."""
    down, across = torch.fft.fftfreq(height)[:, None], torch.fft.fftfreq(width)[None]
    return torch.hypot(down, across), torch.atan2(down.expand(height, width), across.expand(height, width))


def gist_backbone(weights: str | None, device: torch.device) -> Backbone:
    """Return GIST as a backbone; it has no weights."""
    refuse_weights("gist", weights)
    return Backbone("gist", gist, gist)
