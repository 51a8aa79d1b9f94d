"""The fixed part of a street scene: sky, skyline, road, and two rows of houses."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fuselens.data.scenes.shapes import Plane, box, smoothstep
from fuselens.data.scenes.stage import FACING, GROUND, WALL_LEFT, WALL_RIGHT, Colour, Patch, Stage
from fuselens.data.scenes.texture import fractal

SKY, BUILDING, GROUND_LABEL, MARKING, WINDOW, WARM_WALL = 0, 1, 2, 3, 4, 5
KERB = 3.5
WALL = 6.4
STOREY, FIRST_FLOOR = 3.1, 3.7
PLASTER: tuple[Colour, ...] = (
    (0.40, 0.27, 0.19), (0.33, 0.32, 0.30), (0.42, 0.35, 0.24), (0.34, 0.19, 0.14), (0.24, 0.27, 0.31),
)  # fmt: skip
ROOM: tuple[Colour, ...] = ((1.0, 0.66, 0.30), (1.0, 0.76, 0.44), (0.78, 0.90, 1.0), (1.0, 0.54, 0.20))
NOWHERE = np.float32(1e6)


class House(NamedTuple):
    """One house of a row: where it stands along the street, and how its front is divided (metres)."""

    side: int
    near: float
    far: float
    height: float
    bay: float
    pane: tuple[float, float]
    colour: Colour
    warmth: float
    lit: float
    has_shop: bool


def plan_houses(rng: np.random.Generator) -> list[House]:
    """Two rows of houses from the camera to the end of the street; the second on the right keeps a shop."""
    houses = []
    for side in (-1, 1):
        ends = np.cumsum([2.0, *rng.uniform(9, 15, 12)])
        for index, (near, far) in enumerate(pairwise(ends)):
            houses.append(House(
                side, float(near), float(far), height=float(rng.uniform(8.0, 16.5)), bay=float(rng.uniform(1.9, 2.8)),
                pane=(float(rng.uniform(0.42, 0.58)), float(rng.uniform(0.62, 0.85))),
                colour=PLASTER[int(rng.integers(len(PLASTER)))], warmth=float(rng.uniform(0.24, 0.34)),
                lit=float(rng.uniform(0.25, 0.5)),
                has_shop=index == 1 if side == 1 else index > 1 and bool(rng.random() < 0.3),
            ))  # fmt: skip
    return houses


def draw_sky(stage: Stage, rng: np.random.Generator) -> None:
    """Night sky over a town, and its glow near the horizon; cold in the infrared, with thin cloud."""
    height = np.clip(-stage.y, 0.0, 1.0)
    dusk = np.exp(-height / 0.20)
    for channel, (zenith, glow) in enumerate(zip((0.003, 0.006, 0.018), (0.040, 0.030, 0.032), strict=True)):
        stage.glow[channel] = zenith + np.float32(glow) * dusk
    cloud = fractal(stage.x * 2.2 + 40, stage.y * 9 + 40, rng, 4)
    stage.heat[:] = 0.05 + 0.09 * dusk + 0.10 * np.clip(cloud, 0.0, 1.0)
    stage.labels[:] = SKY


def draw_skyline(stage: Stage, rng: np.random.Generator) -> None:
    """Far blocks of flats at the end of the street."""
    for z in (210.0, 170.0, 140.0):
        for x in np.arange(-60.0, 61.0, 17.0) + rng.uniform(-5, 5):
            width, height = rng.uniform(5, 9), rng.uniform(9, 34) if abs(x) > 8 else rng.uniform(8, 16)
            heat, rooms = rng.uniform(0.2, 0.3), rng.random((16, 16)) < 0.2
            patch = stage.board(float(x), z, width + 1, height + 1)
            if not patch.u.size:
                continue
            block = box(patch.u, patch.v, (0.0, height / 2 - 2), (width, height / 2 + 2))
            stage.paint(patch, block, albedo=(0.2, 0.2, 0.2), glow=(0.009, 0.009, 0.014), heat=heat, label=BUILDING,
                        surface=FACING)  # fmt: skip
            column, row = np.floor(patch.u / 2.4).astype(int), np.floor(patch.v / 3.0).astype(int)
            pane = box(patch.u - (column + 0.5) * 2.4, patch.v - (row + 0.5) * 3.0, (0, 0), (0.75, 0.8))
            lit = np.where(rooms[row % 16, column % 16], np.maximum(pane, block), NOWHERE)
            stage.paint(patch, lit, glow=(0.55, 0.42, 0.24))


def draw_ground(stage: Stage, rng: np.random.Generator) -> None:
    """Road, kerbs, pavements of slabs, and paint, all as warm as the asphalt; wheels warm their lanes a little."""
    patch = stage.ground()
    x, z = patch.u, patch.v
    grain = fractal(x * 2.5, z * 2.5, rng, 4, gain=0.8)
    wear = fractal(x * 0.9, z * 0.12, rng, 3)
    everywhere = np.full(x.shape, -NOWHERE, dtype=np.float32)
    lanes = np.exp(-((np.abs(np.abs(x) - 1.7) - 0.75) ** 2) / 0.08)
    heat = 0.33 + 0.04 * grain + 0.07 * wear + 0.05 * lanes
    stage.paint(patch, everywhere, albedo=_tint(0.085 * (1 + 0.7 * grain + 0.4 * wear), (1.0, 1.0, 1.05)),
                glow=(0, 0, 0), heat=heat, label=GROUND_LABEL, surface=GROUND)  # fmt: skip
    joint = np.maximum(np.abs((x / 0.7) % 1 - 0.5), np.abs((z / 0.7) % 1 - 0.5)) > 0.46
    slabs = 0.17 * (1 + 0.5 * grain) * np.where(joint, np.float32(0.5), np.float32(1.0))
    stage.paint(patch, KERB - np.abs(x), albedo=_tint(slabs, (1.0, 0.95, 0.88)))
    stage.paint(patch, np.abs(np.abs(x) - KERB) - 0.11, albedo=(0.34, 0.33, 0.31))
    paint = 0.75 * (0.9 + 0.3 * grain) * smoothstep(-0.8, -0.4, wear + 0.3 * grain)
    centre = np.maximum(np.abs(x) - 0.08, np.abs((z + 1.2) % 6.0 - 3.0) - 1.6)
    edge = np.abs(np.abs(x) - 3.05) - 0.06
    stage.paint(patch, np.minimum(centre, edge), albedo=_tint(paint, (1.0, 1.0, 0.95)), label=MARKING)


def draw_houses(stage: Stage, houses: list[House], rng: np.random.Generator) -> None:
    """Paint both rows from the far end to the camera."""
    for house in sorted(houses, key=lambda house: -house.near):
        _gable(stage, house)
        _front(stage, house, rng)


def _gable(stage: Stage, house: House) -> None:
    """The windowless end of a house that stands higher than its neighbour."""
    patch = stage.board(house.side * (WALL + 5.0), house.near, 5.0, house.height)
    wall = box(patch.u, patch.v, (0.0, house.height / 2), (5.0, house.height / 2))
    stage.paint(patch, wall, albedo=house.colour, glow=(0, 0, 0), heat=house.warmth - 0.04, label=BUILDING,
                surface=FACING)  # fmt: skip


def _front(stage: Stage, house: House, rng: np.random.Generator) -> None:
    patch = stage.wall(house.side * WALL, house.near, house.far, house.height)
    rooms = rng.random((4, 16, 16))
    if house.near < KERB:
        rooms[:2, 0, int((10.5 - house.near) / house.bay)] = 1.0, 0.0  # one radiator in view behind a dark window
    u, v = patch.u, patch.v
    wall = np.maximum(np.maximum(house.near - u, u - house.far), np.maximum(v - house.height, -v))
    stain = fractal(u * 1.1, v * 0.7, rng, 4, gain=0.7)
    brick = np.where((v / 0.22) % 1 < 0.18, np.float32(0.75), np.float32(1.0))
    heat = house.warmth + 0.10 * stain + 0.03 * np.cos(v * 2.03 + 0.6)
    stage.paint(patch, wall, albedo=_tint((0.7 + 0.5 * stain) * brick, house.colour), glow=(0, 0, 0), heat=heat,
                label=BUILDING, surface=WALL_LEFT if house.side < 0 else WALL_RIGHT)  # fmt: skip
    trim = _tint(np.ones_like(u), house.colour) * np.float32(1.5)
    ledges = np.minimum(np.abs(v - FIRST_FLOOR + 0.15) - 0.12, np.abs(v - house.height + 0.2) - 0.2)
    stage.paint(patch, np.maximum(ledges, wall), albedo=trim, heat=heat - 0.03)
    pipe = np.maximum(np.abs(u - house.near - 0.35) - 0.07, wall)
    stage.paint(patch, pipe, albedo=(0.12, 0.12, 0.12), heat=house.warmth + 0.12)
    _windows(stage, patch, house, wall, rooms)
    (_shop if house.has_shop else _doors)(stage, patch, house, wall, rng)


def _windows(stage: Stage, patch: Patch, house: House, wall: Plane, rooms: NDArray[np.float64]) -> None:
    """Panes on a grid: dark cold glass, lit rooms, and walls that a radiator warms from inside."""
    column = np.floor((patch.u - house.near) / house.bay).astype(int)
    row = np.floor((patch.v - FIRST_FLOOR) / STOREY).astype(int)
    across = patch.u - house.near - (column + np.float32(0.5)) * np.float32(house.bay)
    up = patch.v - FIRST_FLOOR - (row + np.float32(0.5)) * np.float32(STOREY)
    free = np.maximum(wall, np.maximum(FIRST_FLOOR - patch.v, patch.v - house.height + 0.9))
    pane = np.maximum(box(across, up, (0, 0.1), house.pane), free)
    lit, radiator, tint, level = (plane[row % 16, column % 16] for plane in rooms)
    frame = np.maximum(box(across, up, (0, 0.1), (house.pane[0] + 0.09, house.pane[1] + 0.09)), free)
    stage.paint(patch, frame, albedo=(0.36, 0.34, 0.31))
    stage.paint(patch, pane, albedo=(0.03, 0.035, 0.05), heat=house.warmth - 0.09)
    curtain = 0.5 + 0.5 * smoothstep(-0.9, 0.9, up) - 0.35 * smoothstep(0.3, 0.5, np.abs(across))
    bars = np.where(np.minimum(np.abs(across), np.abs(up - 0.35)) < 0.045, np.float32(0.25), np.float32(1.0))
    room = np.asarray(ROOM, dtype=np.float32)[(tint * len(ROOM)).astype(int)].transpose(2, 0, 1)
    glow = room * (curtain * bars * (0.15 + 0.75 * level)).astype(np.float32)
    stage.paint(patch, np.where(lit < house.lit, pane, NOWHERE), glow=glow, heat=0.50, label=WINDOW)
    leak = np.maximum(box(across, up, (0, -1.1), (0.55, 0.24), 0.1), free)
    warm = (lit >= house.lit) & (radiator < 0.3)
    stage.paint(patch, np.where(warm, leak, NOWHERE), heat=0.66, label=WARM_WALL)


def _shop(stage: Stage, patch: Patch, house: House, wall: Plane, rng: np.random.Generator) -> None:
    """A lit shop window full of goods, below an awning."""
    u, v = patch.u, patch.v
    glass = np.maximum(box((u - house.near) % 3.0 - 1.5, v, (0, 1.55), (1.3, 1.05)), wall)
    shelf = np.floor((v - 0.5) / 0.42)
    goods = fractal(np.floor(u / 0.16) + 0.37, shelf * 3.1 + 0.41, rng, 1)
    bright = (0.38 + 0.36 * goods) * np.where((v - 0.5) % 0.42 < 0.06, 0.3, 1.0) + 0.4 * smoothstep(2.0, 2.6, v)
    stage.paint(
        patch, glass, albedo=(0.05, 0.05, 0.05), glow=_tint(bright, (0.95, 0.62, 0.27)), heat=0.46, label=WINDOW
    )
    awning = np.maximum(np.abs(v - 2.95) - 0.25, wall)
    stripe = (u / 0.5) % 1 < 0.5
    stage.paint(patch, awning, albedo=_tint(np.where(stripe, 1.0, 0.25).astype(np.float32), (0.5, 0.12, 0.10)))


def _doors(stage: Stage, patch: Patch, house: House, wall: Plane, rng: np.random.Generator) -> None:
    """A house door that leaks some warmth, between dark windows."""
    place = house.near + float(rng.uniform(0.3, 0.7)) * (house.far - house.near)
    u, v = patch.u, patch.v
    panes = np.maximum(box((u - house.near) % house.bay - house.bay / 2, v, (0, 1.9), (house.pane[0], 0.7)), wall)
    stage.paint(patch, panes, albedo=(0.03, 0.035, 0.05), heat=house.warmth - 0.07)
    door = np.maximum(box(u, v, (place, 1.1), (0.75, 1.25)), wall)
    stage.paint(patch, door, albedo=(0.10, 0.07, 0.05), heat=house.warmth + 0.08)


def _tint(plane: Plane, colour: Colour) -> NDArray[np.float32]:
    return np.asarray(np.asarray(colour, dtype=np.float32)[:, None, None] * plane, dtype=np.float32)
