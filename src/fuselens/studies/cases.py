"""A case: one pair, what is explained of it, and the units that can be hidden. Studies of explainers begin here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.nn.functional import avg_pool2d

from fuselens.core.errors import InputError
from fuselens.core.evaluator import Evaluator
from fuselens.core.fills import blurred, usual_sigma
from fuselens.core.locality import Box, crop
from fuselens.core.model import FusionModel
from fuselens.core.pair import ImagePair, Source
from fuselens.core.targets import RegionMean, Similarity, Target
from fuselens.core.units import Units, Which, make_units
from fuselens.data.folders import PairFiles
from fuselens.data.pairs import read_pair
from fuselens.explainers.hiding import HidingOptions

REGION_SIDE = 32
QUICK_SIDE = 96
UNITS, QUICK_UNITS = "slic:100", "slic:40"
PAPER_MODELS = ("cmcffuse", "swinfuse")
"""The networks whose explanations paper 000 compares."""
Folders = Mapping[str, Sequence[PairFiles]]
"""Name of a data set to its pairs."""


@dataclass(frozen=True, eq=False)
class Case:
    """What is explained, and by which units.

    Attributes:
        pair: the sources.
        target: what sets are asked for: mostly how similar a region stays.
        mean: what methods that follow gradients explain in its place, since a similarity has none at the pair itself.
        units: what can be hidden.
        which: the sources in which units lie.
        fill: what replaces hidden pixels.
        seed: of everything random.
        box: the region; None for the whole image.
    """

    pair: ImagePair
    target: Target
    mean: Target
    units: Units
    which: Which
    fill: str
    seed: int
    box: Box | None = None

    @property
    def options(self) -> HidingOptions:
        """What methods that hide units take."""
        return {"units": self.units, "fill": self.fill, "seed": self.seed}

    @property
    def options_without_units(self) -> HidingOptions:
        """What methods that hide windows or soft masks of their own take."""
        return {"which": self.which, "fill": self.fill, "seed": self.seed}

    def evaluator(self, model: FusionModel) -> Evaluator:
        """Return the evaluator that judges all methods' sets; use it as a context manager."""
        return Evaluator(model, self.pair, self.target, self.units, fill=self.fill, seed=self.seed)


@dataclass(frozen=True)
class CaseSettings:
    """How cases are made of pairs.

    Attributes:
        units: as `make_units` takes them; None for `slic:100`, or `slic:40` of quick cases.
        quick: cut pairs to 96 pixels round the region, and keep the blur of the whole pair. Global models fuse the cut
            pair otherwise than the whole one.
        whole: explain the whole image instead of a region.
        which: the sources that can be hidden.
        seed: of everything random.
    """

    units: str | None = None
    quick: bool = False
    whole: bool = False
    which: Which = "both"
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse units that cannot be before any pair is read.

        Raises:
            UnknownNameError: no such way to make units.
            InputError: a number that cannot be.
        """
        ramp = torch.linspace(0, 1, REGION_SIDE).expand(REGION_SIDE, REGION_SIDE)
        make_units(ImagePair.from_arrays(ramp, ramp.T), self._units, which=self.which)

    def record(self) -> dict[str, Any]:
        """Return the settings in plain words."""
        return {**vars(self), "units": self._units, "region": REGION_SIDE}

    def read(self, files: PairFiles) -> Case:
        """Make the case of a pair's files.

        Raises:
            InputError: a file cannot be read, or units that cannot be.
        """
        return self.case_of(read_pair(files.a, files.b, files.names))

    def case_of(self, pair: ImagePair) -> Case:
        """Make the case of a pair; the region is the pair's telling box.

        Raises:
            InputError: units that cannot be.
            UnknownNameError: no such way to make units.
        """
        box, fill = telling_box(pair), "blur"
        if self.quick:
            fill = f"blur:{usual_sigma(pair.a.y):g}"
            window = around(box, pair.size)
            pair, box = cut(pair, window), shifted(box, window)
        region = None if self.whole else (box.top, box.left, box.bottom, box.right)
        units = make_units(pair, self._units, which=self.which)
        return Case(
            pair, Similarity(region), RegionMean(region), units, self.which, fill, self.seed,
            None if self.whole else box,
        )  # fmt: skip

    @property
    def _units(self) -> str:
        return self.units or (QUICK_UNITS if self.quick else UNITS)


def check_folders(datasets: Folders, models: Sequence[FusionModel]) -> None:
    """Refuse a study of nothing, or of two models of one name.

    Raises:
        InputError: what is missing.
    """
    if not any(len(pairs) for pairs in datasets.values()):
        raise InputError("Expected at least one data set; name its folder with --data.")
    if not models:
        raise InputError("Expected at least one --model NAME to explain; fuselens list models shows them.")
    titles = [model.title for model in models]
    if twice := sorted({title for title in titles if titles.count(title) > 1}):
        raise InputError(f"Two models are called '{twice[0]}'; name each one once.")


def telling_box(pair: ImagePair, side: int = REGION_SIDE) -> Box:
    """Return the box in which the detail of the two sources differs most; of equal ones the first in raster order.

    Detail is what a blur takes away. Brightness does not count: a flat region has no structure that could be kept.
    """
    height, width = (min(side, length) for length in pair.size)
    a, b = (source.y.detach().cpu().double() for source in pair)
    difference = ((a - blurred(a, usual_sigma(a))) - (b - blurred(b, usual_sigma(b)))).abs()
    means = avg_pool2d(difference[None, None], (height, width), stride=1)[0, 0].numpy()
    top, left = divmod(int(means.argmax()), means.shape[1])
    return Box(top, left, top + height, left + width)


def around(box: Box, size: tuple[int, int], side: int = QUICK_SIDE) -> Box:
    """Return a window of at most `side` pixels a side with the box in its middle, moved into the image."""
    edges = []
    for low, high, length in ((box.top, box.bottom, size[0]), (box.left, box.right, size[1])):
        kept = min(side, length)
        start = max(0, min((low + high - kept) // 2, length - kept))
        edges.append((start, start + kept))
    (top, bottom), (left, right) = edges
    return Box(top, left, bottom, right)


def shifted(box: Box, window: Box) -> Box:
    """Return a box as it lies in a window."""
    rows, columns = box.inside(window)
    return Box(rows.start, columns.start, rows.stop, columns.stop)


def cut(pair: ImagePair, window: Box) -> ImagePair:
    """Return the part of a pair in a window."""

    def part(source: Source) -> Source:
        chroma = None if source.chroma is None else crop(source.chroma, window)
        return replace(source, y=crop(source.y, window), chroma=chroma)

    return ImagePair(part(pair.a), part(pair.b))
