"""`fuselens train`: run a recipe, resume after a kill, write weights and their card."""

from __future__ import annotations

import platform
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from fuselens.core.errors import InputError, MissingExtraError
from fuselens.core.files import prepare_folder, write_text
from fuselens.core.model import FusionModel
from fuselens.data.folders import PairFiles, find_pairs
from fuselens.models import load_model
from fuselens.models.weights import save_weights
from fuselens.training.recipe import Recipe

try:
    from lightning.pytorch import Trainer
    from lightning.pytorch.callbacks import Callback, ModelCheckpoint
    from lightning.pytorch.loggers import TensorBoardLogger
except ImportError as error:
    raise MissingExtraError("Training", "train") from error

from fuselens.training.card import write_card
from fuselens.training.history import LossHistory
from fuselens.training.lightning_module import FusionTraining, PairCrops


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
    progress: bool = False,
) -> TrainingResult:
    """Train by `recipe` on the pairs in `folders`; a run found in `out` is continued.

    Args:
        recipe: what to train and how.
        folders: data folders with the two modality sub-folders that the recipe names.
        out: receives checkpoints, `losses.csv`, `losses.png`, TensorBoard logs, weights and card.
        accelerator, devices, nodes: Lightning's words (`"cpu"`, `"gpu"`; several GPUs and nodes train data-parallel).
        test: folders of test pairs whose losses go on the card.
        callbacks: more Lightning callbacks.
        progress: show a progress bar.

    Raises:
        InputError: no pairs, or `out` holds a run of another recipe.
        MissingExtraError: Lightning is not installed.
    """
    files = collect_pairs(folders, recipe)
    out = prepare_folder(out)
    _claim(out, recipe)
    with torch.random.fork_rng():
        torch.manual_seed(recipe.seed)
        model = load_model(recipe.model, weights=None)
    if not any(p.requires_grad for p in model.parameters()):
        raise InputError(f"'{recipe.model}' is a rule without parameters; there is nothing to train.")
    history = LossHistory(out, f"{recipe.model} on {recipe.weights}", recipe.modalities)
    data = PairCrops(files, recipe)
    trainer = _trainer(recipe, out, [history, *callbacks], accelerator, devices, nodes, progress)
    last = out / "checkpoints" / "last.ckpt"
    with warnings.catch_warnings():
        # Lightning remarks on worker counts and checkpoint folders; neither is the user's mistake.
        warnings.simplefilter("ignore")
        # weights_only=False would run code from the file; the checkpoint holds plain values only.
        trainer.fit(
            FusionTraining(model, recipe), data, ckpt_path=str(last) if last.is_file() else None, weights_only=True
        )
    if trainer.interrupted:
        raise KeyboardInterrupt
    return _finish(model, recipe, out, history, data, test, trainer)


def _trainer(
    recipe: Recipe,
    out: Path,
    callbacks: list[Callback],
    accelerator: str,
    devices: int | str,
    nodes: int,
    progress: bool,
) -> Trainer:
    checkpoint = ModelCheckpoint(out / "checkpoints", save_last=True, save_top_k=0, save_on_train_epoch_end=True)
    return Trainer(
        accelerator=accelerator,
        devices=devices,
        num_nodes=nodes,
        max_steps=recipe.steps,
        max_epochs=-1,
        precision=recipe.precision,  # type: ignore[arg-type]
        gradient_clip_val=recipe.gradient_clip,
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        callbacks=[*callbacks, checkpoint],
        logger=TensorBoardLogger(out, name="tensorboard", version=""),
        log_every_n_steps=recipe.epoch_steps,
        enable_progress_bar=progress,
        enable_model_summary=False,
    )


def _claim(out: Path, recipe: Recipe) -> None:
    import yaml

    place = out / "recipe.yaml"
    text = yaml.safe_dump(recipe.as_dict(), sort_keys=False)
    if place.is_file() and place.read_text(encoding="utf-8") != text:
        raise InputError(f"'{out}' holds a run of another recipe; choose another --out or delete that folder.")
    write_text(place, text)


def _finish(
    model: FusionModel,
    recipe: Recipe,
    out: Path,
    history: LossHistory,
    data: PairCrops,
    test: Sequence[Path],
    trainer: Trainer,
) -> TrainingResult:
    model = model.cpu().to(memory_format=torch.contiguous_format).eval()  # type: ignore[call-overload]
    losses = history.last("val") or history.last("train")
    weights = out / f"{recipe.model}-{recipe.weights}.safetensors"
    if trainer.is_global_zero:
        save_weights(model, weights)
        facts: dict[str, Any] = {
            "pairs": {"training": len(data.training), "validation": len(data.held_out)},
            "steps": trainer.global_step,
            "seconds": round(history.seconds),
            "hardware": _hardware(trainer),
            "losses": {"training": history.last("train"), "validation": history.last("val")},
        }
        write_card(
            weights, model, recipe, facts, [f for folder in test for f in find_pairs(folder, *recipe.modalities)]
        )
    return TrainingResult(weights, losses, trainer.global_step, history.seconds)


def _hardware(trainer: Trainer) -> str:
    if trainer.strategy.root_device.type == "cuda":
        return f"{trainer.num_devices} x {torch.cuda.get_device_name()}"
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"
