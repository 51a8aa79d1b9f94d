"""An axial slice of a head at the level of the lateral ventricles, seen by T2-weighted MRI and by FDG-PET.

Everything is computed; no scan is part of it. The lesion is bright and even in the MRI; the PET alone shows that its
core is dead tissue.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.signal import fftconvolve

from fuselens.core.pair import ImagePair
from fuselens.data.scenes import sensor
from fuselens.data.scenes.anatomy import Anatomy, Tissue, draw_anatomy
from fuselens.data.scenes.shapes import Plane, ellipse, smoothstep
from fuselens.data.scenes.texture import fractal

OVERSAMPLING = 2
CLASSES = {int(tissue): tissue.name.lower().replace("_", " ") for tissue in Tissue}
CARRIED_BY = {
    "scalp": "a",
    "skull": "both",
    "csf": "both",
    "grey matter": "both",
    "white matter": "both",
    "ventricle": "both",
    "deep nucleus": "both",
    "lesion": "both",
    "necrotic core": "b",
    "hot spot": "b",
}
T2 = {
    Tissue.BACKGROUND: 0.0, Tissue.SCALP: 0.62, Tissue.SKULL: 0.06, Tissue.CSF: 0.93, Tissue.GREY_MATTER: 0.52,
    Tissue.WHITE_MATTER: 0.33, Tissue.VENTRICLE: 0.96, Tissue.DEEP_NUCLEUS: 0.45, Tissue.LESION: 0.84,
    Tissue.NECROTIC_CORE: 0.84,
}  # fmt: skip
UPTAKE = {
    Tissue.BACKGROUND: 0.0, Tissue.SCALP: 0.05, Tissue.SKULL: 0.02, Tissue.CSF: 0.30, Tissue.GREY_MATTER: 0.92,
    Tissue.WHITE_MATTER: 0.22, Tissue.VENTRICLE: 0.03, Tissue.DEEP_NUCLEUS: 0.80, Tissue.LESION: 1.18,
    Tissue.NECROTIC_CORE: 0.0,
}  # fmt: skip
SPOT = 0.052
"""Radius of the hot spot, in units of the image's shorter side."""
TABLE = np.array([
    (0.00, 0.00, 0.00, 0.00), (0.14, 0.00, 0.03, 0.42), (0.28, 0.04, 0.26, 0.95), (0.40, 0.10, 0.72, 0.72),
    (0.50, 0.50, 0.92, 0.30), (0.60, 1.00, 0.98, 0.05), (0.75, 1.00, 0.58, 0.00), (0.90, 0.98, 0.10, 0.02),
    (1.00, 0.92, 0.00, 0.30),
], dtype=np.float32)  # fmt: skip
"""Level, red, green, blue: black, blue, green, yellow, red, as PET is shown in brain atlases."""


def brain_scene(
    seed: int = 0,
    size: tuple[int, int] = (256, 256),
    *,
    noise: float = 0.01,
    blur: float = 0.0,
    lesion: bool = True,
) -> ImagePair:
    """Draw an axial brain slice.

    Args:
        seed: other seeds give other heads with the same anatomy.
        size: height and width in pixels, at least 64 each.
        noise: standard deviation of the scanners' noise in the MRI, and of the uptake in the PET.
        blur: standard deviation, in pixels, of a Gaussian blur of both sources.
        lesion: whether there is a lesion with a necrotic core.

    Returns:
        The pair mri (grey) and pet (colour). `truth` holds `labels` (int64 `[H, W]`), `classes` (number to name) and
        `carried_by` (name to `"a"`, `"b"`, `"both"` or `"neither"`): which sensor shows it against its surroundings.
        The background has no entry there. The lesion's class is its rim; `necrotic core` lies inside.

    Raises:
        InputError: a setting is out of range.
    """
    sensor.check_settings(seed, size, noise, blur)
    layout, shot = np.random.default_rng([seed, 1]), np.random.default_rng([seed, 2])
    anatomy = draw_anatomy((OVERSAMPLING * size[0], OVERSAMPLING * size[1]), layout, lesion=lesion)
    spot = _busy_cortex(anatomy)
    labels = np.where(spot < 0, Tissue.HOT_SPOT, anatomy.tissue)[::OVERSAMPLING, ::OVERSAMPLING]
    truth = sensor.truth_of(labels, CLASSES, CARRIED_BY)
    origin = f"brain_scene(seed={seed})"
    return ImagePair(
        sensor.grey_source(_mri(anatomy, noise, blur, layout, shot), "mri", origin),
        sensor.coloured_source(_pet(anatomy, spot, noise, blur, layout, shot), "pet", origin),
        truth=truth,
    )


def _mri(
    anatomy: Anatomy, noise: float, blur: float, layout: np.random.Generator, shot: np.random.Generator
) -> NDArray[np.float32]:
    """T2 weighting: water bright, fat less, bone black; Rician noise, which never falls below zero."""
    signal = _paint(anatomy.tissue, T2)
    grain = fractal(anatomy.x * 40, anatomy.y * 40, layout, 3)
    signal *= 1 + 0.10 * grain * (anatomy.tissue != Tissue.LESION) * (anatomy.tissue != Tissue.NECROTIC_CORE)
    signal = np.where(anatomy.tissue == Tissue.WHITE_MATTER, signal + 0.26 * anatomy.oedema, signal)
    signal = np.where(anatomy.tissue == Tissue.SKULL, signal + 0.30 * anatomy.marrow, signal)
    signal *= anatomy.dimming
    signal *= 1 + 0.06 * fractal(anatomy.x * 2, anatomy.y * 2, layout, 2)
    soft = sensor.soften(
        sensor.soften(sensor.shrink(signal.astype(np.float32), OVERSAMPLING), min(signal.shape) / 1024), blur
    )
    real, imaginary = np.float32(noise) * shot.standard_normal((2, *soft.shape), dtype=np.float32)
    return np.asarray(np.hypot(soft + real, imaginary), dtype=np.float32)


def _pet(
    anatomy: Anatomy,
    spot: Plane,
    noise: float,
    blur: float,
    layout: np.random.Generator,
    shot: np.random.Generator,
) -> NDArray[np.float32]:
    """Uptake at the scanner's resolution of about 6 mm, shown in colours."""
    uptake = _paint(anatomy.tissue, UPTAKE)
    uptake *= 1 + 0.22 * fractal(anatomy.x * 7, anatomy.y * 7, layout, 3)
    uptake += smoothstep(0.015, -0.030, spot) * (np.float32(1.08) - uptake)
    side = min(uptake.shape) / OVERSAMPLING
    level = sensor.soften(sensor.shrink(uptake.astype(np.float32), OVERSAMPLING), 0.0125 * side)
    speckle = sensor.soften(shot.standard_normal(level.shape, dtype=np.float32), 0.008 * side)
    level = sensor.soften(level + np.float32(noise) * speckle / speckle.std() * np.sqrt(level), blur)
    return np.stack([np.interp(level, TABLE[:, 0], TABLE[:, channel]) for channel in (1, 2, 3)]).astype(np.float32)


def _busy_cortex(anatomy: Anatomy) -> Plane:
    """Distance to a disc of cortex at work, far from the lesion, where the MRI shows no step round it."""
    coarse = 2
    tissue = anatomy.tissue[::coarse, ::coarse]
    unit = min(tissue.shape)
    grey = sensor.soften((tissue == Tissue.GREY_MATTER).astype(np.float32), 0.03 * unit)
    step = _step_round_disc(_paint(tissue, T2), SPOT * unit, 0.012 * unit)
    sound = (tissue > Tissue.SKULL) & (tissue < Tissue.LESION)
    room = distance_transform_edt(sound) > 0.065 * unit
    if (tissue == Tissue.LESION).any():
        room &= distance_transform_edt(tissue != Tissue.LESION) > 0.2 * unit
    row, column = np.unravel_index(np.argmax(np.where(room, grey - 8 * np.abs(step), -np.inf)), tissue.shape)
    centre = float(anatomy.x[0, column * coarse]), float(anatomy.y[row * coarse, 0])
    return ellipse(anatomy.x, anatomy.y, centre, (SPOT, SPOT))


def _step_round_disc(level: NDArray[np.float32], radius: float, width: float) -> NDArray[np.float32]:
    """How much brighter the rim of a disc is than the ring round it, for discs centred at each sample."""
    reach = int(np.ceil(radius + 4 * width))
    down, right = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    beyond = (np.hypot(down, right) - radius) / width
    inner, outer = np.exp(-((beyond + 1) ** 2)), np.exp(-((beyond - 1) ** 2))
    kernel = inner / inner.sum() - outer / outer.sum()
    return np.asarray(fftconvolve(level, kernel, mode="same"), dtype=np.float32)


def _paint(tissue: NDArray[np.int64], values: dict[Tissue, float]) -> NDArray[np.float32]:
    table: NDArray[np.float32] = np.zeros(max(Tissue) + 1, dtype=np.float32)
    for kind, value in values.items():
        table[kind] = value
    return table[tissue]
