"""Fills: what replaces the pixels that an explanation hides. Each is a function of a source, computed once.

A fill that makes edges of its own (black) makes scores fall when more is shown; the blur does not, which is why it is
the default. References: Ribeiro et al., KDD 2016 (segment mean); Fong and Vedaldi, ICCV 2017 (blur).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from scipy.ndimage import gaussian_filter

from fuselens.core.errors import InputError, UnknownNameError

BLUR_AT_256 = 5.0  # sigma in pixels for an image whose shorter side has 256
Fill = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def make_fill(how: str, *, seed: int = 0) -> Fill:
    """Return a fill: a function of (source, other source, unit labels), all `[H, W]`, that returns `[H, W]`.

    Args:
        how: `"blur"` (sigma 5 at 256 pixels, scaled with the image) or `"blur:SIGMA"`, `"mean"` (of the image),
            `"segment_mean"`, `"black"`, `"value:V"` (such as a data set's mean), `"noise"` (uniform), `"other"` (the
            other sensor's pixels).
        seed: of the noise.

    Raises:
        UnknownNameError: no such fill.
        InputError: a number that cannot be.
    """
    kind, _, number = how.partition(":")
    if kind not in FILLS:
        raise UnknownNameError("fill", kind, FILLS)
    if number and kind not in ("blur", "value"):
        raise InputError(f"The fill '{kind}' takes no number but got '{how}'.")
    value = _number(how, number)
    if kind == "value" and not (number and 0 <= value <= 1):
        raise InputError(f"Expected a fill like value:0.3 with a number from 0 to 1 but got '{how}'.")
    return lambda source, other, labels: FILLS[kind](source, other, labels, value, seed)


def usual_sigma(image: torch.Tensor) -> float:
    """Return the blur's sigma in pixels where none is given: in proportion to the shorter side of `[H, W]`."""
    return BLUR_AT_256 * min(image.shape) / 256


def blurred(image: torch.Tensor, sigma: float) -> torch.Tensor:
    """Return `[H, W]` under a Gaussian of `sigma` pixels, the border mirrored, which keeps the mean."""
    return torch.from_numpy(gaussian_filter(image.cpu().numpy(), sigma)).to(image)


def _number(how: str, text: str) -> float:
    try:
        value = float(text or 0)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise InputError(f"Expected a number of at least 0 in the fill '{how}'.")
    return value


def _blur(source: torch.Tensor, _o: torch.Tensor, _l: torch.Tensor, sigma: float, _s: int) -> torch.Tensor:
    return blurred(source, sigma or usual_sigma(source))


def _mean(source: torch.Tensor, _o: torch.Tensor, _l: torch.Tensor, _v: float, _s: int) -> torch.Tensor:
    return torch.full_like(source, float(source.mean()))


def _segment_mean(source: torch.Tensor, _o: torch.Tensor, labels: torch.Tensor, _v: float, _s: int) -> torch.Tensor:
    flat = (labels - labels.min()).flatten().to(source.device)
    total = torch.bincount(flat, weights=source.flatten().double())
    means = total / torch.bincount(flat).clamp(min=1)
    return means[flat].view_as(source).to(source)


def _black(source: torch.Tensor, _o: torch.Tensor, _l: torch.Tensor, _v: float, _s: int) -> torch.Tensor:
    return torch.zeros_like(source)


def _value(source: torch.Tensor, _o: torch.Tensor, _l: torch.Tensor, value: float, _s: int) -> torch.Tensor:
    return torch.full_like(source, value)


def _noise(source: torch.Tensor, _o: torch.Tensor, _l: torch.Tensor, _v: float, seed: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random(tuple(source.shape))).to(source)


def _other(_: torch.Tensor, other: torch.Tensor, _l: torch.Tensor, _v: float, _s: int) -> torch.Tensor:
    return other.clone()


FILLS: dict[str, Callable[[torch.Tensor, torch.Tensor, torch.Tensor, float, int], torch.Tensor]] = {
    "black": _black,
    "blur": _blur,
    "mean": _mean,
    "noise": _noise,
    "other": _other,
    "segment_mean": _segment_mean,
    "value": _value,
}
