"""The structural similarity map (Wang et al. 2004), Gaussian window 11, sigma 1.5, K1 0.01, K2 0.03, range 1.

Separable, all moments in one grouped convolution: about a hundred times faster on CPUs than the common two-dimensional
form, which is what makes it fit for losses and targets.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch.nn.functional import conv2d, pad

from fuselens.core.errors import InputError

WINDOW = 11
SIGMA = 1.5
C1, C2 = 0.01**2, 0.03**2


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
    if min(x.shape[-2:]) < WINDOW:
        raise InputError(
            f"Expected images of at least {WINDOW}x{WINDOW} for SSIM but got {x.shape[-1]}x{x.shape[-2]}; "
            "use larger images or crops."
        )
    moments = torch.stack((x, y, x * x, y * y, x * y)).flatten(0, 2)[None]
    if padding == "reflect":
        moments = pad(moments, (WINDOW // 2,) * 4, mode="reflect")
    taps = torch.arange(WINDOW, dtype=x.dtype, device=x.device) - WINDOW // 2
    taps = torch.exp(-0.5 * (taps / SIGMA) ** 2)
    taps = (taps / taps.sum()).expand(moments.shape[1], 1, WINDOW)
    smooth = conv2d(
        conv2d(moments, taps[..., None], groups=moments.shape[1]), taps[..., None, :], groups=moments.shape[1]
    )
    mean_x, mean_y, xx, yy, xy = smooth.view(5, x.shape[0], 1, *smooth.shape[-2:])
    variance_x, variance_y, covariance = xx - mean_x**2, yy - mean_y**2, xy - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + C1) / (mean_x**2 + mean_y**2 + C1)
    similarity: torch.Tensor = luminance * (2 * covariance + C2) / (variance_x + variance_y + C2)
    return similarity
