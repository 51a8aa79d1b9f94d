"""`fuselens train`: run a recipe, resume after a kill, write weights and their card."""

from __future__ import annotations

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
from fuselens.training.recipe import Recipe

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
        accelerator, devices, nodes: Lightning's words (`"cpu"`, `"gpu"`; several GPUs and nodes train data-parallel).
        test: folders of test pairs whose losses go on the card.
        callbacks: more Lightning callbacks.
        progress: called once an epoch with (step, steps, losses); the keys of losses are such as `"val/ssim_a"`.

    Raises:
        InputError: no pairs, nothing to train, no such accelerator, or `out` holds a run of another recipe.
        DivergedError: the loss is no number any more.
        MissingExtraError: Lightning is not installed.
        KeyboardInterrupt: the run was stopped; the same call continues it from its last epoch.
    """
    data = PairCrops(collect_pairs(folders, recipe), recipe)
    test_files = [files for folder in test for files in find_pairs(folder, *recipe.modalities)]
    model = _new_model(recipe)
    out = prepare_folder(out)
    _claim(out, recipe)
    history = LossHistory(out, f"{recipe.model} on {recipe.weights}", recipe.modalities)
    last = out / "checkpoints" / "last.ckpt"
    watchers = [history, *callbacks, *([EpochLines(progress, recipe.steps)] if progress else []), EpochCheckpoint(last)]
    with quiet_lightning():
        trainer = _trainer(recipe, out, watchers, accelerator=accelerator, devices=devices, nodes=nodes)
        _fit(trainer, FusionTraining(model, recipe), data, last)
    weights = out / f"{recipe.model}-{recipe.weights}.safetensors"
    if trainer.is_global_zero:
        model = model.cpu().to(memory_format=torch.contiguous_format).eval()  # type: ignore[call-overload]
        save_weights(model, weights)
        write_card(weights, model, recipe, _facts(trainer, history, data), test_files)
    return TrainingResult(weights, history.last("val") or history.last("train"), trainer.global_step, history.seconds)


def _new_model(recipe: Recipe) -> FusionModel:
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        model = load_model(recipe.model, weights=None)
    if not any(p.requires_grad for p in model.parameters()):
        raise InputError(f"'{recipe.model}' is a rule without parameters; there is nothing to train.")
    # Models are loaded for use, and Lightning keeps the mode it finds: batch normalisation would never learn.
    return model.train()


def _claim(out: Path, recipe: Recipe) -> None:
    """Write the recipe into `out`, unless epochs of another recipe are there."""
    place = out / "recipe.yaml"
    text = yaml.safe_dump(recipe.as_dict(), sort_keys=False)
    started = place.is_file() and (out / "losses.csv").is_file()
    if started and place.read_text(encoding="utf-8") != text:
        raise InputError(f"'{out}' holds a run of another recipe; choose another --out or delete that folder.")
    write_text(place, text)


def _trainer(
    recipe: Recipe, out: Path, callbacks: list[Callback], *, accelerator: str, devices: int | str, nodes: int
) -> Trainer:
    try:
        return Trainer(
            accelerator=accelerator,
            devices=devices,
            num_nodes=nodes,
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
            f"Cannot train with accelerator {accelerator}, devices {devices} and precision {recipe.precision}: "
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


def _hardware(trainer: Trainer) -> str:
    if trainer.strategy.root_device.type == "cuda":
        return f"{trainer.num_devices} x {torch.cuda.get_device_name()}"
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"
