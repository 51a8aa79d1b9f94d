"""Filters of the eye's sensitivity, given by their response to spatial frequency."""

from __future__ import annotations

from collections.abc import Callable

import torch


def filtered(images: torch.Tensor, response: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    """Filter images `[N, 1, H, W]`, taken as periodic.

    Args:
        images: of any range.
        response: the filter's gain at radial frequencies, in cycles per image; those along columns are counted per
            height, those along rows per width.
    """
    height, width = images.shape[-2:]
    kind = {"dtype": images.dtype, "device": images.device}
    down = torch.fft.fftfreq(height, 1 / height, **kind)[:, None]
    across = torch.fft.rfftfreq(width, 1 / width, **kind)
    spectrum = torch.fft.rfft2(images) * response(torch.hypot(down, across))
    seen: torch.Tensor = torch.fft.irfft2(spectrum, s=(height, width))
    return seen
