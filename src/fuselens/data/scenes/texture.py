"""Natural texture: value noise and its octaves, drawn in the scene's own coordinates.

The pattern belongs to the scene and not to the pixel grid: other image sizes show the same leaves. Reference: Ebert
et al., "Texturing and Modeling: A Procedural Approach" (2003).
"""

from __future__ import annotations

import numpy as np

from fuselens.data.scenes.shapes import Plane

PERIOD = 64
_TURN = np.float32(np.cos(0.65)), np.float32(np.sin(0.65))


def noise(x: Plane, y: Plane, rng: np.random.Generator) -> Plane:
    """Smooth random field in `[-1, 1]` with features one unit wide, repeating after 64 units."""
    table = rng.uniform(-1.0, 1.0, (PERIOD, PERIOD)).astype(np.float32).ravel()
    column, row = np.floor(x), np.floor(y)
    fx, fy = x - column, y - row
    fx, fy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)
    left, top = column.astype(np.int32) & (PERIOD - 1), row.astype(np.int32) & (PERIOD - 1)
    right, bottom = (left + 1) & (PERIOD - 1), (top + 1) & (PERIOD - 1)
    top, bottom = top * PERIOD, bottom * PERIOD
    above = table[top + left] * (1 - fx) + table[top + right] * fx
    below = table[bottom + left] * (1 - fx) + table[bottom + right] * fx
    return np.asarray(above * (1 - fy) + below * fy, dtype=np.float32)


def swell(x: Plane, y: Plane, rng: np.random.Generator, waves: int = 6) -> Plane:
    """Smooth bends about one unit long, about `[-1, 1]`: a sum of plane waves in random directions.

    Its level lines are round, where those of `noise` betray the lattice.
    """
    total: Plane = np.zeros(np.broadcast(x, y).shape, dtype=np.float32)
    for _ in range(waves):
        turn, start = rng.uniform(0, 2 * np.pi, 2)
        pace = rng.uniform(2.0, 4.5)
        total += np.sin(x * np.float32(pace * np.cos(turn)) + y * np.float32(pace * np.sin(turn)) + np.float32(start))
    return total / np.float32(np.sqrt(1.5 * waves))


def fractal(x: Plane, y: Plane, rng: np.random.Generator, octaves: int = 4, gain: float = 0.5) -> Plane:
    """Sum of `octaves` noises, each twice as fine and `gain` times as strong; about `[-1, 1]`.

    Every octave is turned against the one before, which hides the lattice.
    """
    total: Plane = np.zeros(np.broadcast(x, y).shape, dtype=np.float32)
    strength = np.float32(1.0)
    weight = np.float32(0.0)
    for _ in range(octaves):
        total += strength * noise(x, y, rng)
        weight += strength
        strength *= np.float32(gain)
        x, y = 2 * (_TURN[0] * x - _TURN[1] * y) + 17.3, 2 * (_TURN[1] * x + _TURN[0] * y) + 5.7
    return total / weight
