"""`fuselens train`: run a recipe, resume after a kill, write weights and their card."""

from __future__ import annotations

import gc
import math
import platform
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml

from fuselens.core.errors import InputError, MissingExtraError
from fuselens.core.files import prepare_folder, write_text
from fuselens.core.model import FusionModel
from fuselens.data.folders import PairFiles, find_pairs
from fuselens.models import load_model
from fuselens.models.weights import save_weights
from fuselens.training.crops import split_folds, split_pairs
from fuselens.training.recipe import Recipe, load_recipe
from fuselens.training.start import begin, dictionary_for, starting_weights
from fuselens.training.stores import HalfPair, TrainingFiles, find_images

try:
    from lightning.fabric.utilities.exceptions import MisconfigurationException
    from lightning.pytorch import Trainer
    from lightning.pytorch.callbacks import Callback
    from lightning.pytorch.loggers import TensorBoardLogger
except ImportError as error:
    raise MissingExtraError("Training", "train") from error

from fuselens.training.card import write_card
from fuselens.training.checkpoint import EpochCheckpoint
from fuselens.training.history import LossHistory
from fuselens.training.lightning_module import FusionTraining, PairCrops
from fuselens.training.progress import EpochLines, Progress
from fuselens.training.quiet import quiet_lightning


@dataclass(frozen=True)
class TrainingResult:
    """What a finished run left.

    Attributes:
        weights: the `.safetensors` file.
        losses: last validation losses (training losses where nothing was held out).
        steps: optimiser steps done.
        seconds: training time over all parts of an interrupted run.
    """

    weights: Path
    losses: dict[str, float]
    steps: int
    seconds: float


@dataclass(frozen=True)
class Machines:
    """On what is trained, in Lightning's words: `"cpu"`, `"gpu"`; several GPUs and nodes train data-parallel."""

    accelerator: str = "auto"
    devices: int | str = "auto"
    nodes: int = 1


def collect_pairs(folders: Sequence[Path], recipe: Recipe) -> list[PairFiles]:
    """Return the pairs of all training folders, by the recipe's modality folders.

    Raises:
        InputError: no folder given, or one without pairs.
    """
    if not folders:
        raise InputError(
            f"Say where the training pairs are: --data FOLDER with the sub-folders {' and '.join(recipe.modalities)}."
        )
    return [files for folder in folders for files in find_pairs(folder, *recipe.modalities)]


def _collect(folders: Sequence[Path], recipe: Recipe) -> Sequence[TrainingFiles]:
    """Return what the recipe's objective is computed on: pairs, their halves, or every image of the folders."""
    if recipe.loss.images == "single" and folders:
        return [file for folder in folders for file in find_images(folder)]
    pairs = collect_pairs(folders, recipe)
    return [half for pair in pairs for half in HalfPair.both(pair)] if recipe.hold_out == "halves" else pairs


def train(
    recipe: Recipe,
    folders: Sequence[Path],
    out: Path,
    *,
    accelerator: str = "auto",
    devices: int | str = "auto",
    nodes: int = 1,
    test: Sequence[Path] = (),
    callbacks: Sequence[Callback] = (),
    progress: Progress | None = None,
) -> TrainingResult:
    """Train by `recipe` on the pairs in `folders`; a run found in `out` is continued, bit for bit on a CPU.

    Args:
        recipe: what to train and how.
        folders: data folders with the two modality sub-folders that the recipe names.
        out: receives checkpoints, `losses.csv`, `losses.png`, TensorBoard logs, weights and card.
        accelerator, devices, nodes: as of `Machines`.
        test: folders of test pairs whose losses go on the card.
        callbacks: more Lightning callbacks.
        progress: called once an epoch with (step, steps, losses); the keys of losses are such as `"val/ssim_a"`.

    Raises:
        InputError: no pairs, nothing to train, no such accelerator, or `out` holds a run of another recipe.
        DivergedError: the loss is no number any more.
        MissingExtraError: Lightning is not installed.
        KeyboardInterrupt: the run was stopped; the same call continues it from its last epoch.
    """
    machines = Machines(accelerator, devices, nodes)
    files = _collect(folders, recipe)
    splits = split_folds(files, recipe.folds, recipe.seed) if recipe.folds else []
    splits.append(split_pairs(files, recipe.validation, recipe.seed))
    test_files = [files for folder in test for files in find_pairs(folder, *recipe.modalities)]
    recipe.loss.prepare()
    model = _new_model(recipe)  # refuses what cannot be trained before anything is written
    out = prepare_folder(out)
    _claim(out, recipe)
    watchers = [*callbacks, *([EpochLines(progress, recipe.steps)] if progress else [])]
    start = starting_weights(recipe, lambda name: _earlier(name, recipe, folders, out, machines, progress))
    dictionary = dictionary_for(recipe, model, files, out)
    histories = []
    for number, (training, held_out) in enumerate(splits, 1):
        place = out if number == len(splits) else prepare_folder(out / f"fold-{number}")
        fresh = _new_model(recipe)
        begin(fresh, start, dictionary)
        run = _run(recipe, fresh, PairCrops(training, held_out, recipe, fresh), place, machines, watchers)
        histories.append(run.history)
        gc.collect()  # the trainer of a fold and its images hold each other
    weights = out / f"{recipe.model}-{recipe.weights}.safetensors"
    if run.trainer.is_global_zero:
        model = run.model.cpu().to(memory_format=torch.contiguous_format).eval()  # type: ignore[call-overload]
        save_weights(model, weights, recipe.settings)
        facts = _facts(run.trainer, run.history, run.data) | _fold_facts(histories[:-1])
        write_card(weights, model, recipe, facts, test_files)
    losses = run.history.last("val") or run.history.last("train")
    return TrainingResult(weights, losses, run.trainer.global_step, run.history.seconds)


@dataclass(frozen=True, eq=False)
class _Run:
    model: FusionModel
    trainer: Trainer
    history: LossHistory
    data: PairCrops


def _run(
    recipe: Recipe,
    model: FusionModel,
    data: PairCrops,
    out: Path,
    machines: Machines,
    callbacks: Sequence[Callback],
) -> _Run:
    """Train one network as it is, or from the checkpoint in `out`."""
    history = LossHistory(out, f"{recipe.model} on {recipe.weights}", recipe.modalities, recipe.loss.labels)
    last = out / "checkpoints" / "last.ckpt"
    with quiet_lightning():
        trainer = _trainer(recipe, out, [history, *callbacks, EpochCheckpoint(last)], machines)
        _fit(trainer, FusionTraining(model, recipe), data, last)
    return _Run(model, trainer, history, data)


def _new_model(recipe: Recipe) -> FusionModel:
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        model = load_model(recipe.model, weights=None, **recipe.settings)
    if not any(p.requires_grad for p in model.parameters()):
        raise InputError(f"'{recipe.model}' is a rule without parameters; there is nothing to train.")
    needed = {"reconstruction": "reconstruct", "classification": "classify"}.get(recipe.objective)
    if needed is not None and not callable(getattr(type(model), needed, None)):
        raise InputError(f"'{recipe.model}' cannot {needed} single images; choose another objective.")
    # Models are loaded for use, and Lightning keeps the mode it finds: batch normalisation would never learn.
    return model.train()


def _earlier(
    name: str, recipe: Recipe, folders: Sequence[Path], out: Path, machines: Machines, progress: Progress | None
) -> Path:
    """Run the recipe `name`, from which another one starts, on the same folders, and return its weights."""
    earlier = load_recipe(name).changed(modalities=list(recipe.modalities))
    return train(
        earlier, folders, out / name,
        accelerator=machines.accelerator, devices=machines.devices, nodes=machines.nodes, progress=progress,
    ).weights  # fmt: skip


def _claim(out: Path, recipe: Recipe) -> None:
    """Write the recipe into `out`, unless epochs of another recipe are there."""
    place = out / "recipe.yaml"
    text = yaml.safe_dump(recipe.as_dict(), sort_keys=False)
    started = place.is_file() and (out / "losses.csv").is_file()
    if started and place.read_text(encoding="utf-8") != text:
        raise InputError(f"'{out}' holds a run of another recipe; choose another --out or delete that folder.")
    write_text(place, text)


def _trainer(recipe: Recipe, out: Path, callbacks: list[Callback], machines: Machines) -> Trainer:
    try:
        return Trainer(
            accelerator=machines.accelerator,
            devices=machines.devices,
            num_nodes=machines.nodes,
            # Counting epochs, not steps: Lightning replays an empty epoch when it resumes a run that counts steps.
            max_epochs=math.ceil(recipe.steps / recipe.epoch_steps),
            precision=recipe.precision,
            gradient_clip_val=recipe.gradient_clip,
            limit_val_batches=None if recipe.validation else 0,
            reload_dataloaders_every_n_epochs=1,
            num_sanity_val_steps=0,
            callbacks=callbacks,
            logger=TensorBoardLogger(out, name="tensorboard", version=""),
            log_every_n_steps=1,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
    except (MisconfigurationException, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0].rstrip(".!")
        raise InputError(
            f"Cannot train with accelerator {machines.accelerator}, devices {machines.devices} and precision "
            f"{recipe.precision}: "
            f"{reason}; try --accelerator cpu."
        ) from error


def _fit(trainer: Trainer, module: FusionTraining, data: PairCrops, last: Path) -> None:
    on_interrupt = signal.getsignal(signal.SIGINT)
    try:
        # weights_only=False would run code from the file; the checkpoint holds plain values only.
        trainer.fit(module, data, ckpt_path=str(last) if last.is_file() else None, weights_only=True)
    except SystemExit:
        if not trainer.interrupted:
            raise
        # Lightning turns Ctrl+C into exit code 1 and leaves the process deaf to the next one.
        signal.signal(signal.SIGINT, on_interrupt)
        raise KeyboardInterrupt from None


def _facts(trainer: Trainer, history: LossHistory, data: PairCrops) -> dict[str, Any]:
    return {
        "pairs": {"training": len(data.training), "validation": len(data.held_out)},
        "steps": trainer.global_step,
        "seconds": round(history.seconds),
        "hardware": _hardware(trainer),
        "losses": {"training": history.last("train"), "validation": history.last("val")},
    }


def _fold_facts(folds: Sequence[LossHistory]) -> dict[str, Any]:
    """Return the validation losses of every fold; for a classifier also its accuracy on images it has not seen."""
    if not folds:
        return {}
    losses = [fold.last("val") for fold in folds]
    facts: dict[str, Any] = {"cross_validation": losses}
    if all("error_a" in one for one in losses):
        accuracies = [1 - (one["error_a"] + one["error_b"]) / 2 for one in losses]
        facts["classifier"] = {"accuracy": sum(accuracies) / len(folds), "folds": accuracies}
    return facts


def _hardware(trainer: Trainer) -> str:
    if trainer.strategy.root_device.type == "cuda":
        return f"{trainer.num_devices} x {torch.cuda.get_device_name()}"
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"
