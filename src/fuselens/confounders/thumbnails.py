"""Small pictures of images, to look at."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import interpolate

from fuselens.core.pair import Source
from fuselens.data.colour import join_colour


def thumbnail(source: Source, side: int) -> npt.NDArray[np.uint8]:
    """Return the middle square of an image at `side` pixels, `[side, side, 3]`, in its own colours."""
    rgb = source.y.expand(3, -1, -1) if source.chroma is None else join_colour(source.y, source.chroma)
    height, width = rgb.shape[1:]
    shorter = min(height, width)
    top, left = (height - shorter) // 2, (width - shorter) // 2
    square = rgb[None, :, top : top + shorter, left : left + shorter].float()
    small = interpolate(square, size=(side, side), mode="bilinear", antialias=True, align_corners=False)[0]
    pixels: npt.NDArray[np.uint8] = (small.clamp(0, 1) * 255).round().to(torch.uint8).movedim(0, -1).numpy()
    return pixels
