"""One segmentation network retrained for each input and seed, and what each finds on the test images."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from fuselens.core.errors import InputError
from fuselens.scoring.table import Numbers
from fuselens.segmentation import load_segmenter
from fuselens.segmentation.labelled import LabelledPairs, View
from fuselens.segmentation.measure import Confusion, measure_segmenter
from fuselens.segmentation.train import SegmenterRecipe, train_segmenter
from fuselens.studies.runs import Progress

QUICK = SegmenterRecipe(steps=200, epoch_steps=50, batch_size=8, crop=96, lr=2e-3)
QUICK_NETWORK = {"width": 0.25, "channels": 32}


@dataclass(frozen=True)
class SegmentationProtocol:
    """What all trainings share.

    Attributes:
        recipe: of every training; the seeds of the others follow its seed.
        seeds: how many trainings for each input, at least 2.
        network: settings of `deeplab`, which starts from random weights.
        device: where to train and measure.
    """

    recipe: SegmenterRecipe
    seeds: int = 3
    network: Mapping[str, Any] = field(default_factory=dict)
    device: str = "cpu"

    def __post_init__(self) -> None:
        """Refuse what tells nothing.

        Raises:
            InputError: fewer than two seeds.
        """
        if self.seeds < 2:
            raise InputError(f"Expected at least 2 seeds but got {self.seeds}: one training tells nothing of luck.")

    @classmethod
    def of(cls, quick: bool, **settings: Any) -> SegmentationProtocol:
        """Return the full protocol, or what takes minutes in its place: a narrow network on small crops."""
        if quick:
            return cls(QUICK, network=QUICK_NETWORK, **settings)
        return cls(SegmenterRecipe(steps=6000, crop=256, batch_size=8), **settings)

    def all_seeds(self) -> tuple[int, ...]:
        """Return the seeds of the trainings."""
        return tuple(range(self.recipe.seed, self.recipe.seed + self.seeds))


@dataclass(frozen=True, eq=False)
class SegmentationScores:
    """What the networks of every input and seed found.

    Attributes:
        inputs: titles.
        seeds: of the trainings of each.
        found: confusion on the test images, by input and seed.
        networks: of the first seed, by input.
    """

    inputs: tuple[str, ...]
    seeds: tuple[int, ...]
    found: Mapping[tuple[str, int], Confusion]
    networks: Mapping[str, nn.Module] = field(repr=False)

    @property
    def classes(self) -> tuple[str, ...]:
        """The class table."""
        return next(iter(self.found.values())).classes

    def of_seeds(self, value: Callable[[Confusion], Any]) -> Numbers:
        """Return a number or vector of every training, `[inputs, seeds, ...]`."""
        return np.array([[np.asarray(value(self.found[name, seed])) for seed in self.seeds] for name in self.inputs])

    def pooled(self, name: str) -> Confusion:
        """Return the confusion of all seeds of an input together."""
        total = Confusion(self.classes)
        total.counts = torch.stack([self.found[name, seed].counts for seed in self.seeds]).sum(0)
        return total


def run_inputs(
    inputs: Mapping[str, tuple[View, Any]],
    train: LabelledPairs,
    test: LabelledPairs,
    protocol: SegmentationProtocol,
    out: Path,
    *,
    progress: Progress | None = None,
) -> SegmentationScores:
    """Train and measure; trainings that are done already are taken over.

    Args:
        inputs: title to what the network looks at, such as `first` or a fusion model, and what that depends on, such as
            the hash of its weights: another one is trained on anew.
        train, test: labelled pairs of one class table.
        protocol: what the trainings share.
        out: receives `trainings/INPUT-HASH-seedN/`.
        progress: called with (done, total) epochs.

    Raises:
        InputError: nothing to train or test on, or tables that differ.
    """
    if not len(train) or not len(test):
        raise InputError("Expected labelled pairs to train and to test on but got none.")
    if train.classes != test.classes:
        raise InputError("Training and test pairs have different class tables; take both from one data set.")
    epochs = -(-protocol.recipe.steps // protocol.recipe.epoch_steps)
    total = len(inputs) * protocol.seeds * epochs
    done = 0

    def report(step: int, *_: object) -> None:
        if progress is not None:
            progress(done + -(-step // protocol.recipe.epoch_steps), total)

    found, networks = {}, dict[str, nn.Module]()
    for name, (view, identity) in inputs.items():
        seen, unseen = (pairs.images(view).held() for pairs in (train, test))
        for seed in protocol.all_seeds():
            network = load_segmenter("deeplab", None, classes=train.classes, seed=seed, **protocol.network)
            recipe = replace(protocol.recipe, seed=seed)
            place = out / "trainings" / f"{_file_name(name, identity)}-seed{seed}"
            run = train_segmenter(network, seen, recipe, place, device=protocol.device, progress=report)
            found[name, seed] = measure_segmenter(run.network, unseen)
            networks.setdefault(name, run.network.cpu())
            done += epochs
            report(0)
    return SegmentationScores(tuple(inputs), protocol.all_seeds(), found, networks)


def _file_name(name: str, identity: Any) -> str:
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:8]
    return "".join(letter if letter.isalnum() else "-" for letter in name) + f"-{digest}"
