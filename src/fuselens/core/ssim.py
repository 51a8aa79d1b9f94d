"""The structural similarity map (Wang et al. 2004), Gaussian window 11, sigma 1.5, K1 0.01, K2 0.03.

Separable, all moments in one pass: about a hundred times faster on CPUs than the common two-dimensional form, which
is what makes it fit for losses and targets.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch.nn.functional import pad

from fuselens.core.errors import InputError
from fuselens.core.filters import gaussian
from fuselens.core.moments import LocalMoments, local_moments

WINDOW = 11
SIGMA = 1.5
K1, K2 = 0.01, 0.03
C1, C2 = K1**2, K2**2


def ssim_map(x: torch.Tensor, y: torch.Tensor, *, padding: Literal["valid", "reflect"] = "valid") -> torch.Tensor:
    """Return the SSIM of two batches `[N, 1, H, W]` in `[0, 1]`, one value a window.

    Args:
        x, y: images.
        padding: `"valid"`: `[N, 1, H - 10, W - 10]`, full windows only. `"reflect"`: `[N, 1, H, W]`, so the map can
            be read at any pixel.

    Raises:
        InputError: images of different shape, or smaller than the window.
    """
    if x.shape != y.shape:
        raise InputError(f"Expected two batches of one shape for SSIM but got {tuple(x.shape)} and {tuple(y.shape)}.")
    least = WINDOW if padding == "valid" else WINDOW // 2 + 1  # what a mirror needs
    if min(x.shape[-2:]) < least:
        raise InputError(
            f"Expected images of at least {least}x{least} for SSIM but got {x.shape[-1]}x{x.shape[-2]}; "
            "use larger images or crops."
        )
    if padding == "reflect":
        x, y = (pad(image, (WINDOW // 2,) * 4, mode="reflect") for image in (x, y))
    return similarity(local_moments(x[None], y, gaussian(WINDOW, SIGMA, x)), C1, C2)[0]


def similarity(moments: LocalMoments, c1: float, c2: float) -> torch.Tensor:
    """Return the SSIM in every window: the likeness of means times that of contrast and structure."""
    return likeness_of_means(moments, c1) * likeness_of_structure(moments, c2)


def likeness_of_means(moments: LocalMoments, c1: float) -> torch.Tensor:
    """Return SSIM's first factor, luminance."""
    x, y = moments.mean_x, moments.mean_y
    return (2 * x * y + c1) / (x**2 + y**2 + c1)


def likeness_of_structure(moments: LocalMoments, c2: float) -> torch.Tensor:
    """Return SSIM's second factor, contrast and structure together."""
    return (2 * moments.covariance + c2) / (moments.variance_x + moments.variance_y + c2)
