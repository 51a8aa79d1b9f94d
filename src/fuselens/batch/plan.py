"""The plan of a batch: what is done to every pair. A worker on any machine can begin with it alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from fuselens.core.errors import InputError
from fuselens.core.version import __version__

_REGION = re.compile(r"([A-Za-z][\w-]*)=(\d+),(\d+),(\d+),(\d+)")


@dataclass(frozen=True)
class Region:
    """A part of every image with a name.

    Attributes:
        name: a word.
        box: top, left, bottom, right in pixels; bottom and right are outside.
    """

    name: str
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Plan:
    """What is done to every pair.

    Attributes:
        model: `NAME[:WEIGHTS]`, `path.py:factory`, `FILE.onnx`, or an operator that can be pickled.
        names: modality names of the sources.
        out: folder of all results.
        work: names of work, `explain:METHOD` among them.
        metrics: what `score` computes.
        target: what `explain:METHOD` explains, such as `region:0,0,64,64`; None: the method's own default.
        regions: for `share`, and for alarms.
        image_format: suffix of fused images.
        keep_colour, normalize, window: how images are read, as by `read_pair`.
        device: where to compute.
        seed: of everything random.
    """

    model: Any
    names: tuple[str, str]
    out: Path
    work: tuple[str, ...] = ("fuse",)
    metrics: tuple[str, ...] = ("en", "sd", "sf", "vif", "qabf", "ssim")
    target: str | None = None
    regions: tuple[Region, ...] = ()
    image_format: str = "png"
    keep_colour: bool = True
    normalize: Literal["minmax"] | None = None
    window: tuple[float, float] | Literal["percentile"] | None = None
    device: str = "cpu"
    seed: int = 0
    identity: dict[str, Any] = field(default_factory=dict)
    """Name of the model and hash of its weights."""

    def record(self) -> dict[str, Any]:
        """Return what results depend on, in plain words; a batch goes on only under the same."""
        return {
            "fuselens": __version__,
            **self.identity,
            "names": list(self.names),
            "work": list(self.work),
            "metrics": list(self.metrics) if "score" in self.work else None,
            "target": self.target,
            "regions": {region.name: list(region.box) for region in self.regions},
            "image_format": self.image_format,
            "keep_colour": self.keep_colour,
            "normalize": self.normalize,
            "window": list(self.window) if isinstance(self.window, tuple) else self.window,
            "seed": self.seed,
        }


def parse_regions(texts: Sequence[str]) -> tuple[Region, ...]:
    """Read `road=120,0,240,320`: name, top, left, bottom, right.

    Raises:
        InputError: another form, an empty box, or a name given twice.

    Example:
        >>> parse_regions(["road=120,0,240,320"])[0].box
        (120, 0, 240, 320)
    """
    regions = []
    for text in texts:
        match = _REGION.fullmatch(text)
        if not match:
            raise InputError(f"Expected --region NAME=TOP,LEFT,BOTTOM,RIGHT but got '{text}'.")
        top, left, bottom, right = (int(number) for number in match.groups()[1:])
        if top >= bottom or left >= right:
            raise InputError(f"Region '{text}' is empty; BOTTOM must be more than TOP, and RIGHT more than LEFT.")
        regions.append(Region(match[1], (top, left, bottom, right)))
    if len({region.name for region in regions}) < len(regions):
        raise InputError("Two regions have one name; give each its own.")
    return tuple(regions)
