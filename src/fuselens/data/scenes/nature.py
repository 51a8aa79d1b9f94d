"""A meadow at the edge of a wood on a cool morning, seen by an infrared and a visible camera.

The other kind of scene for networks that have seen streets only: no lamp, no wall, no straight line. Each sensor misses
something: the visible camera deer whose coat is as light as the grass, the infrared one flowers and sheep in their
fleece. Everything is computed; no photograph is part of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fuselens.core.pair import ImagePair
from fuselens.data.scenes import nature_objects as things
from fuselens.data.scenes import sensor
from fuselens.data.scenes.stage import FACING, FOCAL, GROUND, NORMALS, OVERSAMPLING, Colour, Stage
from fuselens.data.scenes.texture import fractal, swell

SKY, HILL, MEADOW = 0, 1, 2
CLASSES = {
    SKY: "sky",
    HILL: "hill",
    MEADOW: "meadow",
    things.POND: "pond",
    things.FLOWERS: "flowers",
    things.DEER: "deer",
    things.SHEEP: "sheep",
    things.PINE: "pine",
}
CARRIED_BY = {"pond": "both", "flowers": "b", "deer": "a", "sheep": "b", "pine": "both"}
SUN = np.array((-0.5, 0.61, -0.61), dtype=np.float32)  # behind the camera; lights ground and upright things alike
SUNLIGHT: Colour = (0.62, 0.56, 0.46)
SKYLIGHT: Colour = (0.16, 0.18, 0.22)
HAZE: Colour = (0.42, 0.50, 0.60)
CLEAR = 1000.0  # metres after which haze has taken two thirds of the light
BLOOMS: tuple[Colour, ...] = ((0.95, 0.90, 0.85), (0.98, 0.85, 0.20), (0.85, 0.62, 0.95))


def nature_scene(
    seed: int = 0, size: tuple[int, int] = (288, 384), *, noise: float = 0.01, blur: float = 0.0
) -> ImagePair:
    """Draw a meadow with pines, hills, a pond, deer and sheep.

    Args:
        seed: other seeds give other meadows with the same kinds of objects.
        size: height and width in pixels, at least 64 each.
        noise: standard deviation of the sensors' noise at mid grey.
        blur: standard deviation, in pixels, of a Gaussian blur of both sources.

    Returns:
        The pair infrared (grey) and visible (colour). `truth` holds `labels` (int64 `[H, W]`), `classes` (number to
        name) and `carried_by` (name to `"a"`, `"b"`, `"both"` or `"neither"`): which sensor shows an object against
        its surroundings. Sky, hills and meadow are the surroundings and have no entry there.

    Raises:
        InputError: a setting is out of range.
    """
    sensor.check_settings(seed, size, noise, blur)
    layout, shot = np.random.default_rng([seed, 3]), np.random.default_rng([seed, 4])
    stage = Stage(size, camera_x=0.0)
    _draw_sky(stage, layout)
    _draw_hills(stage, layout)
    _draw_meadow(stage, layout)
    _draw_things(stage, layout)
    light, heat = (sensor.shrink(plane, OVERSAMPLING) for plane in (_daylight(stage), stage.heat))
    labels = stage.labels[::OVERSAMPLING, ::OVERSAMPLING]
    origin = f"nature_scene(seed={seed})"
    return ImagePair(
        sensor.grey_source(sensor.microbolometer(heat, noise, blur, shot), "infrared", origin),
        sensor.coloured_source(sensor.colour_camera(light, noise, blur, shot), "visible", origin),
        truth=sensor.truth_of(labels, CLASSES, CARRIED_BY),
    )


def _draw_sky(stage: Stage, rng: np.random.Generator) -> None:
    """Blue sky, paler near the horizon, with clouds that are a little less cold."""
    height = np.clip(-stage.y, 0.0, 1.0)
    cloud = np.clip(0.3 + 1.6 * fractal(stage.x * 2.0 + 20, stage.y * 6 + 20, rng, 5), 0.0, 1.0)
    for channel, (zenith, horizon) in enumerate(zip((0.14, 0.26, 0.52), HAZE, strict=True)):
        blue = zenith + (horizon - zenith) * np.exp(-height / np.float32(0.22))
        stage.glow[channel] = blue + cloud * (np.float32(0.75) - blue)
    stage.heat[:] = 0.05 + 0.10 * cloud + 0.06 * np.exp(-height / np.float32(0.15))
    stage.labels[:] = SKY


def _draw_hills(stage: Stage, rng: np.random.Generator) -> None:
    """Wooded ridges one behind the other."""
    for z, rise in ((900.0, 0.20), (450.0, 0.13), (200.0, 0.07)):
        patch = stage.board(0.0, z, 4 * z, 0.40 * z, bottom=0.0)
        along, up = patch.u / z, patch.v / z  # in frame units, so that near and far woods look alike
        start = np.float32(rng.uniform(0, 40))
        crowns = fractal(along * 60 + start, up * 60, rng, 3)
        ridge = rise * (1 + 0.5 * swell(along * 1.5 + start, np.zeros_like(along), rng)) + 0.006 * crowns
        leaves = np.asarray((0.13, 0.19, 0.07), dtype=np.float32)[:, None, None] * (1 + 0.8 * crowns)
        stage.paint(patch, (up - ridge) * z, albedo=leaves.astype(np.float32), glow=(0, 0, 0),
                    heat=0.27 + 0.06 * crowns - 0.04 * z / 900, label=HILL, surface=FACING)  # fmt: skip


def _draw_meadow(stage: Stage, rng: np.random.Generator) -> None:
    """Grass under dew, in lighter and darker, warmer and colder patches."""
    patch = stage.ground()
    blades, swathes = (
        fractal(patch.u * 3, patch.v * 1.5, rng, 4, gain=0.8),
        fractal(patch.u * 0.3, patch.v * 0.15, rng, 3),
    )
    grass = np.asarray(things.GRASS, dtype=np.float32)[:, None, None] * (1 + 0.7 * blades + 0.3 * swathes)
    stage.paint(patch, np.full(patch.u.shape, -1e6, dtype=np.float32), albedo=grass.astype(np.float32), glow=(0, 0, 0),
                heat=things.DEW + 0.05 * blades + 0.06 * swathes, label=MEADOW, surface=GROUND)  # fmt: skip


def _draw_things(stage: Stage, rng: np.random.Generator) -> None:
    """The pond and the flowers on the ground, then all that stands, from far to near."""
    side = float(rng.choice((-1.0, 1.0)))
    pond, bed = (float(rng.uniform(4.4, 5.2)) for _ in range(2))
    things.draw_pond(stage, side * 0.34 * pond / FOCAL, pond, float(rng.uniform(0.8, 1.0)), rng)
    bloom = BLOOMS[int(rng.integers(len(BLOOMS)))]
    things.draw_flowers(stage, -side * 0.33 * bed / FOCAL, bed, float(rng.uniform(0.5, 0.7)), bloom, rng)
    drawings: list[tuple[float, Callable[[], Any]]] = []

    def stand(draw: Callable[..., Any], across: float, z: float, *settings: float) -> None:
        """Let something stand at `across` of the frame, which is 1.33 wide."""
        drawings.append((z, partial(draw, stage, across * z / FOCAL, z, *settings, rng)))

    for across in (-1.1, -0.62, -0.40, 0.36, 0.58, 1.05, rng.uniform(-0.2, 0.2)):
        stand(
            things.draw_pine,
            float(across + rng.uniform(-0.08, 0.08)),
            float(rng.uniform(22, 42)),
            float(rng.uniform(5, 9)),
        )
    # One beside the other: a sheep before a warm deer would show in the infrared.
    for place, across in enumerate(rng.permutation((-0.48, -0.24, 0.0, 0.24, 0.48))):
        animal, near = (things.draw_sheep, 8.0) if place < 2 else (things.draw_deer, 9.5)
        stand(animal, float(across + rng.uniform(-0.02, 0.02)), float(rng.uniform(near, near + 3.0)))
    for _, draw in sorted(drawings, key=lambda item: -item[0]):
        draw()


def _daylight(stage: Stage) -> NDArray[np.float32]:
    """Return the light that reaches the camera, `[3, h, w]`: sun and sky on what was painted, then haze."""
    facing_sun = np.maximum(NORMALS @ SUN, 0.0)[stage.surface]
    clear = np.where(stage.labels == SKY, np.float32(1.0), np.exp(-stage.z / np.float32(CLEAR)))
    colours = zip(stage.albedo, stage.glow, SUNLIGHT, SKYLIGHT, HAZE, strict=True)
    lit = [
        clear * (albedo * (np.float32(sky) + np.float32(sun) * facing_sun) + glow) + (1 - clear) * np.float32(haze)
        for albedo, glow, sun, sky, haze in colours
    ]
    return np.stack(lit).astype(np.float32)
