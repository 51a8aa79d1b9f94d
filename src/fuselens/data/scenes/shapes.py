"""Shapes as signed distances: negative inside, positive outside, in whatever unit the coordinates have.

Reference: I. Quilez, "2D distance functions". A distance becomes an anti-aliased mask through `coverage`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.floating[Any]]


def _single(value: Any) -> Plane:
    return np.asarray(value, dtype=np.float32)


def coverage(distance: Plane, pixel: Plane | float) -> Plane:
    """Share of each pixel that lies inside, in `[0, 1]`, for pixels that are `pixel` units wide."""
    return _single(np.clip(np.float32(0.5) - distance / pixel, 0.0, 1.0))


def smoothstep(low: float, high: float, value: Plane) -> Plane:
    """Rise from 0 at `low` to 1 at `high` without kinks; falls where `low > high`."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return _single(t * t * (np.float32(3.0) - np.float32(2.0) * t))


def ellipse(x: Plane, y: Plane, centre: tuple[float, float], radii: tuple[float, float]) -> Plane:
    """Distance to an ellipse with axes along x and y; exact at its outline to first order."""
    dx, dy = x - np.float32(centre[0]), y - np.float32(centre[1])
    first = np.hypot(dx / radii[0], dy / radii[1])
    second = np.hypot(dx / radii[0] ** 2, dy / radii[1] ** 2)
    return _single(first * (first - 1.0) / np.maximum(second, np.float32(1e-6)))


def box(x: Plane, y: Plane, centre: tuple[float, float], half: tuple[float, float], radius: float = 0.0) -> Plane:
    """Distance to a rectangle of half sides `half` whose corners are rounded by `radius`."""
    dx = np.abs(x - np.float32(centre[0])) - np.float32(half[0] - radius)
    dy = np.abs(y - np.float32(centre[1])) - np.float32(half[1] - radius)
    outside = np.hypot(np.maximum(dx, 0.0), np.maximum(dy, 0.0))
    return _single(outside + np.minimum(np.maximum(dx, dy), 0.0) - np.float32(radius))


def limb(x: Plane, y: Plane, start: tuple[float, float], end: tuple[float, float], radii: tuple[float, float]) -> Plane:
    """Distance to a rod between two points whose radius runs from `radii[0]` to `radii[1]`."""
    ax, ay = np.float32(end[0] - start[0]), np.float32(end[1] - start[1])
    dx, dy = x - np.float32(start[0]), y - np.float32(start[1])
    t = np.clip((dx * ax + dy * ay) / (ax * ax + ay * ay), 0.0, 1.0)
    return _single(np.hypot(dx - t * ax, dy - t * ay) - np.float32(radii[0]) - t * np.float32(radii[1] - radii[0]))


def polygon(x: Plane, y: Plane, corners: list[tuple[float, float]]) -> Plane:
    """Distance to a simple polygon, in any winding."""
    nearest = np.full(np.broadcast(x, y).shape, np.inf, dtype=np.float32)
    inside = np.zeros(nearest.shape, dtype=bool)
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        nearest = np.minimum(nearest, limb(x, y, (x0, y0), (x1, y1), (0.0, 0.0)))
        if y0 != y1:
            crosses = ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
            inside ^= crosses
    return _single(np.where(inside, -nearest, nearest))


def melt(first: Plane, second: Plane, width: float) -> Plane:
    """Union of two shapes whose seam is rounded over `width` (polynomial smooth minimum)."""
    h = np.maximum(np.float32(width) - np.abs(first - second), 0.0) / np.float32(width)
    return _single(np.minimum(first, second) - h * h * np.float32(width / 4))


def curve(x: Plane, y: Plane, points: list[tuple[float, float]], radii: list[float], seam: float = 0.01) -> Plane:
    """Distance to a rod that bends through `points`, where its radii are `radii`."""
    rods = [limb(x, y, points[i], points[i + 1], (radii[i], radii[i + 1])) for i in range(len(points) - 1)]
    distance = rods[0]
    for rod in rods[1:]:
        distance = melt(distance, rod, seam)
    return distance
