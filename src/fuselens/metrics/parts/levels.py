"""From images in `[0, 1]` to grey levels 0..255: the input rule of all metrics.

Reference: ITU-R BT.601-7, section 2.5.1, for luma.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn.functional import hardshrink

WHITE = 255
_LUMA = (0.299, 0.587, 0.114)
_SNAP = 1e-3  # grey levels; far above the rounding of k / 255 * 255, far below anything a network means


def grey_levels(images: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Return each image as levels `[N, 1, H, W]`; the luma of coloured ones is rounded to whole levels."""
    return [_snapped(image) if image.shape[1] == 1 else _luma(image) for image in images]


def per_channel(images: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Return each image as levels `[C * N, 1, H, W]`, channel by channel; grey ones are paired with every channel."""
    channels = max(image.shape[1] for image in images)
    whole = (_snapped(image).expand(-1, channels, -1, -1) for image in images)
    return [image.transpose(0, 1).reshape(-1, 1, *image.shape[-2:]) for image in whole]


def rounded(levels: torch.Tensor) -> torch.Tensor:
    """Return whole levels 0..255 of the same type, halves away from zero as image libraries round."""
    return (levels + 0.5).floor().clamp(0, WHITE)


def _snapped(image: torch.Tensor) -> torch.Tensor:
    """Scale to 0..255 and undo the rounding errors of 8-bit files; gradients pass as those of the scaling."""
    levels = image * WHITE
    with torch.no_grad():
        error = levels.round().sub_(levels)
        error.sub_(hardshrink(error, _SNAP))
    return levels.add_(error)


def _luma(image: torch.Tensor) -> torch.Tensor:
    weights = image.new_tensor(_LUMA).view(1, 3, 1, 1)
    return rounded((_snapped(image) * weights).sum(dim=1, keepdim=True))
