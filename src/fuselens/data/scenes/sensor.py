"""What a sensor does to a perfect picture: softness, noise, and 8 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fuselens.core.errors import InputError
from fuselens.core.pair import Source
from fuselens.data.colour import split_colour

MIN_SIDE = 64


def check_settings(seed: int, size: tuple[int, int], noise: float, blur: float) -> None:
    """Refuse sizes and settings that no scene can be drawn with.

    Raises:
        InputError: a negative seed, a side below 64 pixels, negative noise or blur.
    """
    if seed < 0:
        raise InputError(f"Expected a seed of 0 or more but got {seed}.")
    if len(size) != 2 or min(size) < MIN_SIDE:
        raise InputError(f"A scene needs a size (height, width) of at least 64 pixels each but got {tuple(size)}.")
    for name, value in (("noise", noise), ("blur", blur)):
        if not 0 <= value < np.inf:
            raise InputError(f"Expected {name} to be 0 or more but got {value}.")


def truth_of(labels: NDArray[np.int64], names: dict[int, str], carried_by: dict[str, str]) -> dict[str, Any]:
    """The `truth` of a pair: the class map, and names and carriers of the classes that occur in it."""
    classes = {int(number): names[int(number)] for number in np.unique(labels)}
    carriers = {name: carried_by[name] for name in classes.values() if name in carried_by}
    return {"labels": labels.copy(), "classes": classes, "carried_by": carriers}


def shrink(plane: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Average blocks of `factor` x `factor` samples of the last two axes."""
    *lead, height, width = plane.shape
    blocks = plane.reshape(*lead, height // factor, factor, width // factor, factor)
    return np.asarray(blocks.mean(axis=(-3, -1)), dtype=np.float32)


def soften(plane: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Blur the last two axes with a Gaussian of `sigma` pixels."""
    from scipy.ndimage import gaussian_filter

    if sigma == 0:
        return plane
    sigmas = (0.0,) * (plane.ndim - 2) + (sigma, sigma)
    return np.asarray(gaussian_filter(plane, sigmas, mode="nearest", truncate=3.0), dtype=np.float32)


def microbolometer(
    heat: NDArray[np.float32], noise: float, blur: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Levels of a microbolometer, `[H, W]`: soft, little noise, and a trace of its columns' pattern."""
    soft = soften(soften(heat, min(heat.shape) / 480), blur)
    columns = rng.standard_normal((1, heat.shape[1]), dtype=np.float32)
    grain = rng.standard_normal(heat.shape, dtype=np.float32)
    soft += np.float32(noise) * (np.float32(0.35) * columns + np.float32(0.6) * grain)
    return soft


def colour_camera(
    light: NDArray[np.float32], noise: float, blur: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Display levels of a colour camera, `[3, H, W]`: bloom, saturation, photon noise, and more of it in the dark."""
    height = min(light.shape[1:])
    bloom = 0.86 * light + 0.14 * soften(np.minimum(light, 4.0), 0.02 * height)
    exposed = 1.0 - np.exp(-1.6 * soften(bloom, blur))
    return display(count_photons(exposed, noise, rng))


def count_photons(light: NDArray[np.float32], noise: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Poisson noise of linear light whose deviation is `noise` at display level 0.5, and more in the dark."""
    if noise == 0:
        return light
    photons = 0.237 / noise**2
    return (rng.poisson(light * photons) / photons).astype(np.float32)


def display(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Display levels of linear light (gamma 2.2)."""
    return np.clip(light, 0.0, 1.0) ** np.float32(1 / 2.2)


def grey_source(level: NDArray[np.float32], name: str, origin: str) -> Source:
    """An 8 bit grey image of levels `[H, W]` in `[0, 1]`."""
    return Source(torch.from_numpy(_eight_bits(level)), name, origin=origin)


def coloured_source(rgb: NDArray[np.float32], name: str, origin: str) -> Source:
    """An 8 bit colour image of levels `[3, H, W]` in `[0, 1]`."""
    y, chroma = split_colour(torch.from_numpy(_eight_bits(rgb)))
    return Source(y, name, chroma=chroma, origin=origin)


def _eight_bits(level: NDArray[np.float32]) -> NDArray[np.float32]:
    return (np.round(np.clip(level, 0.0, 1.0) * 255.0) / 255.0).astype(np.float32)
