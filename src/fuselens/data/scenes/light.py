"""Light for a stage: lamps, the air round them, the wet road, and glare.

Point lights with Lambert's law on what was painted (deferred shading); the rest is added as a lens or damp air would.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fuselens.data.scenes.shapes import Plane, smoothstep
from fuselens.data.scenes.stage import EYE_HEIGHT, FOCAL, GROUND, NORMALS, SOFT_SURFACES, Colour, Stage

AMBIENT: Colour = (0.020, 0.025, 0.036)


@dataclass(frozen=True)
class Light:
    """A point light in the world.

    Attributes:
        x, y, z: place in metres.
        colour: red, green, blue.
        power: irradiance at 1 m.
        beam: where it shines: all round, down like a street lamp, or towards the camera like a head lamp.
        halo: radius of the glow round it, in frame units; 0 for none.
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
    normal_x, normal_y, normal_z = (axis[stage.surface] for axis in NORMALS.T)
    wrap = np.where(np.isin(stage.surface, SOFT_SURFACES), np.float32(0.4), np.float32(0.0))
    irradiance = np.empty_like(stage.albedo)
    irradiance[:] = np.asarray(AMBIENT, dtype=np.float32)[:, None, None]
    for light in lights:
        dx, dy, dz = np.float32(light.x) - world_x, np.float32(light.y) - world_y, np.float32(light.z) - stage.z
        squared = dx * dx + dy * dy + dz * dz + np.float32(0.3)
        distance = np.sqrt(squared)
        slope = (normal_x * dx + normal_y * dy + normal_z * dz) / distance
        received = np.maximum(slope * (1 - wrap) + wrap, 0.0) * np.float32(light.power) / squared
        if light.beam == "down":
            received *= np.float32(0.3) + np.float32(0.7) * smoothstep(0.25, 0.80, dy / distance)
        elif light.beam == "here":
            received *= smoothstep(0.80, 0.99, dz / distance)
        for channel, value in enumerate(light.colour):
            irradiance[channel] += np.float32(value) * received
    return stage.albedo * irradiance + stage.glow


def add_air(stage: Stage, radiance: NDArray[np.float32], light: Light) -> None:
    """Add the glow of damp air: a halo round the light and, below a street lamp, its cone."""
    x, y = stage.project(light.x, light.y, light.z)
    if light.halo:
        rows, columns = stage.window(x - 6 * light.halo, x + 6 * light.halo, y - 6 * light.halo, y + 6 * light.halo)
        squared = ((stage.x[:, columns] - x) ** 2 + (stage.y[rows] - y) ** 2) / np.float32(light.halo**2)
        _add(
            radiance, rows, columns, light.colour, 0.45 * np.exp(-squared) + 0.10 / (1 + squared) * np.exp(-squared / 9)
        )
    if light.beam == "down":
        patch = stage.board(light.x, light.z, 3.2, light.y, bottom=0.0)
        below = np.maximum(np.float32(light.y) - patch.v, 0.0)
        width = 0.10 + 0.42 * below
        cone = np.exp(-((patch.u / width) ** 2) * 2.2) * np.exp(-below / 2.6) * smoothstep(0.0, 0.25, below)
        behind = stage.z[patch.rows, patch.columns] > light.z - 0.5
        _add(radiance, patch.rows, patch.columns, light.colour, 0.085 * cone * behind)


def add_reflection(stage: Stage, radiance: NDArray[np.float32], light: Light, ripple: Plane) -> None:
    """Add the light's image in the wet road, drawn out downwards by its roughness (`ripple`, about `[-1, 1]`)."""
    x, _ = stage.project(light.x, 0.0, light.z)
    image = FOCAL * (EYE_HEIGHT + light.y) / light.z
    width, length = 0.10 / light.z + 0.007, 0.22 * image + 0.05
    reach = 4 * width
    rows, columns = stage.window(x - reach, x + reach, max(image - 3 * length, 0.0), image + 3 * length)
    across = (stage.x[:, columns] - x) / np.float32(width) + 0.35 * ripple[rows, columns]
    along = (stage.y[rows] - image) / np.float32(length)
    on_road = stage.surface[rows, columns] == GROUND
    streak = np.exp(-across * across - along * along) * (1 + 0.5 * ripple[rows, columns]) * on_road
    _add(radiance, rows, columns, light.colour, np.float32(light.mirrored) * streak)


def add_glare(
    stage: Stage, radiance: NDArray[np.float32], lamp: tuple[float, float, float], strength: float, turn: float
) -> None:
    """Add the veil, the core and the star of a head lamp that shines into the lens from `lamp` (metres)."""
    x, y = stage.project(*lamp)
    size = 9.5 / lamp[2]
    dx, dy = (stage.x - np.float32(x)) / np.float32(size), (stage.y - np.float32(y)) / np.float32(size)
    squared = dx * dx + dy * dy
    veil = 2.5 * np.exp(-squared / 0.024**2) + 1.5 * np.exp(-np.sqrt(squared) / 0.070)
    for ray in range(3):
        angle = turn + ray * pi / 3
        across = dx * np.float32(sin(angle)) - dy * np.float32(cos(angle))
        along = np.abs(dx * np.float32(cos(angle)) + dy * np.float32(sin(angle)))
        length, width = (0.075, 0.0045) if ray == 0 else (0.040, 0.0035)
        veil = veil + 0.8 * np.exp(-((across / (width + 0.02 * along)) ** 2) - along / length)
    for channel, value in enumerate((0.90, 0.96, 1.0)):
        radiance[channel] += np.float32(strength * value) * veil.astype(np.float32)


def _add(radiance: NDArray[np.float32], rows: slice, columns: slice, colour: Colour, plane: Plane) -> None:
    for channel, value in enumerate(colour):
        radiance[channel, rows, columns] += (value * plane).astype(np.float32)
