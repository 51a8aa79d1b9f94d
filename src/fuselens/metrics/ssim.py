"""SSIM: how similar the fused image is to its sources in brightness, contrast and structure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch.nn import functional as F

from fuselens.core.filters import gaussian, uniform
from fuselens.core.moments import LocalMoments, local_moments
from fuselens.core.ssim import K1, K2, SIGMA, WINDOW, similarity
from fuselens.metrics.metric import APART, CANONICAL, metric


@dataclass(frozen=True)
class Reading:
    """How a code reads SSIM.

    Attributes:
        differs: in words, from the canonical reading.
        window: `"gaussian"` 11x11 sigma 1.5, or `"uniform"` 7x7 with the sample covariance.
        peak: L of the constants (K L)^2, in grey levels.
        border: full windows only, or the image continued by zeros or by its mirror image.
        combined: over the two sources.
    """

    differs: str = ""
    window: Literal["gaussian", "uniform"] = "gaussian"
    peak: float = 255
    border: Literal["valid", "zero", "reflect"] = "valid"
    combined: Literal["mean", "sum"] = "mean"


_MODES = {"zero": "constant", "reflect": "reflect"}
READINGS = {
    CANONICAL: Reading(),
    "cddfuse": Reading(
        "sum of the two; uniform 7x7; constants for a range of 2, which vanish", "uniform", 2, combined="sum"
    ),
    "cslib": Reading("mirrored border, full size", border="reflect"),
    "diffif": Reading("sum of the two; border of zeros, full size", border="zero", combined="sum"),
    "film": Reading("sum of the two; uniform 7x7", "uniform", combined="sum"),
    "ivifzoo": Reading("sum of the two; levels times 255 once more, so the constants vanish", peak=1, combined="sum"),
    "uniform7_mean_l2": Reading("half of cddfuse: the papers' mean with vanishing constants", "uniform", 2),
    "uniform7_mean_l255": Reading("half of film: uniform 7x7", "uniform"),
    "vifb": Reading(f"sum of the two; {APART}", combined="sum"),
}


@metric(
    title="SSIM",
    better="higher",
    bounds=(-1, 1),
    smallest=WINDOW,
    differentiable=True,
    reference="Wang, Bovik, Sheikh, Simoncelli, IEEE Trans. Image Processing 13(4), 2004",
    conventions={name: reading.differs for name, reading in READINGS.items() if name != CANONICAL},
)
def ssim(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Mean over both sources of the mean SSIM with the fused image."""
    reading = READINGS[convention]
    values = source_ssim(torch.stack((a, b)), fused, reading)
    return values.mean(dim=0) if reading.combined == "mean" else values.sum(dim=0)


def source_ssim(references: torch.Tensor, fused: torch.Tensor, reading: Reading) -> torch.Tensor:
    """Return the SSIM of the fused image `[N, 1, H, W]` with each of R references `[R, N, 1, H, W]`, `[R, N]`."""
    size = WINDOW if reading.window == "gaussian" else 7
    weights = gaussian(WINDOW, SIGMA, fused) if reading.window == "gaussian" else uniform(size, fused)
    if reading.border != "valid":
        references, fused = (_continued(image, size // 2, reading.border) for image in (references, fused))
    moments = local_moments(references, fused, weights)
    if reading.window == "uniform":
        moments = _sampled(moments, size * size)
    c1, c2 = (K1 * reading.peak) ** 2, (K2 * reading.peak) ** 2
    return similarity(moments, c1, c2).mean(dim=(-3, -2, -1))


def _continued(images: torch.Tensor, width: int, border: Literal["zero", "reflect"]) -> torch.Tensor:
    padded = F.pad(images.flatten(0, -4), (width,) * 4, mode=_MODES[border])
    return padded.view(*images.shape[:-2], *padded.shape[-2:])


def _sampled(moments: LocalMoments, count: int) -> LocalMoments:
    """Divide by one less than the number of pixels, as the sample covariance does."""
    factor = count / (count - 1)
    return LocalMoments(
        moments.mean_x,
        moments.mean_y,
        moments.variance_x * factor,
        moments.variance_y * factor,
        moments.covariance * factor,
    )
