"""Fusions with planted answers: generated scenes, and operators and targets of which it is known what causes them.

Each operator is a weighted sum of the sources, position by position, so the score of a kept set is the sum of what its
units add, in closed form, and the smallest set with the property is the largest of these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn.functional import max_pool2d

from fuselens.core.fills import make_fill
from fuselens.core.locality import Box
from fuselens.core.model import FusionModel
from fuselens.core.pair import ImagePair
from fuselens.core.targets import Downstream, RegionMean, Similarity, Target
from fuselens.core.units import Which, bits, make_units
from fuselens.studies.cases import Case

OBJECT_SHARE = 0.03  # the planted object is the one whose part of the image comes nearest to this
LEVEL, LINEAR_LEVEL = 0.99, 0.9
Maps = tuple[torch.Tensor, torch.Tensor]


class WeightedSum(FusionModel):
    """A fusion that weighs its sources position by position: `of_a * a + of_b * b`.

    Each source first passes a convolution that leaves it as it is, so that methods which look at layers find one.
    """

    def __init__(self, name: str, of_a: torch.Tensor, of_b: torch.Tensor) -> None:
        """Keep the weights `[H, W]`."""
        super().__init__()
        self.name = name
        self.of_a, self.of_b = nn.Buffer(of_a), nn.Buffer(of_b)
        self.see_a, self.see_b = (nn.Conv2d(1, 1, 1, bias=False) for _ in range(2))
        for layer in (self.see_a, self.see_b):
            nn.init.ones_(layer.weight)

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Fuse two batches `[N, 1, H, W]`."""
        fused: torch.Tensor = self.of_a * self.see_a(a) + self.of_b * self.see_b(b)
        return fused


@dataclass(frozen=True, eq=False)
class Planted:
    """A fusion whose explanation is known.

    Attributes:
        model: the operator.
        case: the scene, the target and the units.
        level: from which relative score on a result counts as the same.
        answer: the smallest set that is sufficient and necessary at this level, a bitmask; 0 where there is none.
    """

    model: FusionModel
    case: Case
    level: float
    answer: int


def plant(scene: ImagePair, task: str, seed: int) -> Planted:
    """Plant a task into a generated scene.

    Args:
        scene: with `truth`.
        task: a name of `TASKS`.
        seed: of the fill and of what is drawn.
    """
    how, which, fill, is_linear = TASKS[task].units, TASKS[task].which, TASKS[task].fill, TASKS[task].is_linear
    units = make_units(scene, how, which=which)
    places = torch.where(units.labels_a >= 0, units.labels_a, units.labels_b)
    places = places - places.min()
    thing = _covered(places, _object_of(scene))
    around = torch.isin(places, places[max_pool2d(thing.float()[None, None], 3, 1, 1)[0, 0] > 0])
    weights = TASKS[task].weigh(places, thing)
    model = WeightedSum(task, *weights)
    target: Target = Similarity(around.numpy(), "mae")
    mean: Target = RegionMean(around.numpy())
    factors = around.double() / around.sum()
    if is_linear:
        factors = _drawn_factors(places, around, seed)
        target = mean = Downstream(_weighted(factors), "planted")
    rows, columns = torch.where(around)
    box = Box(int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1)
    case = Case(scene, target, mean, units, which, fill, seed, box)
    level = LINEAR_LEVEL if is_linear else LEVEL
    return Planted(model, case, level, smallest(contributions(case, weights, factors, is_linear), level))


def contributions(case: Case, weights: Maps, factors: torch.Tensor, is_linear: bool) -> npt.NDArray[np.float64]:
    """Return what each unit adds to the score when it is shown in place of the fill, in closed form, `[units]`.

    Args:
        case: the scene and its units.
        weights: of the operator, `[H, W]` a source.
        factors: of the target, `[H, W]`.
        is_linear: whether the target is the weighted sum itself; else it is the similarity, 1 less the weighted sum of
            absolute differences, which adds up where only one source has weight.
    """
    labels = case.units.labels_a, case.units.labels_b
    fill = make_fill(case.fill, seed=case.seed)
    lumas = case.pair.a.y, case.pair.b.y
    total = np.zeros(case.units.count + 1)
    for source, other, label, weight in zip(lumas, lumas[::-1], labels, weights, strict=True):
        change = (source - fill(source, other, label)).double()
        added = factors * weight * (change if is_linear else change.abs())
        np.add.at(total, label.numpy(), added.numpy())  # label -1, what is never hidden, is the last
    return total[:-1]


def smallest(added: npt.NDArray[np.float64], level: float) -> int:
    """Return the smallest set that holds `level` of what all units add, a bitmask: the largest come first."""
    if not added.sum() > 0:
        return 0
    order = np.argsort(-added, kind="stable")
    count = int((np.cumsum(added[order]) < level * added.sum()).sum()) + 1
    return bits(order[:count].tolist())


def _object_of(scene: ImagePair) -> torch.Tensor:
    """Return where the planted object is, `[H, W]` (bool)."""
    labels = torch.as_tensor(np.asarray(scene.truth["labels"]))
    things = [number for number, name in scene.truth["classes"].items() if name in scene.truth["carried_by"]]
    shares = {number: float((labels == number).float().mean()) for number in things}
    chosen = min(shares, key=lambda number: abs(shares[number] - OBJECT_SHARE))
    return torch.as_tensor(labels == chosen)


def _covered(places: torch.Tensor, thing: torch.Tensor) -> torch.Tensor:
    """Return the segments of which the object covers at least a quarter, or else the one of which it covers most."""
    count = int(places.max()) + 1
    cover = torch.bincount(places[thing], minlength=count) / torch.bincount(places.flatten(), minlength=count)
    return torch.as_tensor((cover >= min(0.25, float(cover.max())))[places])


def _drawn_factors(places: torch.Tensor, around: torch.Tensor, seed: int) -> torch.Tensor:
    """Return a weight a segment, drawn from 0.2 to 1, in the planted region and 0 elsewhere; they sum to 1."""
    drawn = 0.2 + 0.8 * torch.rand(int(places.max()) + 1, generator=torch.Generator().manual_seed(seed)).double()
    factors = drawn[places] * around
    return factors / factors.sum()


def _weighted(factors: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda fused: (fused[:, 0] * factors.to(fused)).sum(dim=(1, 2))


@dataclass(frozen=True)
class Task:
    """How an operator and its target are made.

    Attributes:
        words: what is planted, for the page.
        weigh: makes the weights of a and b, `[H, W]`, of the segments and the object's place.
        units: cut as `make_units` does.
        which: the sources in which units lie.
        fill: what hides. Noise differs from every scene everywhere, so each planted unit counts.
        is_linear: see `contributions`.
    """

    words: str
    weigh: Callable[[torch.Tensor, torch.Tensor], Maps]
    units: str = "slic:60"
    which: Which = "both"
    fill: str = "noise"
    is_linear: bool = False


def _of_a(places: torch.Tensor, _: torch.Tensor) -> Maps:
    return torch.ones(places.shape), torch.zeros(places.shape)


def _of_b_in_thing(_: torch.Tensor, thing: torch.Tensor) -> Maps:
    return (~thing).float(), thing.float()


def _halves(places: torch.Tensor, _: torch.Tensor) -> Maps:
    return torch.full(places.shape, 0.5), torch.full(places.shape, 0.5)


def _alternating(places: torch.Tensor, _: torch.Tensor) -> Maps:
    across = int(places[0].max()) + 1
    odd = (places // across + places % across) % 2 == 1
    return (~odd).float(), odd.float()


TASKS = {
    "copy": Task("copies the second source inside an object and the first one around it", _of_b_in_thing),
    "ignore_b": Task("copies the first source and ignores the second", _of_a),
    "checker": Task("takes the sources from the black and the white cells of a board", _alternating, units="grid:12"),
    "mean": Task("averages; the target is a weighted sum", _halves, fill="black", is_linear=True),
    "nothing": Task("ignores the only source that can be hidden", _of_a, which="b"),
}
"""What is planted. For all but `mean` the answer is all units of the region that the operator looks at."""
