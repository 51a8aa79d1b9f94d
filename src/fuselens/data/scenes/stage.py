"""The stage of a street scene: a pinhole camera and what it sees at every point, before any light.

Objects are painted from far to near in metres; `light.py` then lights what is left. A G-buffer with a second channel,
heat, for the infrared camera. World: X to the right, Y up from the road, Z away from the camera.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fuselens.data.scenes.shapes import Plane, coverage

OVERSAMPLING = 2
FOCAL = 0.95
EYE_HEIGHT = 1.6
HORIZON = 0.46
WIDTH, HEIGHT = 4 / 3, 1.0

GROUND, FACING, WALL_LEFT, WALL_RIGHT, ROUND = range(5)
NORMALS = np.array(
    [(0, 1, 0), (0, 0, -1), (1, 0, 0), (-1, 0, 0), (0, 0.5, -0.87)], dtype=np.float32
)  # the wall on the left faces right
SOFT_SURFACES = (FACING, ROUND)
"""Surfaces that light from the side still reaches a little."""
Colour = tuple[float, float, float]


class Patch(NamedTuple):
    """A window of the stage with its own coordinates in metres.

    Attributes:
        rows, columns: where it lies.
        u, v: metres to the right of the object's foot and above the road.
        pixel: metres per sample.
        z: distance from the camera in metres.
    """

    rows: slice
    columns: slice
    u: Plane
    v: Plane
    pixel: Plane
    z: Plane


@dataclass
class Stage:
    """What the two cameras look at; all planes `[h, w]` or `[3, h, w]`, oversampled.

    The frame of 4:3 in which the contents are laid out fits into any image; beyond it the street goes on.
    """

    size: tuple[int, int]
    camera_x: float

    def __post_init__(self) -> None:
        """Lay the sampling grid and start with nothing."""
        height, width = (OVERSAMPLING * side for side in self.size)
        self.scale = min(height / HEIGHT, width / WIDTH)
        self.x = ((np.arange(width, dtype=np.float32) + 0.5 - width / 2) / self.scale).astype(np.float32)[None, :]
        rows = (np.arange(height, dtype=np.float32) + 0.5 - height / 2) / self.scale
        self.y = (rows + (0.5 - HORIZON) * HEIGHT).astype(np.float32)[:, None]
        shape = (height, width)
        self.albedo = np.zeros((3, *shape), dtype=np.float32)
        self.glow = np.zeros((3, *shape), dtype=np.float32)
        self.heat = np.zeros(shape, dtype=np.float32)
        self.z = np.full(shape, 500.0, dtype=np.float32)
        self.surface = np.full(shape, FACING, dtype=np.int8)
        self.labels = np.zeros(shape, dtype=np.int64)

    def project(self, x: float, y: float, z: float) -> tuple[float, float]:
        """Frame coordinates (right, down from the horizon) of a point in the world."""
        return FOCAL * (x - self.camera_x) / z, FOCAL * (EYE_HEIGHT - y) / z

    def window(self, left: float, right: float, top: float, bottom: float) -> tuple[slice, slice]:
        """Samples inside a rectangle given in frame coordinates; empty where it lies outside the image."""
        x0, y0 = float(self.x[0, 0]), float(self.y[0, 0])
        bounds = [
            int(np.clip(np.floor((low - start) * self.scale) - 1, 0, count))
            for low, start, count in ((top, y0, self.y.shape[0]), (left, x0, self.x.shape[1]))
        ]
        ends = [
            int(np.clip(np.ceil((high - start) * self.scale) + 2, 0, count))
            for high, start, count in ((bottom, y0, self.y.shape[0]), (right, x0, self.x.shape[1]))
        ]
        return slice(bounds[0], ends[0]), slice(bounds[1], ends[1])

    def board(self, x: float, z: float, half_width: float, top: float, bottom: float = -0.3) -> Patch:
        """An upright board that faces the camera, at `x`, `z`, from `bottom` to `top` metres above the road."""
        left, upper = self.project(x - half_width, top, z)
        right, lower = self.project(x + half_width, bottom, z)
        rows, columns = self.window(left, right, upper, lower)
        u = self.x[:, columns] * (z / FOCAL) + np.float32(self.camera_x - x)
        v = np.float32(EYE_HEIGHT) - self.y[rows] * (z / FOCAL)
        u, v = np.broadcast_arrays(u.astype(np.float32), v.astype(np.float32))
        return Patch(rows, columns, u, v, np.asarray(z / FOCAL / self.scale, np.float32), np.asarray(z, np.float32))

    def wall(self, x: float, near: float, far: float, top: float) -> Patch:
        """A wall along the street at `x`; `u` runs with the distance from the camera."""
        offset = x - self.camera_x
        ends = sorted(FOCAL * offset / z for z in (near, far))
        upper = FOCAL * (EYE_HEIGHT - top) / near
        rows, columns = self.window(ends[0], ends[1], upper, FOCAL * EYE_HEIGHT / near)
        along = self.x[:, columns]
        z = np.clip(FOCAL * offset / np.where(along == 0, np.float32(1e-6), along), 1e-3, 1e4).astype(np.float32)
        v = (np.float32(EYE_HEIGHT) - self.y[rows] * z / FOCAL).astype(np.float32)
        z = np.broadcast_to(z, v.shape)
        return Patch(rows, columns, z, v, z / np.float32(FOCAL * self.scale), z)

    def ground(self) -> Patch:
        """The road plane; `u` is X and `v` is Z, in metres."""
        rows = slice(int(np.clip(np.ceil(-float(self.y[0, 0]) * self.scale), 0, self.y.shape[0])), self.y.shape[0])
        z = np.minimum(FOCAL * EYE_HEIGHT / np.maximum(self.y[rows], np.float32(1e-4)), 500.0).astype(np.float32)
        u = self.x * z / np.float32(FOCAL) + np.float32(self.camera_x)
        z = np.broadcast_to(z, u.shape)
        return Patch(rows, slice(0, self.x.shape[1]), u, z, z / np.float32(FOCAL * self.scale), z)

    def paint(
        self,
        patch: Patch,
        distance: Plane,
        *,
        albedo: Colour | Plane | None = None,
        glow: Colour | Plane | None = None,
        heat: float | Plane | None = None,
        label: int | None = None,
        surface: int | None = None,
        strength: float | Plane = 1.0,
    ) -> None:
        """Paint the inside of a shape; what is None stays as it is, `strength` below 1 lets it shine through."""
        at = (patch.rows, patch.columns)
        mask = coverage(distance, patch.pixel)
        share = mask * strength
        for plane, value in ((self.albedo, albedo), (self.glow, glow)):
            if value is not None:
                target = plane[(slice(None), *at)]
                target += share * (_three(value) - target)
        if heat is not None:
            target = self.heat[at]
            target += share * (heat - target)
        solid = mask >= 0.5
        if surface is not None:
            np.copyto(self.z[at], patch.z, where=solid)
            self.surface[at][solid] = surface
        if label is not None:
            self.labels[at][solid] = label


def _three(value: Colour | Plane) -> NDArray[np.float32]:
    array = np.asarray(value, dtype=np.float32)
    return array[:, None, None] if array.ndim == 1 else array
