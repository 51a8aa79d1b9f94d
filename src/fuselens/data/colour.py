"""The colour policy: fuse luma, carry chroma; grey in, grey out.

Reference: ITU-R BT.601-7, section 2.5.1, full range (as in JFIF 1.02). Chroma of two coloured sources is weighted by
its own strength, as in Prabhakar et al., "DeepFuse", ICCV 2017, equation 9.
"""

from __future__ import annotations

import torch

from fuselens.core.pair import ImagePair

_RED, _GREEN, _BLUE = 0.299, 0.587, 0.114
_CB_SCALE, _CR_SCALE = 2 * (1 - _BLUE), 2 * (1 - _RED)
GREY_TOLERANCE = 2 / 255


def split_colour(rgb: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Split `[3, H, W]` in `[0, 1]` into luma `[H, W]` in `[0, 1]` and chroma `[2, H, W]` (Cb, Cr) in `[-0.5, 0.5]`."""
    red, green, blue = rgb
    y = _RED * red + _GREEN * green + _BLUE * blue
    chroma = torch.stack([(blue - y) / _CB_SCALE, (red - y) / _CR_SCALE])
    return y.clamp(0, 1), chroma


def join_colour(y: torch.Tensor, chroma: torch.Tensor) -> torch.Tensor:
    """Join luma `[H, W]` in `[0, 1]` and chroma `[2, H, W]` to RGB `[3, H, W]` in `[0, 1]`.

    Where a colour does not fit into the range, its chroma is reduced: luma and hue stay, while clipping the channels
    would change both.
    """
    blue = _CB_SCALE * chroma[0]
    red = _CR_SCALE * chroma[1]
    offset = torch.stack([red, -(_RED * red + _BLUE * blue) / _GREEN, blue])
    room = torch.where(offset > 0, 1 - y, y)
    fits = offset.abs() <= room
    scale = torch.where(fits, 1.0, room / torch.where(fits, 1.0, offset.abs())).amin(dim=0)
    return (y + scale * offset).clamp(0, 1)


def is_grey(rgb: torch.Tensor) -> bool:
    """Say whether `[3, H, W]` is a grey image stored in three channels, give or take two grey levels of 8 bit.

    JPEG makes equal channels differ by a level or so.
    """
    return bool((rgb.amax(dim=0) - rgb.amin(dim=0)).max() <= GREY_TOLERANCE + 1e-6)


def merge_chroma(pair: ImagePair) -> tuple[torch.Tensor | None, str]:
    """Return the chroma `[2, H, W]` of the fused image, or None for grey, and a sentence on where it comes from.

    One coloured source gives its own; two are mixed by `sum C_i |C_i| / sum |C_i|` for each pixel and channel.
    """
    a, b = pair
    if a.chroma is None and b.chroma is None:
        return None, "grey: neither source is coloured"
    if b.chroma is None:
        return a.chroma, f"colour of {a.name}"
    if a.chroma is None:
        return b.chroma, f"colour of {b.name}"
    strength = a.chroma.abs() + b.chroma.abs()
    mixed = a.chroma * a.chroma.abs() + b.chroma * b.chroma.abs()
    chroma = torch.where(strength > 0, mixed / torch.where(strength > 0, strength, 1.0), 0.0)
    return chroma, f"colours of {a.name} and {b.name}, weighted by their saturation"
