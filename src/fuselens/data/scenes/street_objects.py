"""What stands in a street: people, a car, trees, lamps, a sign, and the warmth that a parked car left.

Each function paints one object in metres, `u` to the right of its foot and `v` above the road.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fuselens.data.scenes.shapes import Plane, box, curve, ellipse, limb, melt, polygon, smoothstep
from fuselens.data.scenes.stage import FACING, ROUND, Colour, Patch, Stage
from fuselens.data.scenes.texture import fractal

DARK_PERSON, DAZZLED_PERSON, COATED_PERSON = 6, 7, 8
CAR, TREE, LAMP, SIGN, HEAT_PRINT = 9, 10, 11, 12, 13
PRINTS: tuple[tuple[Colour, Colour, Colour], ...] = (
    ((0.62, 0.24, 0.07), (1.0, 0.75, 0.22), (0.24, 0.30, 0.32)),
    ((0.08, 0.30, 0.34), (0.9, 0.86, 0.66), (0.34, 0.20, 0.08)),
    ((0.40, 0.08, 0.16), (1.0, 0.55, 0.30), (0.28, 0.26, 0.20)),
)
"""Colours of posters: sky, disc, waves."""
AIR = 0.34
"""Heat of things that are as warm as the air."""


def draw_pedestrian(
    stage: Stage, x: float, z: float, label: int, rng: np.random.Generator, *, coat: Colour, insulated: bool = False
) -> None:
    """A walking person; one in insulated clothes is as cold outside as the air."""
    patch = stage.board(x, z, 0.65, 1.95)
    stride, facing, scale = rng.uniform(0.10, 0.26), rng.choice((-1.0, 1.0)), rng.uniform(0.95, 1.06)
    u, v = patch.u * np.float32(facing / scale), patch.v / np.float32(scale)
    trunk, legs, shoes, skin, hair = _figure(u, v, stride)
    folds = fractal(u * 9 + 20, v * 6 + 20, rng, 3)
    warmth = (AIR + 0.01, AIR, AIR + 0.10, AIR) if insulated else (0.80, 0.68, 0.98, 0.48)
    texture = np.float32(0.01 if insulated else 0.10) * folds
    trousers = (0.50, 0.50, 0.55) if insulated else _dim(coat, 0.8)
    face: Colour = (0.42, 0.28, 0.20) if insulated else _dim(coat, 1.2)
    _shadow(stage, patch, 0.35)
    for shape, albedo, heat, surface in (
        (legs, _times(trousers, 0.9 + 0.4 * folds), warmth[1] + texture, FACING),
        (shoes, _times((0.05, 0.04, 0.04), np.ones_like(u)), warmth[3] + texture, FACING),
        (trunk, _times(coat, 0.85 + 0.5 * folds), warmth[0] + texture, ROUND),
        (skin, _times(face, np.ones_like(u)), warmth[2] + texture, ROUND),
        (hair, _times(coat if insulated else (0.03, 0.03, 0.03), np.ones_like(u)), warmth[0] + texture, ROUND),
    ):
        stage.paint(patch, shape, albedo=albedo, glow=(0, 0, 0), heat=heat, label=label, surface=surface)


def _figure(u: Plane, v: Plane, stride: float) -> tuple[Plane, Plane, Plane, Plane, Plane]:
    """Trunk with arms, legs, shoes, skin and hair of a figure 1.75 m tall that walks to the right."""
    knees, feet = (stride - 0.03, 0.02 - 0.6 * stride), (0.9 * stride, -1.5 * stride)
    legs = np.minimum.reduce([
        curve(u, v, [(hip, 0.92), (knee, 0.50), (foot, 0.08)], [0.095, 0.066, 0.045], seam=0.04)
        for hip, knee, foot in zip((-0.05, 0.05), knees, feet, strict=True)
    ])  # fmt: skip
    shoes = np.minimum.reduce([limb(u, v, (foot, 0.05), (foot + 0.13, 0.035), (0.048, 0.033)) for foot in feet])
    hands = ((-0.23 + 0.5 * stride, 0.84), (0.26 - 0.9 * stride, 0.86))
    arms = np.minimum.reduce([
        curve(u, v, [(shoulder, 1.37), (elbow, 1.10), hand], [0.062, 0.050, 0.036], seam=0.03)
        for shoulder, elbow, hand in zip((-0.19, 0.19), (-0.26, 0.25), hands, strict=True)
    ])  # fmt: skip
    trunk = melt(limb(u, v, (0, 1.34), (0, 0.96), (0.175, 0.150)), box(u, v, (0, 1.40), (0.20, 0.06), 0.06), 0.08)
    head = melt(ellipse(u, v, (0.02, 1.635), (0.092, 0.12)), limb(u, v, (0, 1.45), (0, 1.55), (0.055, 0.05)), 0.03)
    palms = np.minimum.reduce([ellipse(u, v, hand, (0.042, 0.048)) for hand in hands])
    hair = np.maximum(ellipse(u, v, (0.0, 1.66), (0.105, 0.118)), 1.66 - v + 0.5 * u)
    return np.minimum(trunk, arms), legs, shoes, np.minimum(head, palms), hair


def draw_car(stage: Stage, x: float, z: float, paint: Colour) -> list[tuple[float, float, float]]:
    """An oncoming car with a hot bonnet; returns where its head lamps are in the world."""
    patch = stage.board(x, z, 1.35, 1.6)
    u, v = patch.u, patch.v
    under = ellipse(u, v, (0, 0.03), (1.05, 0.16))
    stage.paint(patch, under, albedo=(0.01, 0.01, 0.01), heat=0.66, strength=smoothstep(0.0, -0.12, under))
    side = np.abs(u)
    tyres = box(side, v, (0.71, 0.24), (0.115, 0.25), 0.05)
    lower = polygon(side, v, [(-1, 0.25), (0.80, 0.25), (0.86, 0.50), (0.85, 0.74), (0.70, 0.90), (-1, 0.94)]) - 0.035
    cabin = polygon(side, v, [(-1, 0.85), (0.76, 0.85), (0.66, 1.10), (0.52, 1.36), (0.30, 1.42), (-1, 1.43)]) - 0.03
    body = melt(lower, cabin, 0.05)
    bonnet = smoothstep(0.60, 0.80, v) * smoothstep(0.98, 0.88, v) * smoothstep(0.85, 0.35, side)
    crease = 1 - 0.25 * np.exp(-(((side - 0.45 - 0.3 * (0.9 - v)) / 0.03) ** 2)) * (v < 0.95)
    stage.paint(patch, tyres, albedo=(0.02, 0.02, 0.02), glow=(0, 0, 0), heat=0.78, label=CAR, surface=FACING)
    warmth = (0.53 + 0.38 * bonnet) * crease
    stage.paint(patch, body, albedo=_times(paint, crease), glow=(0, 0, 0), heat=warmth, label=CAR, surface=FACING)
    glass = polygon(side, v, [(-1, 0.97), (0.66, 0.97), (0.58, 1.14), (0.48, 1.33), (-1, 1.36)])
    stage.paint(patch, glass, albedo=(0.02, 0.025, 0.03), glow=(0.012, 0.014, 0.02), heat=0.18 + 0.12 * (v - 0.97))
    mirror = ellipse(side, v, (0.92, 1.0), (0.10, 0.065))
    stage.paint(patch, mirror, albedo=paint, glow=(0, 0, 0), heat=0.42, label=CAR, surface=FACING)
    slats = 0.88 + 0.09 * np.sign(np.sin(v * 110))
    stage.paint(patch, box(u, v, (0, 0.67), (0.40, 0.075), 0.05), albedo=(0.03, 0.03, 0.03), heat=slats)
    stage.paint(patch, box(u, v, (0, 0.36), (0.50, 0.07), 0.05), albedo=(0.02, 0.02, 0.02), heat=0.72)
    stage.paint(patch, box(u, v, (0, 0.50), (0.26, 0.055)), albedo=(0.6, 0.6, 0.5), heat=0.50)
    lamps = melt(ellipse(side, v, (0.62, 0.70), (0.17, 0.075)), ellipse(side, v, (0.72, 0.73), (0.10, 0.06)), 0.05)
    stage.paint(patch, lamps, glow=(6.0, 6.2, 6.5), heat=0.60, label=CAR)
    return [(x + sign * 0.65, 0.70, z) for sign in (-1, 1)]


def draw_tree(stage: Stage, x: float, z: float, height: float, rng: np.random.Generator) -> None:
    """A street tree: leaves that a lamp lights in the visible, and that stand warm before a cold sky."""
    spread = 0.30 * height
    patch = stage.board(x, z, spread * 1.9, height * 1.15)
    u, v = patch.u, patch.v
    lean = rng.uniform(-0.08, 0.08) * height
    turns, radii, sizes = rng.uniform(0, 2 * np.pi, 22), np.sqrt(rng.random(22)), rng.uniform(0.28, 0.46, 22)
    tufts = [(lean + spread * 0.95 * r * np.cos(t), height * (0.68 + 0.24 * r * np.sin(t)), spread * s)
             for t, r, s in zip(turns, radii, sizes, strict=True)]  # fmt: skip
    trunk = limb(u, v, (0, 0), (lean * 0.7, height * 0.62), (0.032 * height, 0.014 * height))
    boughs = [
        limb(u, v, (lean * 0.5, height * 0.40), (tx, ty), (0.013 * height, 0.004 * height)) for tx, ty, _ in tufts[:7]
    ]
    bark = fractal(u * 12, v * 2, rng, 3)
    _shadow(stage, patch, 0.4)
    stage.paint(patch, np.minimum.reduce([trunk, *boughs]), albedo=_times((0.16, 0.12, 0.08), 1 + 0.8 * bark),
                glow=(0, 0, 0), heat=0.47 + 0.06 * bark, label=TREE, surface=ROUND)  # fmt: skip
    crown = np.minimum.reduce([ellipse(u, v, (tx, ty), (r, 0.85 * r)) for tx, ty, r in tufts])
    clumps = fractal(u * 1.8 + 9, v * 1.8 + 9, rng, 5, gain=0.85)
    leaves = crown + 0.5 * spread * clumps
    light = fractal(u * 4.5, v * 4.5, rng, 3, gain=0.9)
    green = _times((0.34, 0.43, 0.16), np.clip(1.1 + 1.7 * light + 0.4 * clumps, 0.25, 3))
    stage.paint(patch, leaves, albedo=green, glow=(0, 0, 0), heat=0.43 + 0.16 * light - 0.16 * clumps, label=TREE,
                surface=ROUND)  # fmt: skip


def draw_lamp(stage: Stage, x: float, z: float, height: float, arm: float) -> None:
    """A street lamp whose arm reaches `arm` metres over the road; its housing is warm."""
    patch = stage.board(x, z, abs(arm) + 0.5, height + 0.4)
    u, v = patch.u, patch.v
    pole = np.minimum(limb(u, v, (0, 0), (0, height - 0.5), (0.075, 0.045)),
                      limb(u, v, (0, height - 0.5), (arm * 0.85, height + 0.03), (0.045, 0.035)))  # fmt: skip
    stage.paint(patch, pole, albedo=(0.08, 0.08, 0.08), glow=(0, 0, 0), heat=AIR - 0.04, label=LAMP, surface=ROUND)
    head = ellipse(u, v, (arm, height), (0.32, 0.10))
    stage.paint(patch, head, glow=(6.0, 5.0, 3.4), heat=0.85, label=LAMP)


def draw_sign(stage: Stage, x: float, z: float, rng: np.random.Generator) -> None:
    """A crossing sign above a poster; enamel and paper are as warm as what is behind them."""
    patch = stage.board(x, z, 0.7, 3.1)
    u, v = patch.u, patch.v
    post = box(u, v, (0, 1.25), (0.035, 1.25))
    stage.paint(patch, post, albedo=(0.14, 0.14, 0.14), glow=(0, 0, 0), label=SIGN, surface=FACING)
    plate = box(u, v, (0, 2.62), (0.36, 0.36), 0.06)
    stage.paint(patch, plate, albedo=(0.5, 0.5, 0.5), glow=(0.30, 0.30, 0.30), label=SIGN, surface=FACING)
    stage.paint(patch, plate + 0.035, albedo=(0.03, 0.12, 0.6), glow=(0.015, 0.07, 0.36))
    triangle = polygon(u, v, [(-0.27, 2.39), (0.27, 2.39), (0.0, 2.87)])
    stage.paint(patch, triangle, albedo=(0.7, 0.7, 0.7), glow=(0.45, 0.45, 0.45))
    walker = np.minimum.reduce([
        ellipse(u, v, (0.0, 2.71), (0.034, 0.036)), curve(u, v, [(0, 2.64), (-0.01, 2.54)], [0.032, 0.028]),
        curve(u, v, [(-0.08, 2.42), (-0.01, 2.54), (0.07, 2.42)], [0.018, 0.022, 0.018]),
        curve(u, v, [(-0.07, 2.56), (0, 2.64), (0.08, 2.57)], [0.014, 0.016, 0.014]),
    ])  # fmt: skip
    stage.paint(patch, walker, albedo=(0.02, 0.02, 0.02), glow=(0, 0, 0))
    _poster(stage, patch, rng)


def _poster(stage: Stage, patch: Patch, rng: np.random.Generator) -> None:
    """A printed sun, or moon, over waves."""
    u, v = patch.u, patch.v
    paper = box(u, v, (0, 1.42), (0.46, 0.64), 0.02)
    print_area = paper + 0.06
    sky, disc, sea = PRINTS[int(rng.integers(len(PRINTS)))]
    sun_x, turn, steep = rng.uniform(-0.15, 0.15), rng.uniform(0, 6), rng.uniform(12, 22)
    waves = smoothstep(-0.2, 0.6, np.sin((v + 0.035 * np.sin(u * np.float32(steep) + np.float32(turn))) * 55))
    stage.paint(patch, paper, albedo=(0.8, 0.78, 0.7), glow=(0.26, 0.24, 0.20), label=SIGN, surface=FACING)
    stage.paint(patch, print_area, albedo=sky, glow=_times(sky, np.full_like(u, 0.4)))
    sun = np.maximum(ellipse(u, v, (sun_x, 1.55), (0.26, 0.26)), print_area)
    stage.paint(patch, sun, albedo=disc, glow=_times(disc, np.full_like(u, 0.5)))
    stage.paint(patch, np.maximum(v - 1.42, print_area), albedo=(0.05, 0.10, 0.20), glow=_times(sea, waves + 0.1))


def draw_heat_print(stage: Stage, x: float, z: float, rng: np.random.Generator) -> None:
    """The warm ground that a car leaves when it drives off: under the engine, and where the tyres stood."""
    patch = stage.ground()
    first, last = (int(np.searchsorted(-patch.v[:, 0], -limit)) for limit in (z + 4.6, z - 0.6))
    patch = Patch(slice(patch.rows.start + first, patch.rows.start + last), patch.columns, patch.u[first:last],
                  patch.v[first:last], patch.pixel[first:last], patch.z[first:last])  # fmt: skip
    u, v = patch.u - np.float32(x), patch.v - np.float32(z)
    outline = box(u, v, (0, 2.0), (0.85, 2.0), 0.3)
    engine = ellipse(u, v, (0, 3.1), (0.65, 0.85))
    axles = [(0.74 * side, along) for side in (-1, 1) for along in (0.75, 3.2)]
    tyres = np.minimum.reduce([box(u, v, axle, (0.11, 0.24), 0.05) for axle in axles])
    patchy = 1 + 0.25 * fractal(u * 2.5 + 30, v * 2.5, rng, 3)
    stage.paint(patch, outline, heat=0.53, label=HEAT_PRINT, strength=smoothstep(0.1, -0.3, outline) * patchy)
    stage.paint(patch, engine, heat=0.74, strength=smoothstep(0.0, -0.5, engine) * patchy)
    stage.paint(patch, tyres, heat=0.82)


def _shadow(stage: Stage, patch: Patch, radius: float) -> None:
    """Darken the ground at an object's foot, where less light arrives."""
    blob = ellipse(patch.u, patch.v, (0, 0.0), (radius, 0.25 * radius))
    stage.paint(patch, blob, albedo=(0.02, 0.02, 0.02), strength=0.7 * smoothstep(0.02, -0.3 * radius, blob))


def _times(colour: Colour, plane: Plane) -> NDArray[np.float32]:
    return np.asarray(np.asarray(colour, dtype=np.float32)[:, None, None] * plane, dtype=np.float32)


def _dim(colour: Colour, factor: float) -> Colour:
    red, green, blue = colour
    return factor * red, factor * green, factor * blue
