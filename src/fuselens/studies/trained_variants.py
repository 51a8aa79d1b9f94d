"""Networks trained in several variants and over several seeds, then scored on the same images.

What the studies of paper 003 share. Variants of one seed start from the same weights, as far as they have the same
layers, and see the same crops in the same order, so that what differs is the variant.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fuselens.core.errors import InputError
from fuselens.core.files import prepare_folder, write_text
from fuselens.core.model import FusionModel
from fuselens.data.folders import find_pairs
from fuselens.models import load_model
from fuselens.scoring.methods import FusedByModel, Method
from fuselens.scoring.run import score_methods
from fuselens.scoring.table import Numbers, ScoreTable
from fuselens.studies.cases import Folders
from fuselens.studies.protocol import Protocol, Variant
from fuselens.studies.runs import Failure, Progress
from fuselens.studies.sets import Row
from fuselens.training.recipe import Recipe, load_recipe


@dataclass(frozen=True, eq=False)
class VariantScores:
    """The scores of every training on every test image.

    Attributes:
        variants: titles.
        seeds: of the trainings of each.
        tables: by data set; methods are the trainings, variant by variant, then what else was scored.
        models: the trained networks, in that order.
    """

    variants: tuple[str, ...]
    seeds: tuple[int, ...]
    tables: Mapping[str, ScoreTable]
    models: Sequence[FusionModel] = field(repr=False)

    def losses(self, dataset: str) -> Numbers:
        """Return the scores turned so that lower is better, `[variants, seeds, images, metrics]`."""
        return self._of_runs(self.tables[dataset].losses())

    def means(self, dataset: str) -> Numbers:
        """Return the mean over the images that every training has a score for, `[variants, seeds, metrics]`."""
        return _over_common(self._of_runs(self.tables[dataset].values))

    def mean_losses(self, dataset: str) -> Numbers:
        """Return the same of `losses`."""
        return _over_common(self.losses(dataset))

    def rows(self) -> list[Row]:
        """Return one row a training and test image."""
        return [
            {"dataset": dataset, "pair": image, "variant": variant, "seed": seed}
            | {column.name: float(value) for column, value in zip(table.columns, values[v, s, i], strict=True)}
            for dataset, table in self.tables.items()
            for values in [self._of_runs(table.values)]
            for v, variant in enumerate(self.variants)
            for s, seed in enumerate(self.seeds)
            for i, image in enumerate(table.images)
        ]

    def failures(self) -> list[Failure]:
        """Return what could not be scored."""
        return [
            Failure({"dataset": dataset, "pair": one.image, "model": one.method or "all"}, "", one.reason)
            for dataset, table in self.tables.items()
            for one in table.failures
        ]

    def _of_runs(self, values: Numbers) -> Numbers:
        runs = len(self.variants) * len(self.seeds)
        return values[:runs].reshape(len(self.variants), len(self.seeds), *values.shape[1:])


def _over_common(values: Numbers) -> Numbers:
    common = np.isfinite(values).all(axis=(0, 1))
    counts = common.sum(axis=0)
    return np.where(counts, np.where(common, values, 0).sum(axis=2) / np.maximum(counts, 1), np.nan)


def run_variants(
    variants: Sequence[Variant],
    protocol: Protocol,
    train_folders: Sequence[Path],
    datasets: Folders,
    out: Path,
    *,
    beside: Sequence[Method] = (),
    progress: Progress | None = None,
) -> VariantScores:
    """Train every variant with every seed, and score all on the test pairs; what is done already is taken over.

    Args:
        variants: what is compared.
        protocol: what they share.
        train_folders: of training pairs.
        datasets: name to test pairs.
        out: receives `trainings/VARIANT-SEED/` and `scores-DATASET.jsonl`.
        beside: methods that are scored as well and need no training.
        progress: called with (done, total) epochs and scored images.

    Raises:
        InputError: no pairs, other pairs than the trainings in `out` saw, or as `train`.
    """
    _check(train_folders, datasets)
    out = prepare_folder(out)
    recipe = protocol.recipe.changed(modalities=_modality_folders(train_folders[0]))
    _claim(out, recipe, train_folders)
    runs = [(variant, seed) for variant in variants for seed in protocol.all_seeds()]
    epochs = -(-recipe.steps // recipe.epoch_steps)
    images = (len(runs) + len(beside)) * sum(len(pairs) for pairs in datasets.values())
    total = len(runs) * epochs + images
    done = 0

    def report(more: int) -> None:
        if progress is not None:
            progress(done + more, total)

    methods: list[Method] = []
    models = []
    for variant, seed in runs:
        place = out / "trainings" / f"{variant.name}-seed{seed}"
        own = recipe.changed(**variant.changes, seed=seed)
        weights = _train(own, train_folders, place, protocol.device, report)
        done += epochs
        report(0)
        models.append(load_model(recipe.model, weights=weights, device=protocol.device))
        methods.append(FusedByModel(f"{variant.title}, seed {seed}", models[-1]))
    tables = {}
    for name, pairs in datasets.items():
        tables[name] = score_methods(
            pairs, [*methods, *beside], protocol.scoring(), journal=out / f"scores-{name}.jsonl",
            progress=lambda at, _: report(at),
        )  # fmt: skip
        done += len(pairs) * (len(runs) + len(beside))
    return VariantScores(tuple(one.title for one in variants), protocol.all_seeds(), tables, models)


def _check(train_folders: Sequence[Path], datasets: Folders) -> None:
    if not train_folders:
        raise InputError("Expected at least one --train FOLDER with one sub-folder a modality.")
    if not datasets:
        raise InputError("Expected at least one --test FOLDER with one sub-folder a modality.")
    for name, pairs in datasets.items():
        if len(pairs) < 2:
            raise InputError(f"Expected at least two test pairs of '{name}' but got {len(pairs)}; give more.")


def _modality_folders(folder: Path) -> list[str]:
    first = find_pairs(folder)[0]
    return [first.a.parent.name, first.b.parent.name]


def _claim(out: Path, recipe: Recipe, folders: Sequence[Path]) -> None:
    """Write down which pairs are trained on, unless trainings on others are there: `train` itself does not look."""
    files = [pair for folder in folders for pair in find_pairs(folder, *recipe.modalities)]
    text = json.dumps(
        [[str(path.resolve()), path.stat().st_size] for pair in files for path in (pair.a, pair.b)], indent=0
    )
    place = prepare_folder(out / "trainings") / "pairs.json"
    if place.is_file() and place.read_text(encoding="utf-8") != text:
        raise InputError(f"'{out}' holds trainings on other pairs; choose another --out or delete that folder.")
    write_text(place, text)


def _train(
    recipe: Recipe,
    folders: Sequence[Path],
    place: Path,
    device: str,
    report: Callable[[int], None],
) -> Path:
    """Train in `place` and return the weights; a finished training is left as it is, so that its hash stays."""
    weights = place / f"{recipe.model}-{recipe.weights}.safetensors"
    if weights.is_file() and load_recipe(place / "recipe.yaml") == recipe:
        return weights
    from fuselens.training.run import train  # Lightning takes seconds to import

    train(
        recipe, folders, place, accelerator=device.partition(":")[0].replace("cuda", "gpu"),
        progress=lambda step, _, __: report(-(-step // recipe.epoch_steps)),
    )  # fmt: skip
    gc.collect()  # a trainer and its hundreds of images hold each other, and the next one would come on top
    return weights
