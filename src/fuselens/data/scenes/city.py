"""The fixed part of a street scene: sky, skyline, road, buildings."""

from __future__ import annotations

import numpy as np

from fuselens.data.scenes.shapes import box, smoothstep
from fuselens.data.scenes.stage import FACING, GROUND, WALL_LEFT, WALL_RIGHT, Colour, Patch, Stage
from fuselens.data.scenes.texture import fractal

SKY, BUILDING, ROAD, MARKING, WINDOW, WARM_WALL = 0, 1, 2, 3, 4, 5
KERB = 3.5
WALL = 6.4
PLASTER: tuple[Colour, ...] = ((0.34, 0.25, 0.19), (0.30, 0.29, 0.27), (0.36, 0.31, 0.22), (0.26, 0.18, 0.15))
ROOM: tuple[Colour, ...] = ((1.0, 0.66, 0.30), (1.0, 0.76, 0.44), (0.80, 0.92, 1.0), (1.0, 0.56, 0.22))


def draw_sky(stage: Stage, rng: np.random.Generator) -> None:
    """Night sky over a town: its glow near the horizon; cold in the infrared, with thin cloud."""
    height = np.clip(-stage.y, 0.0, 1.0)
    dusk = np.exp(-height / 0.22)
    for channel, (zenith, glow) in enumerate(zip((0.0025, 0.004, 0.010), (0.030, 0.022, 0.020), strict=True)):
        stage.glow[channel] = zenith + np.float32(glow) * dusk
    cloud = fractal(stage.x * 2.2 + 40, stage.y * 9 + 40, rng, 4)
    stage.heat[:] = 0.05 + 0.07 * dusk + 0.035 * np.clip(cloud, 0.0, 1.0)
    stage.labels[:] = SKY


def draw_skyline(stage: Stage, rng: np.random.Generator) -> None:
    """Far blocks of flats at the end of the street."""
    for z in (210.0, 170.0, 140.0):
        for x in np.arange(-60.0, 61.0, 17.0) + rng.uniform(-5, 5):
            width, height = rng.uniform(5, 9), rng.uniform(9, 34) if abs(x) > 8 else rng.uniform(8, 16)
            patch = stage.board(float(x), z, width + 1, height + 1)
            if not patch.u.size:
                continue
            block = box(patch.u, patch.v, (0.0, height / 2 - 2), (width, height / 2 + 2))
            stage.paint(patch, block, albedo=(0.2, 0.2, 0.2), glow=(0.006, 0.006, 0.008), heat=rng.uniform(0.2, 0.3),
                        label=BUILDING, surface=FACING)  # fmt: skip
            column, row = np.floor(patch.u / 2.4).astype(int), np.floor(patch.v / 3.0).astype(int)
            lit = rng.random((16, 16))[row % 16, column % 16] < 0.16
            pane = box(patch.u - (column + 0.5) * 2.4, patch.v - (row + 0.5) * 3.0, (0, 0), (0.75, 0.8))
            stage.paint(patch, np.maximum(pane, block), glow=(0.55, 0.42, 0.24), strength=lit.astype(np.float32))


def draw_ground(stage: Stage, rng: np.random.Generator) -> None:
    """Road, kerbs, pavements of slabs, and paint, which is as warm as the asphalt under it."""
    patch = stage.ground()
    x, z = patch.u, patch.v
    grain = fractal(x * 1.5, z * 1.5, rng, 5, gain=0.75)
    wear = fractal(x * 0.9, z * 0.12, rng, 3)
    everywhere = np.full(x.shape, -1e6, dtype=np.float32)
    asphalt = 0.075 * (1 + 0.5 * grain + 0.35 * wear)
    heat = 0.36 + 0.030 * grain + 0.035 * wear + 0.04 * np.exp(-(((np.abs(x) - 1.7) / 0.9) ** 2))
    stage.paint(patch, everywhere, albedo=_grey(asphalt, (1.0, 1.0, 1.03)), glow=(0, 0, 0), heat=heat, label=ROAD,
                surface=GROUND)  # fmt: skip
    joint = np.maximum(np.abs((x / 0.9) % 1 - 0.5), np.abs((z / 0.9) % 1 - 0.5)) > 0.47
    slabs = 0.15 * (1 + 0.4 * grain) * np.where(joint, 0.55, 1.0)
    stage.paint(patch, KERB - np.abs(x), albedo=_grey(slabs, (1.0, 0.96, 0.9)))
    stage.paint(patch, np.abs(np.abs(x) - KERB) - 0.11, albedo=(0.30, 0.30, 0.29))
    paint = 0.62 * (0.9 + 0.25 * grain) * smoothstep(-0.75, -0.35, wear + 0.3 * grain)
    dash = np.abs((z + 1.4) % 6.0 - 3.0) - 1.5
    centre = np.maximum(np.abs(x) - 0.07, dash)
    edge = np.abs(np.abs(x) - 3.05) - 0.06
    stage.paint(patch, np.minimum(centre, edge), albedo=_grey(paint, (1.0, 1.0, 0.96)), label=MARKING)


def draw_buildings(stage: Stage, rng: np.random.Generator) -> None:
    """Two rows of houses, painted from the far end to the camera."""
    for side in (-1, 1):
        ends = np.cumsum(np.concatenate([[2.0], rng.uniform(9, 17, 11)]))
        heights = rng.uniform(8.5, 15.0, 11)
        heights[::3] += rng.uniform(0, 6, heights[::3].size)
        for near, far, height in list(zip(ends[:-1], ends[1:], heights, strict=True))[::-1]:
            _gable(stage, side, near, height)
            _facade(stage, side, near, far, height, rng)


def _gable(stage: Stage, side: int, z: float, height: float) -> None:
    """The windowless end of a house that stands higher than its neighbour."""
    patch = stage.board(side * (WALL + 5.0), z, 5.0, height)
    if patch.u.size:
        wall = box(patch.u, patch.v, (0.0, height / 2), (5.0, height / 2))
        stage.paint(patch, wall, albedo=(0.22, 0.2, 0.18), glow=(0, 0, 0), heat=0.27, label=BUILDING, surface=FACING)


def _facade(stage: Stage, side: int, near: float, far: float, height: float, rng: np.random.Generator) -> None:
    patch = stage.wall(side * WALL, near, far, height)
    draws = rng.random((4, 16, 16))
    colour = np.asarray(PLASTER[int(rng.integers(len(PLASTER)))], dtype=np.float32)
    warmth = rng.uniform(0.27, 0.34)
    if not patch.u.size:
        return
    wall = np.maximum(np.maximum(near - patch.u, patch.u - far), np.maximum(patch.v - height, -patch.v))
    stain = fractal(patch.u * 0.7, patch.v * 0.5, rng, 4, gain=0.65)
    heat = warmth + 0.05 * stain + 0.03 * np.cos(patch.v * 2.0)
    stage.paint(patch, wall, albedo=_tint(0.8 + 0.45 * stain, colour), glow=(0, 0, 0), heat=heat, label=BUILDING,
                surface=WALL_LEFT if side < 0 else WALL_RIGHT)  # fmt: skip
    ledge = np.maximum(np.abs((patch.v - 3.6) % 3.2 - 0.1) - 0.1, wall)
    stage.paint(patch, np.maximum(ledge, 3.4 - patch.v), albedo=_tint(np.ones_like(stain), 1.35 * colour))
    _windows(stage, patch, wall, height, draws)


def _windows(stage: Stage, patch: Patch, wall: np.ndarray, height: float, draws: np.ndarray) -> None:
    """Panes on a grid: dark cold glass, lit rooms, and walls that a radiator warms from inside."""
    column, row = np.floor(patch.u / 2.6).astype(int), np.floor((patch.v - 3.6) / 3.2).astype(int)
    across, up = patch.u - (column + 0.5) * 2.6, patch.v - 3.6 - (row + 0.5) * 3.2
    free = np.maximum(wall, np.maximum(3.8 - patch.v, patch.v - height + 0.5))
    pane = np.maximum(box(across, up, (0, 0.1), (0.62, 0.85)), free)
    lit, radiator, tint, level = (plane[row % 16, column % 16] for plane in draws)
    is_lit = lit < 0.36
    stage.paint(patch, pane, albedo=(0.03, 0.035, 0.045), heat=0.20)
    curtain = 0.55 + 0.45 * smoothstep(-0.8, 0.9, up) - 0.35 * smoothstep(0.3, 0.55, np.abs(across))
    frame = np.minimum(np.abs(across), np.abs(up - 0.35)) < 0.045
    room = np.asarray(ROOM, dtype=np.float32)[(tint * len(ROOM)).astype(int)].transpose(2, 0, 1)
    glow = room * (curtain * (0.25 + 0.8 * level) * np.where(frame, 0.25, 1.0)).astype(np.float32)
    stage.paint(patch, np.where(is_lit, pane, np.float32(1e6)), glow=glow, heat=0.52, label=WINDOW)
    leak = np.where(~is_lit & (radiator < 0.3), box(across, up, (0, -1.1), (0.5, 0.28), 0.1), np.float32(1e6))
    stage.paint(patch, np.maximum(leak, free), heat=0.62, label=WARM_WALL)


def _grey(plane: np.ndarray, tint: Colour) -> np.ndarray:
    return _tint(plane, np.asarray(tint, dtype=np.float32))


def _tint(plane: np.ndarray, colour: np.ndarray) -> np.ndarray:
    return (colour[:, None, None] * plane).astype(np.float32)
