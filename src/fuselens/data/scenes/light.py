"""Light for a stage: lamps, glare and the way to a colour image.

Point lights with Lambert's law on painted surfaces (deferred shading), halos and streaks as a lens would add them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fuselens.data.scenes.shapes import Plane, smoothstep
from fuselens.data.scenes.stage import EYE_HEIGHT, FOCAL, GROUND, NORMALS, WALL_LEFT, Colour, Stage

AMBIENT: Colour = (0.016, 0.019, 0.026)


@dataclass(frozen=True)
class Light:
    """A point light: place in metres, colour, power (radiance of a white surface 1 m below), and its optics.

    Attributes:
        beam: where it shines: all round, down like a street lamp, or towards the camera like a head lamp.
        halo: radius of the glow round it in frame units; 0 for none.
        mirrored: strength of its reflection in the wet road.
    """

    x: float
    y: float
    z: float
    colour: Colour
    power: float
    beam: Literal["all", "down", "here"] = "all"
    halo: float = 0.0
    mirrored: float = 0.0


def illuminate(stage: Stage, lights: list[Light]) -> NDArray[np.float32]:
    """Return the light that reaches the camera, `[3, h, w]`: what glows and what is lit."""
    world_x = stage.x * stage.z / np.float32(FOCAL) + np.float32(stage.camera_x)
    world_y = np.float32(EYE_HEIGHT) - stage.y * stage.z / np.float32(FOCAL)
    normals = NORMALS[stage.surface]
    flat = (stage.surface == GROUND) | (stage.surface >= WALL_LEFT - 1)
    irradiance = np.empty_like(stage.albedo)
    irradiance[:] = np.asarray(AMBIENT, dtype=np.float32)[:, None, None]
    for lamp in lights:
        if lamp.power == 0:
            continue
        dx, dy, dz = np.float32(lamp.x) - world_x, np.float32(lamp.y) - world_y, np.float32(lamp.z) - stage.z
        squared = dx * dx + dy * dy + dz * dz + np.float32(0.3)
        distance = np.sqrt(squared)
        slope = (normals[..., 0] * dx + normals[..., 1] * dy + normals[..., 2] * dz) / distance
        received = np.where(flat, np.maximum(slope, 0.0), np.float32(0.35) + np.float32(0.65) * slope)
        received = np.maximum(received, 0.0) * np.float32(lamp.power) / squared
        if lamp.beam == "down":
            received *= smoothstep(0.1, 0.75, dy / distance)
        elif lamp.beam == "here":
            received *= smoothstep(0.5, 0.95, dz / distance)
        for channel, value in enumerate(lamp.colour):
            irradiance[channel] += np.float32(value) * received
    return stage.albedo * irradiance + stage.glow


def add_halos(stage: Stage, radiance: NDArray[np.float32], lights: list[Light]) -> None:
    """Add the glow in the damp air round each lamp, its cone, and its reflection in the wet road."""
    road = stage.surface == GROUND
    for lamp in lights:
        x, y = stage.project(lamp.x, lamp.y, lamp.z)
        added: Plane = np.zeros(road.shape, dtype=np.float32)
        if lamp.halo:
            rows, columns = stage.window(x - 5 * lamp.halo, x + 5 * lamp.halo, y - 5 * lamp.halo, y + 5 * lamp.halo)
            squared = ((stage.x[:, columns] - x) ** 2 + (stage.y[rows] - y) ** 2) / np.float32(lamp.halo**2)
            added[rows, columns] += np.float32(0.5) * np.exp(-squared) + np.float32(0.12) * np.exp(-squared / 5)
        if lamp.mirrored:
            image = FOCAL * (EYE_HEIGHT + lamp.y) / lamp.z
            width, length = 0.10 / lamp.z + 0.006, 0.30 * image + 0.03
            streak = np.exp(-(((stage.x - x) / width) ** 2) - ((stage.y - image) / length) ** 2)
            added += np.float32(lamp.mirrored) * streak * road
        for channel, value in enumerate(lamp.colour):
            radiance[channel] += np.float32(value) * added


def add_glare(
    stage: Stage, radiance: NDArray[np.float32], centre: tuple[float, float], strength: float, turn: float
) -> None:
    """Add the veil, the core and the star of a head lamp that shines into the lens at `centre` (frame units)."""
    dx, dy = stage.x - np.float32(centre[0]), stage.y - np.float32(centre[1])
    squared = dx * dx + dy * dy
    veil = 3.0 * np.exp(-squared / 0.022**2) + 1.1 / (1.0 + squared / 0.05**2) ** 1.7
    for ray in range(3):
        angle = turn + ray * pi / 3
        across = dx * np.float32(sin(angle)) - dy * np.float32(cos(angle))
        along = dx * np.float32(cos(angle)) + dy * np.float32(sin(angle))
        length = 0.16 if ray == 0 else 0.09
        veil = veil + 0.9 * np.exp(-((across / 0.0035) ** 2) - np.abs(along) / length)
    for channel, value in enumerate((0.92, 0.97, 1.0)):
        radiance[channel] += np.float32(strength * value) * veil.astype(np.float32)
