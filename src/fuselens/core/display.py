"""How maps become colours: one scale for both sources, signed or as in paper 002.

Used by results, report and, later, every other face.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch

from fuselens.core.errors import InputError

Preset = Literal["signed", "paper"]
Display = Literal["grey", "unsigned", "signed"]
Rgb = np.ndarray  # uint8 [H, W, 3]


def common_scale(*maps: torch.Tensor) -> float:
    """Return the largest magnitude over all maps (1 where they all vanish): the one scale both sources share."""
    largest = max(float(m.abs().max()) for m in maps)
    return largest or 1.0


def signed_power(values: torch.Tensor, gamma: float) -> torch.Tensor:
    """Return `sign(v) |v|^gamma`: gamma below 1 lifts small influences and keeps their sign.

    Raises:
        InputError: gamma is not positive.
    """
    if gamma <= 0:
        raise InputError(f"Expected gamma above 0 but got {gamma}; FuseVis uses 0.1 to 2.")
    return values.sign() * values.abs().pow(gamma)


def colour_map(values: torch.Tensor, scale: float, *, gamma: float = 1.0, preset: Preset = "signed") -> Rgb:
    """Colour a signed map `[H, W]`.

    Args:
        values: the map.
        scale: magnitude that gets the strongest colour; share it between the maps of one pair.
        gamma: exponent of the display.
        preset: `"signed"`: blue is negative, white zero, red positive. `"paper"`: viridis, clipped at zero.
    """
    shown = signed_power((values / scale).double().cpu().clamp(-1, 1), gamma).numpy()
    if preset == "paper":
        return _look_up("viridis", np.clip(shown, 0, 1))
    return _look_up("RdBu_r", (shown + 1) / 2)


def displayed(values: torch.Tensor, scale: float, display: Display, *, gamma: float = 1.0) -> Rgb:
    """Show a map `[H, W]` as what it is.

    Args:
        values: the map.
        scale: magnitude that gets the strongest colour; grey images ignore it.
        display: `"grey"`: an image in `[0, 1]`. `"unsigned"`: viridis from 0 up. `"signed"`: blue, white, red.
        gamma: exponent of the display; grey images ignore it.
    """
    if display == "grey":
        return grey(values)
    return colour_map(values, scale, gamma=gamma, preset=preset_of(display))


def preset_of(display: Display) -> Preset:
    """Return the colours of a display that has a scale: those of `colour_map`."""
    return "signed" if display == "signed" else "paper"


def share_colours(share: torch.Tensor) -> Rgb:
    """Colour a share map `[H, W]`: orange where source a decides, purple where b does, grey (NaN) where neither does.

    These two colours stay apart for all colour-blind readers.
    """
    values = share.double().cpu().numpy()
    # The outermost tenths of the map are almost black: too dark to lay over night scenes.
    colours = _look_up("PuOr", 0.9 - 0.8 * np.nan_to_num(values, nan=0.5))
    colours[np.isnan(values)] = (120, 120, 120)
    return colours


def grey(image: torch.Tensor) -> Rgb:
    """Show an image `[H, W]` in `[0, 1]` (values outside are clipped)."""
    levels = (image.double().cpu().clamp(0, 1) * 255).round().byte().numpy()
    return np.repeat(levels[..., None], 3, axis=-1)


def overlay(colours: Rgb, image: torch.Tensor, strength: float = 0.55) -> Rgb:
    """Lay a coloured map over a grey image; `strength` 0 shows the image alone, 1 the map alone."""
    mixed = strength * colours.astype(np.float64) + (1 - strength) * grey(image)
    return mixed.round().astype(np.uint8)


def dimmed(image: torch.Tensor, keep: torch.Tensor) -> Rgb:
    """Show an image `[H, W]` with what is not kept (bool `[H, W]`) dark and blue, and a bright line round what is."""
    keep = keep.cpu()
    shown = grey(image).astype(np.float64)
    hidden = ~keep.numpy()
    shown[hidden] = shown[hidden] * 0.25 + np.array((10.0, 16.0, 40.0))
    edge = torch.nn.functional.max_pool2d((~keep).float()[None, None], 3, 1, 1)[0, 0].bool() & keep
    shown[(edge & bool(hidden.any())).numpy()] = (255, 214, 0)
    return shown.round().astype(np.uint8)


def minmax(values: torch.Tensor) -> torch.Tensor:
    """Stretch a map to `[0, 1]`; a constant map becomes 0."""
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if bool(high > low) else torch.zeros_like(values)


def _look_up(name: str, values: np.ndarray) -> Rgb:
    from matplotlib import colormaps

    return np.ascontiguousarray(colormaps[name](values, bytes=True)[..., :3])
