"""What stands in a street: people, a car, trees, lamps, a sign, and the warmth that a parked car left.

Each function paints one object in metres, `u` to the right of its foot and `v` above the road.
"""

from __future__ import annotations

import numpy as np

from fuselens.data.scenes.shapes import Plane, box, ellipse, limb, melt, polygon, smoothstep
from fuselens.data.scenes.stage import FACING, ROUND, Colour, Patch, Stage
from fuselens.data.scenes.texture import fractal

DARK_PERSON, DAZZLED_PERSON, COATED_PERSON = 6, 7, 8
CAR, HEADLAMP, TREE, LAMP, SIGN, HEAT_PRINT = 9, 10, 11, 12, 13, 14
SKIN: Colour = (0.45, 0.30, 0.22)
AIR = 0.33
"""Heat of things that are as warm as the air."""


def draw_pedestrian(
    stage: Stage, x: float, z: float, label: int, rng: np.random.Generator, *, coat: Colour, insulated: bool = False
) -> None:
    """A walking person; one in insulated clothes is as cold outside as the air."""
    patch = stage.board(x, z, 0.6, 1.95)
    stride, facing = rng.uniform(0.10, 0.26), rng.choice((-1.0, 1.0))
    scale = rng.uniform(0.94, 1.06)
    if not patch.u.size:
        return
    u, v = patch.u * np.float32(facing / scale), patch.v / np.float32(scale)
    legs = np.minimum(
        melt(limb(u, v, (-0.05, 0.92), (-0.03 + stride, 0.50), (0.095, 0.07)),
             limb(u, v, (-0.03 + stride, 0.50), (stride * 0.9, 0.06), (0.07, 0.05)), 0.04),
        melt(limb(u, v, (0.05, 0.92), (0.02 - stride * 0.6, 0.50), (0.095, 0.07)),
             limb(u, v, (0.02 - stride * 0.6, 0.50), (-stride * 1.5, 0.08), (0.07, 0.05)), 0.04),
    )  # fmt: skip
    shoes = np.minimum(
        limb(u, v, (stride * 0.9, 0.045), (stride * 0.9 + 0.13, 0.035), (0.05, 0.035)),
        limb(u, v, (-stride * 1.5, 0.06), (-stride * 1.5 + 0.12, 0.03), (0.05, 0.035)),
    )
    torso = melt(limb(u, v, (0.0, 1.36), (0.0, 0.98), (0.185, 0.155)), box(u, v, (0, 1.40), (0.21, 0.06), 0.06), 0.08)
    arms = np.minimum(
        melt(limb(u, v, (-0.20, 1.38), (-0.27, 1.10), (0.065, 0.055)),
             limb(u, v, (-0.27, 1.10), (-0.24 + stride * 0.5, 0.86), (0.055, 0.04)), 0.03),
        melt(limb(u, v, (0.20, 1.38), (0.26, 1.10), (0.065, 0.055)),
             limb(u, v, (0.26, 1.10), (0.27 - stride * 0.9, 0.88), (0.055, 0.04)), 0.03),
    )  # fmt: skip
    hands = np.minimum(ellipse(u, v, (-0.24 + stride * 0.5, 0.83), (0.045, 0.05)),
                       ellipse(u, v, (0.27 - stride * 0.9, 0.85), (0.045, 0.05)))  # fmt: skip
    head = melt(ellipse(u, v, (0.02, 1.64), (0.095, 0.125)), limb(u, v, (0.0, 1.45), (0.0, 1.55), (0.06, 0.05)), 0.03)
    folds = fractal(u * 9 + 20, v * 6 + 20, rng, 3)
    warmth = (AIR + 0.02, AIR + 0.015, AIR + 0.12, AIR) if insulated else (0.80, 0.68, 0.97, 0.48)
    cloth = np.asarray(coat, dtype=np.float32)[:, None, None] * (0.85 + 0.5 * folds)
    texture = np.float32(0.0 if insulated else 0.09) * folds
    _shadow(stage, patch, 0.32)
    stage.paint(patch, legs, albedo=(0.05, 0.05, 0.07), glow=(0, 0, 0), heat=warmth[1] + texture, label=label,
                surface=FACING)  # fmt: skip
    stage.paint(patch, shoes, albedo=(0.04, 0.03, 0.03), glow=(0, 0, 0), heat=warmth[3], label=label, surface=FACING)
    stage.paint(patch, np.minimum(torso, arms), albedo=cloth, glow=(0, 0, 0), heat=warmth[0] + texture, label=label,
                surface=ROUND)  # fmt: skip
    stage.paint(patch, np.minimum(head, hands), albedo=SKIN, glow=(0, 0, 0), heat=warmth[2], label=label,
                surface=ROUND)  # fmt: skip
    hair = np.maximum(ellipse(u, v, (0.0, 1.67), (0.108, 0.12)), 1.66 - v + 0.5 * u)
    stage.paint(patch, hair, albedo=coat if insulated else (0.04, 0.03, 0.02), heat=warmth[0], label=label)


def draw_car(stage: Stage, x: float, z: float, paint: Colour) -> list[tuple[float, float]]:
    """An oncoming car with a hot bonnet; returns where its head lamps are in the frame."""
    patch = stage.board(x, z, 1.25, 1.6)
    u, v = patch.u, patch.v
    under = ellipse(u, v, (0, 0.02), (1.05, 0.16))
    stage.paint(patch, under, albedo=(0.01, 0.01, 0.01), heat=0.62, strength=smoothstep(0.1, -0.12, under))
    wheels = np.minimum(box(u, v, (-0.70, 0.24), (0.12, 0.26), 0.06), box(u, v, (0.70, 0.24), (0.12, 0.26), 0.06))
    cabin = polygon(u, v, [(-0.80, 0.90), (-0.60, 1.43), (0.60, 1.43), (0.80, 0.90)]) - 0.03
    body = melt(box(u, v, (0, 0.58), (0.89, 0.34), 0.16), cabin, 0.06)
    glass = polygon(u, v, [(-0.70, 0.97), (-0.55, 1.36), (0.55, 1.36), (0.70, 0.97)])
    bonnet = np.exp(-(((v - 0.84) / 0.10) ** 2) - (u / 0.75) ** 4)
    stage.paint(patch, wheels, albedo=(0.02, 0.02, 0.02), glow=(0, 0, 0), heat=0.74, label=CAR, surface=FACING)
    stage.paint(patch, body, albedo=paint, glow=(0, 0, 0), heat=0.45 + 0.45 * bonnet, label=CAR, surface=FACING)
    stage.paint(patch, glass, albedo=(0.02, 0.025, 0.03), glow=(0.01, 0.012, 0.016), heat=0.24 + 0.08 * (v - 1.0))
    driver = np.minimum(ellipse(u, v, (0.32, 1.16), (0.09, 0.12)), ellipse(u, v, (0.32, 0.98), (0.2, 0.12)))
    stage.paint(patch, np.maximum(driver, glass), heat=0.34)
    for mirror in (-1, 1):
        stage.paint(patch, box(u, v, (mirror * 0.93, 1.0), (0.08, 0.05), 0.03), albedo=paint, heat=0.38, label=CAR,
                    surface=FACING)  # fmt: skip
    grille = box(u, v, (0, 0.60), (0.44, 0.08), 0.04)
    slats = 0.86 + 0.10 * np.sign(np.sin(v * 90))
    stage.paint(patch, grille, albedo=(0.03, 0.03, 0.03), heat=slats)
    stage.paint(patch, box(u, v, (0, 0.36), (0.62, 0.06), 0.03), albedo=(0.02, 0.02, 0.02), heat=0.66)
    stage.paint(patch, box(u, v, (0, 0.46), (0.26, 0.055)), albedo=(0.7, 0.7, 0.6), heat=0.5)
    lamps = np.minimum(ellipse(u, v, (-0.65, 0.70), (0.17, 0.085)), ellipse(u, v, (0.65, 0.70), (0.17, 0.085)))
    stage.paint(patch, lamps, glow=(6.0, 6.2, 6.5), heat=0.60, label=HEADLAMP)
    return [stage.project(x + side * 0.65, 0.70, z) for side in (-1, 1)]


def draw_tree(stage: Stage, x: float, z: float, height: float, rng: np.random.Generator) -> None:
    """A street tree: leaves that a lamp lights in the visible and that stand warm before a cold sky."""
    spread = 0.30 * height
    patch = stage.board(x, z, spread * 1.7, height * 1.12)
    lean = rng.uniform(-0.15, 0.15) * height
    tufts = [(rng.normal(0, 0.5 * spread) + lean, height * rng.uniform(0.5, 0.9), spread * rng.uniform(0.35, 0.6))
             for _ in range(14)]  # fmt: skip
    if not patch.u.size:
        return
    u, v = patch.u, patch.v
    trunk = limb(u, v, (0, 0), (lean * 0.7, height * 0.6), (0.035 * height, 0.016 * height))
    boughs = [limb(u, v, (lean * 0.5, height * 0.42), (tx, ty), (0.013 * height, 0.004 * height))
              for tx, ty, _ in tufts[:6]]  # fmt: skip
    wood = np.minimum.reduce([trunk, *boughs])
    bark = fractal(u * 9, v * 1.5, rng, 3)
    _shadow(stage, patch, 0.4)
    stage.paint(patch, wood, albedo=_times((0.12, 0.09, 0.06), 1 + 0.7 * bark), glow=(0, 0, 0),
                heat=0.46 + 0.05 * bark, label=TREE, surface=ROUND)  # fmt: skip
    crown = np.minimum.reduce([ellipse(u, v, (tx, ty), (r, 0.8 * r)) for tx, ty, r in tufts])
    clumps = fractal(u * 2.0 + 9, v * 2.0 + 9, rng, 5, gain=0.8)
    leaves = crown + 0.35 * spread * clumps + 0.05 * spread
    light = fractal(u * 3.5, v * 3.5, rng, 4, gain=0.9)
    green = _times((0.10, 0.17, 0.05), np.clip(1 + 1.6 * light + 0.5 * clumps, 0.1, 3))
    stage.paint(patch, leaves, albedo=green, glow=(0, 0, 0), heat=0.40 + 0.16 * light - 0.10 * clumps, label=TREE,
                surface=ROUND)  # fmt: skip


def draw_lamp(stage: Stage, x: float, z: float, height: float, arm: float) -> None:
    """A street lamp whose arm reaches `arm` metres over the road; its housing is warm."""
    patch = stage.board(x, z, abs(arm) + 0.4, height + 0.4)
    if not patch.u.size:
        return
    u, v = patch.u, patch.v
    pole = limb(u, v, (0, 0), (0, height - 0.3), (0.07, 0.045))
    bend = limb(u, v, (0, height - 0.3), (arm * 0.8, height + 0.02), (0.045, 0.035))
    stage.paint(patch, np.minimum(pole, bend), albedo=(0.10, 0.10, 0.10), glow=(0, 0, 0), heat=AIR - 0.04, label=LAMP,
                surface=ROUND)  # fmt: skip
    head = ellipse(u, v, (arm, height), (0.30, 0.10))
    stage.paint(patch, head, albedo=(0.1, 0.1, 0.1), heat=0.85, label=LAMP, glow=(5.0, 4.2, 2.8))


def draw_sign(stage: Stage, x: float, z: float) -> None:
    """A crossing sign above a poster; paint and paper are as warm as what is behind them."""
    patch = stage.board(x, z, 0.6, 3.1)
    u, v = patch.u, patch.v
    stage.paint(patch, box(u, v, (0, 1.25), (0.035, 1.25)), albedo=(0.14, 0.14, 0.14), label=SIGN, surface=FACING)
    plate = box(u, v, (0, 2.6), (0.36, 0.36), 0.05)
    stage.paint(patch, plate, albedo=(0.03, 0.12, 0.75), glow=(0.012, 0.05, 0.32), label=SIGN, surface=FACING)
    triangle = polygon(u, v, [(-0.28, 2.36), (0.28, 2.36), (0.0, 2.86)])
    stage.paint(patch, triangle, albedo=(0.9, 0.9, 0.9), glow=(0.5, 0.5, 0.5))
    walker = np.minimum.reduce([
        ellipse(u, v, (0.0, 2.70), (0.035, 0.035)), limb(u, v, (0, 2.64), (-0.01, 2.53), (0.03, 0.03)),
        limb(u, v, (-0.01, 2.53), (-0.08, 2.40), (0.022, 0.018)), limb(u, v, (-0.01, 2.53), (0.07, 2.40), (0.022, 0.018)),
    ])  # fmt: skip
    stage.paint(patch, walker, albedo=(0.02, 0.02, 0.02), glow=(0, 0, 0))
    poster = box(u, v, (0, 1.45), (0.42, 0.58))
    stripes = 0.5 + 0.5 * np.sign(np.sin(np.hypot(u - 0.1, v - 1.6) * 38))
    stage.paint(patch, poster, albedo=(0.8, 0.78, 0.7), glow=(0.20, 0.18, 0.14), label=SIGN, surface=FACING)
    stage.paint(patch, poster + 0.06, albedo=_times((0.75, 0.12, 0.08), stripes), glow=_times((0.30, 0.04, 0.03), stripes))


def draw_heat_print(stage: Stage, x: float, z: float) -> None:
    """The warm ground that a car leaves when it drives off: under the engine, and where the tyres stood."""
    patch = stage.ground()
    rows = slice(*np.searchsorted(-patch.v[:, 0], (-(z + 4.6), -(z - 0.6))))
    patch = Patch(slice(patch.rows.start + rows.start, patch.rows.start + rows.stop), patch.columns, patch.u[rows],
                  patch.v[rows], patch.pixel[rows], patch.z)  # fmt: skip
    u, v = patch.u - np.float32(x), patch.v - np.float32(z)
    outline = box(u, v, (0, 2.0), (0.82, 2.0), 0.3)
    engine = ellipse(u, v, (0, 3.2), (0.6, 0.7))
    tyres = np.minimum.reduce([box(u, v, (sx * 0.74, sz), (0.11, 0.28), 0.05) for sx in (-1, 1) for sz in (0.7, 3.3)])
    stage.paint(patch, outline, heat=0.56, label=HEAT_PRINT, strength=smoothstep(0.12, -0.25, outline))
    stage.paint(patch, engine, heat=0.74, strength=smoothstep(0.0, -0.4, engine))
    stage.paint(patch, tyres, heat=0.80)


def _shadow(stage: Stage, patch: Patch, radius: float) -> None:
    """Darken the ground at an object's foot, where less of the sky is seen."""
    blob = ellipse(patch.u, patch.v, (0, 0.0), (radius, 0.25 * radius))
    stage.paint(patch, blob, albedo=(0.02, 0.02, 0.02), strength=0.7 * smoothstep(0.02, -0.3 * radius, blob))


def _times(colour: Colour, plane: Plane) -> np.ndarray:
    return (np.asarray(colour, dtype=np.float32)[:, None, None] * plane).astype(np.float32)
