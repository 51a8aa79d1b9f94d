"""Charts of scenes, as numbers on an SVG canvas: the images on a map, and the sizes of the scenes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fuselens.report.leaderboard_columns import counted

WIDTH, HEIGHT, MARGIN = 420, 320, 12  # of the map
BAR_TOP, BAR_BASE = 16, 120
_MOST_LABELS = 30  # numbers that fit below the bars


@dataclass(frozen=True)
class Spot:
    """One scene on the map: the place of its number, its colour, and all its images as one path of dots."""

    number: int
    x: float
    y: float
    hue: int
    dots: Sequence[tuple[float, float]]
    title: str


@dataclass(frozen=True)
class SceneMap:
    """The images on the two directions along which their features differ most."""

    spots: Sequence[Spot]
    alt: str

    @classmethod
    def of(
        cls, points: npt.NDArray[np.float64], labels: npt.NDArray[np.int64], colours: Sequence[int], name: str
    ) -> SceneMap:
        """Place images `[n, 2]` on the canvas, both directions on one scale."""
        middle = (points.max(axis=0) + points.min(axis=0)) / 2
        span = np.maximum(np.ptp(points, axis=0), 1e-12)
        scale = min((WIDTH - 2 * MARGIN) / span[0], (HEIGHT - 2 * MARGIN) / span[1])
        placed = (points - middle) * (scale, -scale) + (WIDTH / 2, HEIGHT / 2)
        spots = []
        for scene, hue in enumerate(colours):
            inside = placed[labels == scene]
            x, y = inside.mean(axis=0).tolist()
            title = f"scene {scene}: {counted(len(inside), 'image')}"
            spots.append(Spot(scene, x, y, hue, [(a, b) for a, b in inside.tolist()], title))
        return cls(spots, f"{len(points)} {name} images on a map, coloured by {len(spots)} scenes.")


@dataclass(frozen=True)
class SizeBar:
    """One scene: the place, height and colour of its bar, and its number where there is room for it."""

    x: float
    width: float
    top: float
    hue: int
    label: str
    title: str


@dataclass(frozen=True)
class SizeBars:
    """How many images each scene has.

    Attributes:
        bars: the largest scene first.
        even: y of the line where all bars would end if all scenes were of one size.
        largest: size of the largest scene.
        alt: the numbers, for those who cannot see them.
    """

    bars: Sequence[SizeBar]
    even: float
    largest: int
    alt: str

    @classmethod
    def of(cls, sizes: npt.NDArray[np.int64], colours: Sequence[int], name: str) -> SizeBars:
        """Draw sizes `[N]`."""
        largest, step = int(sizes.max()), WIDTH / len(sizes)
        every = math.ceil(len(sizes) / _MOST_LABELS)
        bars = [
            SizeBar(
                x=scene * step,
                width=0.8 * step,
                top=_height(size / largest),
                hue=colours[scene],
                label="" if scene % every else str(scene),
                title=f"scene {scene}: {counted(size, 'image')}",
            )
            for scene, size in enumerate(sizes.tolist())
        ]
        alt = f"Images in each {name} scene: {', '.join(map(str, sizes.tolist()))}."
        return cls(bars, _height(float(sizes.mean()) / largest), largest, alt)


def hues(points: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]) -> list[int]:
    """Return a hue in degrees for each scene, turning with its direction on the map: neighbours look alike.

    Hues are evenly spaced, so that no two scenes have the same one.
    """
    count = int(labels.max()) + 1
    centres = np.stack([points[labels == scene].mean(axis=0) for scene in range(count)])
    away = centres - points.mean(axis=0)
    place = np.argsort(np.argsort(np.arctan2(away[:, 1], away[:, 0]), kind="stable"))
    return [round(360 * int(k) / count) for k in place]


def _height(part: float) -> float:
    return BAR_BASE - part * (BAR_BASE - BAR_TOP)
