"""One trial of a search: train with certain loss weights, measure balance and brightness, remember both in a file.

Reference: paper 002, section 4.6.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from fuselens.core.errors import InputError
from fuselens.core.files import write_json
from fuselens.core.model import explaining
from fuselens.models import load_model
from fuselens.training.crops import ValidationCrops, split_pairs
from fuselens.training.lightning_module import DivergedError
from fuselens.training.losses import PARTS
from fuselens.training.objectives.similarity import Similarity
from fuselens.training.recipe import Recipe
from fuselens.training.run import collect_pairs, train
from fuselens.training.stores import PairStore


@dataclass(frozen=True)
class Trial:
    """What training with certain loss weights led to.

    Attributes:
        weights: of the partial losses.
        round: 0 for the grid, 1 and up for refinements.
        folder: of the run.
        losses: the four partial losses on the validation pairs; empty where the training diverged.
        shift: mean over the validation pairs of |mean(fused) - mean of the two sources' means|, in units of the grey
            range; infinite where the training diverged.
        seconds: of training.
        failure: why there are no losses; empty where there are.
    """

    weights: Similarity
    round: int
    folder: Path
    losses: dict[str, float]
    shift: float
    seconds: float
    failure: str = ""

    @property
    def imbalance(self) -> float:
        """Sum of the relative differences |x - y| / (x + y) of the two SSIM and the two L2 losses, in [0, 2]."""
        return imbalance(self.losses) if self.losses else math.inf


def imbalance(losses: dict[str, float]) -> float:
    """Return how unlike the two sources' losses are: 0 where both sources are kept equally well, at most 2.

    Example:
        >>> imbalance({"ssim_a": 0.3, "ssim_b": 0.1, "l2_a": 0.02, "l2_b": 0.02})
        0.5
    """
    total = 0.0
    for part in ("ssim", "l2"):
        x, y = losses[f"{part}_a"], losses[f"{part}_b"]
        total += abs(x - y) / (x + y) if x + y else 0.0
    return round(total, 9)


def run_trial(
    recipe: Recipe, folders: Sequence[Path], folder: Path, *, number: int, accelerator: str, devices: int | str
) -> Trial:
    """Return the trial of `recipe` in `folder`: read back where it is finished, else trained (on) there.

    Args:
        recipe: with the loss weights of the trial.
        folders: training data.
        folder: of the run; `trial.json` in it says that the trial is finished.
        number: of the round.
        accelerator, devices: Lightning's words.

    Raises:
        InputError: as `train`, or the folder holds a trial of another recipe.
    """
    record = folder / "trial.json"
    if not record.is_file():
        _run(recipe, folders, record, accelerator=accelerator, devices=devices)
    try:
        facts = json.loads(record.read_text(encoding="utf-8"))
        same = facts["recipe"] == recipe.as_dict()
        shift = math.inf if facts["shift"] is None else float(facts["shift"])
        trial = Trial(_weights_of(recipe), number, folder, facts["losses"], shift, facts["seconds"], facts["failure"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"'{record}' is no record of a trial; delete it and start again.") from error
    if not same:
        raise InputError(f"'{folder}' holds a trial of another recipe; choose another --out or delete that folder.")
    return trial


def _weights_of(recipe: Recipe) -> Similarity:
    assert isinstance(recipe.loss, Similarity)  # tune refuses every other objective
    return recipe.loss


def _run(recipe: Recipe, folders: Sequence[Path], record: Path, *, accelerator: str, devices: int | str) -> None:
    facts: dict[str, Any] = {"recipe": recipe.as_dict(), "losses": {}, "shift": None, "seconds": 0.0, "failure": ""}
    try:
        result = train(recipe, folders, record.parent, accelerator=accelerator, devices=devices)
        if not all(map(math.isfinite, result.losses.values())):
            raise DivergedError(f"The validation losses of {recipe.model} are no numbers; lower lr in the recipe.")
    except DivergedError as error:
        facts["failure"] = str(error)
    else:
        facts["losses"] = {part: result.losses[part] for part in PARTS}
        facts["shift"] = brightness_shift(recipe, result.weights, folders)
        facts["seconds"] = round(result.seconds, 2)
    write_json(record, facts)
    # A finished trial is not trained on, and a hundred checkpoints fill a disk.
    shutil.rmtree(record.parent / "checkpoints", ignore_errors=True)


def brightness_shift(recipe: Recipe, weights: Path, folders: Sequence[Path]) -> float:
    """Return the mean over the validation pairs of |mean(fused) - mean of the two sources' means|."""
    _, held_out = split_pairs(collect_pairs(folders, recipe), recipe.validation, recipe.seed)
    crops = ValidationCrops(PairStore(held_out, recipe.normalize))
    model = load_model(recipe.model, weights=weights)
    total = 0.0
    with explaining(model), torch.inference_mode():
        for index in range(len(crops)):
            a, b = (source[None] for source in crops[index])
            total += abs(float(model(a, b).mean() - (a.mean() + b.mean()) / 2))
    return total / len(crops)
