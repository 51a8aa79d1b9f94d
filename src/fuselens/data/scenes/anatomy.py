"""The anatomy of an axial slice: head, folded cortex, ventricles, nuclei, and perhaps a lesion.

The cortex is a ribbon of even thickness along the surface of the brain: sulci are drawn first, and grey matter is what
lies near the fluid. Proportions after an atlas: a brain 170 mm long, grey matter 3 mm thick.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, label

from fuselens.data.scenes.shapes import Plane, curve, ellipse, smoothstep
from fuselens.data.scenes.texture import fractal, swell

CORTEX = 0.0165
Mask = NDArray[np.bool_]


class Tissue(IntEnum):
    """Classes of the slice; the last one is a spot of high activity in ordinary tissue."""

    BACKGROUND = 0
    SCALP = 1
    SKULL = 2
    CSF = 3
    GREY_MATTER = 4
    WHITE_MATTER = 5
    VENTRICLE = 6
    DEEP_NUCLEUS = 7
    LESION = 8
    NECROTIC_CORE = 9
    HOT_SPOT = 10


@dataclass(frozen=True)
class Anatomy:
    """A slice on the oversampled grid; all planes `[h, w]`.

    Attributes:
        x, y: coordinates, right and down (to the back of the head), in units of the image's shorter side.
        tissue: what is where.
        oedema: strength of the swelling round the lesion, in `[0, 1]`.
        marrow: the spongy middle of the skull's bone, in `[0, 1]`.
        dimming: factor on the MRI's signal in skin, muscle, falx and flowing blood, in `[0, 1]`.
    """

    x: Plane
    y: Plane
    tissue: NDArray[np.int64]
    oedema: Plane
    marrow: Plane
    dimming: Plane


def draw_anatomy(shape: tuple[int, int], rng: np.random.Generator, *, lesion: bool) -> Anatomy:
    """Draw a slice on a grid of `shape`; other generators give other heads."""
    unit = min(shape)
    x, y = np.meshgrid(*(
        ((np.arange(side) + 0.5 - side / 2) / unit).astype(np.float32) for side in (shape[1], shape[0])
    ))  # fmt: skip
    u, v = _grown(x, y, rng)
    spot = (
        float(rng.choice((-1, 1)) * rng.uniform(0.165, 0.185)),
        float(rng.choice((-0.16, 0.14)) + rng.uniform(-0.02, 0.02)),
    )
    if lesion:
        u, v = _pushed(u, v, spot)
    head = _oval(u, v, (0.378, 0.466), 0.10)
    brain = _oval(u, v, (0.312, 0.394), 0.08) + 0.005 * fractal(u * 12, v * 12, rng, 2)
    tissue = np.full(shape, Tissue.BACKGROUND, dtype=np.int64)
    _draw_shell(tissue, head, brain, u, v, rng)
    _draw_cortex(tissue, brain, u, v, rng, unit)
    _draw_deep(tissue, u, v, rng)
    oedema = _draw_lesion(tissue, x, y, spot, rng) if lesion else np.zeros(shape, dtype=np.float32)
    return Anatomy(x, y, tissue, oedema, *_shell_detail(head, brain, u, v, rng))


def _grown(x: Plane, y: Plane, rng: np.random.Generator) -> tuple[Plane, Plane]:
    """Coordinates of an ideal symmetric head at each point of one that grew: tilted, uneven, one side fuller."""
    tilt, fuller = np.float32(rng.uniform(-0.05, 0.05)), np.float32(rng.uniform(-0.02, 0.02))
    u, v = x - tilt * y, y + tilt * x
    v = v + fuller * np.tanh(u * 12) * np.sign(v) * np.abs(v)
    u = u + 0.008 * swell(x * 3, y * 3, rng) + 0.0025 * swell(x * 9, y * 9, rng)
    v = v + 0.008 * swell(x * 3, y * 3, rng) + 0.0025 * swell(x * 9, y * 9, rng)
    return u, v


def _pushed(u: Plane, v: Plane, spot: tuple[float, float]) -> tuple[Plane, Plane]:
    """The mass effect: a growing lesion shoves its neighbours aside."""
    dx, dy = u - np.float32(spot[0]), v - np.float32(spot[1])
    push = 0.45 * np.exp(-(dx * dx + dy * dy) / np.float32(0.09**2))
    return u - dx * push, v - dy * push


def _oval(u: Plane, v: Plane, half: tuple[float, float], taper: float) -> Plane:
    """Distance to an egg that is wider at the back; good near its outline."""
    across = np.abs(u) / (half[0] * (1 + np.float32(taper) * v / half[1]))
    level = (across**2.25 + np.abs(v / half[1]) ** 2.25) ** np.float32(1 / 2.25)
    towards_ends = np.abs(v) / np.hypot(u, v).clip(1e-3)
    depth: Plane = (level - 1) * (half[0] + np.float32(half[1] - half[0]) * towards_ends)
    return depth


def _draw_shell(
    tissue: NDArray[np.int64], head: Plane, brain: Plane, u: Plane, v: Plane, rng: np.random.Generator
) -> None:
    """Scalp, bone, and the fluid round the brain."""
    temples = np.exp(-(((np.abs(u) - 0.30) / 0.07) ** 2) - ((v + 0.16) / 0.12) ** 2)
    thick = 0.019 + 0.005 * fractal(u * 5, v * 5, rng, 2) + 0.008 * temples
    tissue[head < 0] = Tissue.SCALP
    tissue[head < -thick] = Tissue.SKULL
    tissue[brain < 0.008] = Tissue.CSF


def _shell_detail(head: Plane, brain: Plane, u: Plane, v: Plane, rng: np.random.Generator) -> tuple[Plane, Plane]:
    """The skull's marrow; and what is darker in the MRI than its tissue: skin, temple muscle, falx, venous sinus."""
    marrow = np.exp(-(((0.5 * (head + 0.020 + brain - 0.008)) / 0.006) ** 2)) * (
        0.7 + 0.6 * fractal(u * 9, v * 9, rng, 3)
    )
    skin = 0.35 * smoothstep(-0.006, -0.002, head)
    muscle = (
        0.6 * np.exp(-(((np.abs(u) - 0.32) / 0.05) ** 2) - ((v + 0.15) / 0.10) ** 2) * smoothstep(-0.008, -0.012, head)
    )
    falx = 0.7 * np.exp(-((u / 0.0020) ** 2)) * smoothstep(0.15, 0.20, np.abs(v))
    sinus = 0.95 * smoothstep(0.003, -0.003, ellipse(u, v, (0.0, 0.392), (0.016, 0.013)))
    return marrow, 1 - np.maximum.reduce([skin, muscle * (brain > 0.01), falx * (brain < 0.008), sinus])


def _draw_cortex(
    tissue: NDArray[np.int64], brain: Plane, u: Plane, v: Plane, rng: np.random.Generator, unit: int
) -> None:
    """Sulci as winding lines from the surface inwards; then grey matter along all fluid, white matter beyond."""
    inside = brain < 0
    side = np.where(u < 0, np.float32(-1), np.float32(1))
    out, along = u - np.float32(0.135) * side, v * np.float32(0.62)
    angle = np.arctan2(along, out * side)
    wobble = fractal(u * 9 + 30, v * 9 + 30, rng, 3, gain=0.6)
    middle = np.abs(u + 0.005 * fractal(u * 2, v * 14, rng, 2))
    depth = np.minimum(-brain, middle)
    deep = np.maximum(0.090 + 0.085 * fractal(u * 8 + 3, v * 8 + 3, rng, 2), 0.045)
    bridge = (v > -0.175) & (v < 0.125)
    free = ~(bridge & (middle < 0.13))
    sulci = np.zeros(inside.shape, dtype=bool)
    for folds, swing, limit in ((10, 3.3, deep), (20, 4.0, 0.35 * deep)):
        line = _crest(folds * angle + side * 1.3 + swing * wobble, unit)
        sulci |= (line < 0.0042 * np.clip(1.3 - depth / limit, 0.3, 1)) & (depth < limit) & free
    fissure = (middle < 0.0050) & ~bridge
    sulci = inside & (sulci | fissure | (_sylvian(u, v, rng) < 0))
    # a sulcus opens to the surface: rings that float in the white matter are none
    lakes, _ = label(sulci | ~inside)
    fluid = inside & (lakes == lakes[0, 0])
    pial = distance_transform_edt(~(fluid | ~inside)) / unit
    tissue[inside] = Tissue.WHITE_MATTER
    tissue[inside & (pial < CORTEX * (1 + 0.3 * fractal(u * 12, v * 12, rng, 2)))] = Tissue.GREY_MATTER
    tissue[fluid] = Tissue.CSF


def _crest(phase: Plane, unit: int) -> Plane:
    """Distance to the nearest line where `phase` is a multiple of pi."""
    sine, cosine = np.sin(phase), np.cos(phase)
    steepness = np.sqrt(sum(np.square(slope) for wave in (sine, cosine) for slope in np.gradient(wave))) * unit
    distance: Plane = np.abs(sine) / np.maximum(steepness, np.float32(1e-3))
    return distance


def _sylvian(u: Plane, v: Plane, rng: np.random.Generator) -> Plane:
    """The deep fissure at each side, with the insula at its floor."""
    a, b = np.abs(u), v + np.float32(rng.uniform(0.005, 0.02)) * np.sign(u)
    stem = curve(a, b, [(0.33, -0.075), (0.27, -0.055), (0.235, -0.030), (0.213, -0.035)], [0.009, 0.005, 0.004, 0.003])
    floor = curve(a, b, [(0.192, -0.105), (0.207, -0.07), (0.213, -0.02), (0.203, 0.03), (0.212, 0.06)],
                  [0.003, 0.004, 0.0045, 0.0035, 0.003])  # fmt: skip
    return np.minimum(stem, floor)


def _draw_deep(tissue: NDArray[np.int64], u: Plane, v: Plane, rng: np.random.Generator) -> None:
    """Nuclei and ventricles; left and right differ a little."""
    left, right = (np.float32(value) for value in rng.uniform(0.9, 1.12, 2))
    size = np.where(u < 0, left, right)
    a, b = np.abs(u) / size, v / size
    nuclei = np.minimum.reduce([
        curve(a, b, [(0.058, -0.140), (0.078, -0.105), (0.088, -0.070)], [0.017, 0.018, 0.008]),
        curve(a, b, [(0.118, -0.100), (0.148, -0.045), (0.150, 0.010), (0.138, 0.045)], [0.014, 0.022, 0.018, 0.005]),
        curve(a, b, [(0.028, 0.005), (0.046, 0.035), (0.066, 0.070)], [0.018, 0.034, 0.020]),
    ])  # fmt: skip
    tissue[nuclei < 0] = Tissue.DEEP_NUCLEUS
    horn = curve(
        a,
        b,
        [(0.010, -0.050), (0.017, -0.095), (0.032, -0.135), (0.060, -0.166)],
        [0.006, 0.012, 0.013, 0.006],
        seam=0.03,
    )
    atrium = curve(a, b, [(0.084, 0.078), (0.106, 0.105), (0.116, 0.140), (0.107, 0.185), (0.082, 0.220)],
                   [0.006, 0.013, 0.017, 0.011, 0.004], seam=0.03)  # fmt: skip
    third = curve(u, v, [(0, -0.02), (0, 0.025), (0, 0.070)], [0.003, 0.006, 0.003])
    cistern = curve(a, v, [(0.0, 0.103), (0.018, 0.106), (0.036, 0.118)], [0.009, 0.006, 0.003])
    ventricle = np.minimum.reduce([np.maximum(horn, 0.003 - np.abs(u)), atrium, third, cistern])
    tissue[ventricle < 0] = Tissue.VENTRICLE


def _draw_lesion(
    tissue: NDArray[np.int64], x: Plane, y: Plane, spot: tuple[float, float], rng: np.random.Generator
) -> Plane:
    """A lesion whose core is dead; returns the swelling of the white matter round it."""
    size = float(rng.uniform(0.95, 1.15))
    whole = ellipse(x, y, spot, (0.080 * size, 0.071 * size)) + 0.009 * swell(x * 13, y * 13, rng)
    whole = whole + 0.008 * fractal(x * 28, y * 28, rng, 2)
    core = whole + 0.029 + 0.004 * swell(x * 18, y * 18, rng)
    brain = tissue >= Tissue.CSF
    tissue[(whole < 0) & brain] = Tissue.LESION
    tissue[(core < 0) & brain] = Tissue.NECROTIC_CORE
    return smoothstep(0.055, 0.0, whole + 0.07 * fractal(x * 13, y * 13, rng, 2))
