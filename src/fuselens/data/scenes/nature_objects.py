"""What stands in a meadow: pines, a pond, flowers, deer and sheep.

Each function paints one object in metres, `u` to the right of its foot and `v` above the ground.
"""

from __future__ import annotations

import numpy as np

from fuselens.data.scenes.shapes import Plane, curve, ellipse, limb, melt, polygon, smoothstep
from fuselens.data.scenes.stage import FACING, ROUND, Colour, Stage
from fuselens.data.scenes.texture import fractal, swell

POND, FLOWERS, DEER, SHEEP, PINE = 3, 4, 5, 6, 7
DEW = 0.31
"""Heat of the meadow, and of all that is as cold as it."""
GRASS: Colour = (0.20, 0.25, 0.08)
COAT: Colour = (0.31, 0.20, 0.13)  # as light as grass, so that only its hue tells deer from meadow
WOOL: Colour = (0.80, 0.78, 0.72)


def draw_pond(stage: Stage, x: float, z: float, width: float, rng: np.random.Generator) -> None:
    """Still water that mirrors the bright sky and is colder than the grass round it."""
    patch = stage.ground()
    u, v = patch.u - np.float32(x), patch.v - np.float32(z)
    shore = ellipse(u, v, (0, 0), (width, 0.8 * width)) + 0.25 * width * swell(u / width, v / width, rng)
    ripples = fractal(u * 0.8, v * 3.0, rng, 2)
    sky = np.stack([level + 0.06 * ripples for level in (0.36, 0.46, 0.58)]).astype(np.float32)
    stage.paint(patch, shore, albedo=(0, 0, 0), glow=sky, heat=DEW - 0.20 + 0.02 * ripples, label=POND, surface=FACING)


def draw_flowers(stage: Stage, x: float, z: float, width: float, colour: Colour, rng: np.random.Generator) -> None:
    """A carpet of flowers, as cold as the grass."""
    patch = stage.ground()
    u, v = patch.u - np.float32(x), patch.v - np.float32(z)
    bed = ellipse(u, v, (0, 0), (width, 1.4 * width)) + 0.3 * width * swell(u / width, v / width, rng)
    heads = smoothstep(-0.6, 0.3, fractal(u * 9, v * 5, rng, 2))
    petals = np.asarray(colour, dtype=np.float32)[:, None, None] * (0.35 + 0.65 * heads)
    stage.paint(patch, bed, albedo=petals.astype(np.float32), label=FLOWERS)


def draw_pine(stage: Stage, x: float, z: float, height: float, rng: np.random.Generator) -> None:
    """A dark pine in tiers, warmer than the open grass since its crown keeps the ground's warmth."""
    patch = stage.board(x, z, 0.35 * height, 1.05 * height)
    u, v = patch.u / np.float32(height), patch.v / np.float32(height)
    tiers = np.minimum.reduce([
        polygon(u, v, [(-wide, low), (wide, low), (0.0, low + 0.42)])
        for wide, low in ((0.24, 0.14), (0.20, 0.30), (0.15, 0.46), (0.10, 0.60))
    ])  # fmt: skip
    needles = fractal(u * 14 + 5, v * 20, rng, 4, gain=0.8)
    crown = (tiers + 0.07 * needles) * np.float32(height)
    trunk = limb(u, v, (0, 0), (0, 0.3), (0.028, 0.02)) * np.float32(height)
    green = np.asarray((0.045, 0.075, 0.04), dtype=np.float32)[:, None, None] * np.clip(1 + 1.2 * needles, 0.3, 3)
    for shape, albedo, heat in ((trunk, (0.10, 0.07, 0.05), 0.47), (crown, green.astype(np.float32), 0.44)):
        stage.paint(patch, shape, albedo=albedo, glow=(0, 0, 0), heat=heat + 0.08 * needles, label=PINE, surface=ROUND)


def draw_deer(stage: Stage, x: float, z: float, rng: np.random.Generator) -> None:
    """A warm deer whose coat is as light as the grass."""
    patch = stage.board(x, z, 1.3, 2.1)
    size = np.float32(rng.uniform(0.9, 1.1))
    u, v = patch.u * np.float32(rng.choice((-1.0, 1.0))) / size, patch.v / size
    trunk, neck = (
        limb(u, v, (-0.45, 0.98), (0.36, 1.0), (0.23, 0.25)),
        limb(u, v, (0.40, 1.05), (0.66, 1.42), (0.15, 0.09)),
    )
    face, ear = (
        limb(u, v, (0.66, 1.46), (0.90, 1.37), (0.09, 0.05)),
        limb(u, v, (0.62, 1.50), (0.52, 1.62), (0.05, 0.03)),
    )
    legs = _legs(u, v, (-0.56, -0.42, 0.30, 0.44), hip=0.85, radii=(0.085, 0.035))
    antlers = np.minimum(curve(u, v, [(0.64, 1.52), (0.52, 1.76), (0.62, 1.98)], [0.025, 0.020, 0.015]),
                         curve(u, v, [(0.66, 1.54), (0.72, 1.74), (0.86, 1.88)], [0.025, 0.020, 0.015]))  # fmt: skip
    fur = fractal(u * 9, v * 9, rng, 3)
    hide = np.asarray(COAT, dtype=np.float32)[:, None, None] * (1 + 0.25 * fur)
    for shape, heat in (
        (antlers, DEW + 0.1),
        (legs, 0.62),
        (melt(trunk, neck, 0.10), 0.76),
        (melt(face, ear, 0.03), 0.88),
    ):
        stage.paint(patch, shape, albedo=hide.astype(np.float32), glow=(0, 0, 0), heat=heat + 0.06 * fur, label=DEER,
                    surface=FACING)  # fmt: skip


def draw_sheep(stage: Stage, x: float, z: float, rng: np.random.Generator) -> None:
    """A sheep in its full fleece, which is as cold outside as the grass."""
    patch = stage.board(x, z, 1.0, 1.2)
    u, v = patch.u * np.float32(rng.choice((-1.0, 1.0))), patch.v
    curls = fractal(u * 7, v * 7, rng, 3)
    fleece = ellipse(u, v, (0, 0.66), (0.62, 0.38)) + 0.05 * curls
    head = ellipse(u, v, (0.66, 0.78), (0.17, 0.14))
    legs = _legs(u, v, (-0.38, -0.24, 0.24, 0.38), hip=0.45, radii=(0.06, 0.045))
    wool = np.asarray(WOOL, dtype=np.float32)[:, None, None] * (1 + 0.15 * curls)
    for shape, shade in ((legs, 0.75), (fleece, 1.0), (head, 0.85)):
        stage.paint(patch, shape, albedo=(shade * wool).astype(np.float32), glow=(0, 0, 0), heat=DEW + 0.02 * curls,
                    label=SHEEP, surface=FACING)  # fmt: skip


def _legs(u: Plane, v: Plane, feet: tuple[float, ...], hip: float, radii: tuple[float, float]) -> Plane:
    legs: Plane = np.minimum.reduce([limb(u, v, (foot, hip), (foot + 0.02, 0.02), radii) for foot in feet])
    return legs
