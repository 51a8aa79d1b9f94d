"""What trainings that are compared have in common: the recipe, the seeds, what is scored of the test pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fuselens.core.errors import InputError
from fuselens.core.locality import Box
from fuselens.core.pair import ImagePair
from fuselens.data.folders import PairFiles
from fuselens.scoring.run import ScoreSettings
from fuselens.studies.cases import around, cut
from fuselens.studies.fusion_table import LAYOUTS
from fuselens.training.recipe import Recipe, load_recipe

RECIPE = "baffm-infrared-visible"
METRICS = LAYOUTS["causality"].metrics
QUICK = {"crop": 64, "steps": 150, "epoch_steps": 50, "validation": 0.0}
QUICK_SIDE = 160


@dataclass(frozen=True)
class Variant:
    """One way to build the network.

    Attributes:
        name: of its folders.
        title: what tables call it.
        changes: of the recipe, as `Recipe.changed` takes them.
    """

    name: str
    title: str
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Protocol:
    """What all variants share.

    Attributes:
        recipe: of every training; the seeds of the others follow its seed.
        seeds: how many trainings of each variant.
        metrics: as `ScoreSettings` takes them.
        side: score only the middle of each pair, so many pixels a side; None for whole images.
        device: where to train and fuse.
    """

    recipe: Recipe
    seeds: int = 3
    metrics: tuple[str, ...] = METRICS
    side: int | None = None
    device: str = "cpu"

    def __post_init__(self) -> None:
        """Refuse what would fail only after hours of training.

        Raises:
            InputError: fewer than two seeds, or no metric.
            UnknownNameError: no such metric.
        """
        self.scoring().chosen()
        if self.seeds < 2:
            raise InputError(f"Expected at least 2 seeds but got {self.seeds}: one training tells nothing of luck.")

    @classmethod
    def of(
        cls, quick: bool, changes: Mapping[str, Any] | None = None, *, recipe: str = RECIPE, **settings: Any
    ) -> Protocol:
        """Return a network's own recipe with `changes`, or what takes minutes in its place; BAFFM's by default.

        Raises:
            InputError, UnknownNameError: as `Recipe.changed`.
        """
        chosen = load_recipe(recipe).changed(**{**(QUICK if quick else {}), **(changes or {})})
        return cls(chosen, side=QUICK_SIDE if quick else None, **settings)

    def all_seeds(self) -> tuple[int, ...]:
        """Return the seeds of the trainings."""
        return tuple(range(self.recipe.seed, self.recipe.seed + self.seeds))

    def scoring(self) -> MiddleScores:
        """Return how to score."""
        return MiddleScores(self.metrics, device=self.device, side=self.side)


@dataclass(frozen=True)
class MiddleScores(ScoreSettings):
    """Scores of the middle of each pair.

    Attributes:
        side: so many pixels a side; None for the whole.
    """

    side: int | None = None

    def read(self, files: PairFiles) -> ImagePair:
        """Read the sources and cut out their middle."""
        pair = super().read(files)
        if self.side is None:
            return pair
        row, column = (length // 2 for length in pair.size)
        return cut(pair, around(Box(row, column, row, column), pair.size, self.side))

    def record(self) -> dict[str, Any]:
        """Return the settings in plain words."""
        return super().record() | {"side": self.side}
