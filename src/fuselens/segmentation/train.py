"""Train a segmentation network on labelled images; a killed run goes on where it was, bit for bit on a CPU.

The schedule is that of the field: AdamW, a polynomial or cosine decay after a short warm-up (Chen et al., ECCV 2018;
Xie et al., "SegFormer", NeurIPS 2021).
"""

from __future__ import annotations

import csv
import io
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import nn

from fuselens.core.errors import InputError
from fuselens.core.files import prepare_folder, write_text
from fuselens.core.model import resolve_device
from fuselens.segmentation.checkpoint import read_state, restore, save_checkpoint
from fuselens.segmentation.crops import LabelledCrops
from fuselens.segmentation.labelled import LabelledImages
from fuselens.segmentation.loss import balanced_weights, segmentation_loss
from fuselens.segmentation.measure import measure_segmenter
from fuselens.segmentation.protocol import check_segmenter

Schedule = Literal["poly", "cosine", "constant"]
Progress = Callable[[int, int, dict[str, float]], None]
POLY = 0.9
CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True)
class SegmenterRecipe:
    """Everything that decides the result besides network and images.

    Attributes:
        steps: optimiser steps.
        batch_size, crop: crops a step, and their side in pixels.
        lr, weight_decay: of AdamW.
        schedule: `"poly"` (power 0.9), `"cosine"` or `"constant"`, after `warmup` steps of growing.
        balance: power of the class weights: 0 for none, 0.5 for the square root of inverse frequencies.
        scales, light, aim: variation of the crops, as of `LabelledCrops`.
        gradient_clip: norm to which gradients are cut.
        epoch_steps: steps between two checkpoints, measures and rows of `losses.csv`.
        seed: of the crops, and of dropout.
    """

    steps: int = 3000
    batch_size: int = 8
    crop: int = 160
    lr: float = 1e-3
    weight_decay: float = 1e-4
    schedule: Schedule = "poly"
    warmup: int = 50
    balance: float = 0.5
    scales: tuple[float, float] = (0.5, 1.25)
    light: float = 0.3
    aim: float = 0.0
    gradient_clip: float = 5.0
    epoch_steps: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse settings that nothing can be trained with."""
        whole = (self.steps, self.batch_size, self.epoch_steps, self.crop)
        if min(whole) < 1 or self.warmup < 0 or self.lr <= 0 or self.weight_decay < 0 or self.gradient_clip <= 0:
            raise InputError(
                "Expected steps, batch_size, epoch_steps, crop, lr and gradient_clip above 0, and warmup and "
                f"weight_decay of at least 0, but got {asdict(self)}."
            )
        if self.schedule not in get_args(Schedule) or not 0 <= self.balance <= 1:
            raise InputError(
                f"Expected a schedule of {', '.join(get_args(Schedule))} and balance in [0, 1] but got "
                f"'{self.schedule}' and {self.balance}."
            )

    def rate(self, step: int) -> float:
        """Return the factor on `lr` at a step."""
        if step < self.warmup:
            return (step + 1) / self.warmup
        left = 1 - (step - self.warmup) / max(1, self.steps - self.warmup)
        if self.schedule == "poly":
            return float(left**POLY)
        return 1.0 if self.schedule == "constant" else (1 - math.cos(math.pi * left)) / 2


@dataclass(frozen=True)
class SegmenterRun:
    """What a finished training left.

    Attributes:
        network: trained, in evaluation mode, where it was trained.
        rows: one an epoch: `step`, `seconds`, `loss`, and `mean_iou` where there are validation images.
        seconds: of training and measuring, over all parts of an interrupted run.
    """

    network: nn.Module
    rows: list[dict[str, float]]
    seconds: float


def train_segmenter(
    network: nn.Module,
    images: LabelledImages,
    recipe: SegmenterRecipe | None = None,
    out: str | Path | None = None,
    *,
    validation: LabelledImages | None = None,
    device: str | torch.device = "cpu",
    progress: Progress | None = None,
) -> SegmenterRun:
    """Train `network` in place on crops of `images`.

    Args:
        network: a segmenter of as many classes as the images' table has.
        images: such as `pairs.images(mean).held()`; samples of several views are joined by `+`.
        recipe: how; the defaults suit small networks on a CPU.
        out: receives `checkpoint.safetensors` and `losses.csv` every epoch, and a run found there is continued; None
            writes nothing.
        validation: whole images on which the mean IoU is measured every epoch.
        device: `"auto"`, `"cpu"`, `"cuda"`, ...
        progress: called every epoch with (step, steps, row).

    Raises:
        InputError: the network does not keep the protocol or has another number of classes, nothing to train on, or
            `out` holds a run of another recipe.
        KeyboardInterrupt: the run was stopped; the same call continues it from its last epoch.
    """
    recipe = recipe or SegmenterRecipe()
    place = resolve_device(device)
    network.to(place)
    training = _Training(network, images, recipe, validation, place)
    with torch.no_grad():
        check_segmenter(network.eval(), training.crops[0][0][None].to(place), images.classes)
    path = prepare_folder(out) / CHECKPOINT if out is not None else None
    if path is not None and path.is_file():
        training.resume(path)
    while training.step < recipe.steps:
        row = training.epoch()
        if path is not None:
            training.save(path)
        if progress is not None:
            progress(training.step, recipe.steps, row)
    return SegmenterRun(network.eval(), training.rows, training.seconds)


class _Training:
    """A run between two epochs: network, optimiser, step and rows."""

    def __init__(
        self,
        network: nn.Module,
        images: LabelledImages,
        recipe: SegmenterRecipe,
        validation: LabelledImages | None,
        device: torch.device,
    ) -> None:
        self.network, self.images, self.recipe, self.validation = network, images, recipe, validation
        self.device = device
        self.crops = LabelledCrops(
            images, recipe.crop, seed=recipe.seed, scales=recipe.scales, light=recipe.light, aim=recipe.aim
        )
        self.optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay)
        labels = (sample[-1] for sample in images)
        self.weights = balanced_weights(labels, len(images.classes), recipe.balance).to(device)
        self.step, self.rows, self.seconds = 0, list[dict[str, float]](), 0.0

    def epoch(self) -> dict[str, float]:
        """Train to the next multiple of `epoch_steps`, measure, and return the row."""
        started = time.monotonic()
        self.network.train()
        end = min(self.recipe.steps, self.step + self.recipe.epoch_steps)
        losses = []
        while self.step < end:
            losses.append(self._one_step())
            self.step += 1
        row = {"step": float(self.step), "loss": sum(losses) / len(losses)}
        if self.validation is not None:
            self.network.eval()
            row["mean_iou"] = measure_segmenter(self.network, self.validation, self.images.classes).mean_iou
        self.seconds += time.monotonic() - started
        self.rows.append(row | {"seconds": round(self.seconds, 1)})
        return self.rows[-1]

    def _one_step(self) -> float:
        image, label = (plane.to(self.device) for plane in self.crops.batch(self.step, self.recipe.batch_size))
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.lr * self.recipe.rate(self.step)
        with torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else []):
            torch.manual_seed(self.recipe.seed + self.step)  # dropout, too, must not depend on what came before
            logits = self.network(image)
        loss = segmentation_loss(logits.float(), label, self.weights, self.images.named)
        if not bool(torch.isfinite(loss)):
            raise InputError(f"The loss is no number any more at step {self.step}; lower lr or gradient_clip.")
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.gradient_clip)
        self.optimiser.step()
        return float(loss.detach())

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint."""
        state = read_state(path)
        if state["run"] != self._run():
            raise InputError(
                f"'{path.parent}' holds a run of another recipe, table or set of images; choose another folder or "
                "delete that one."
            )
        restore(path, self.network, self.optimiser)
        self.step, self.rows, self.seconds = int(state["step"]), list(state["rows"]), float(state["seconds"])

    def save(self, path: Path) -> None:
        """Write the checkpoint, then the table of losses."""
        state = {"run": self._run(), "step": self.step, "rows": self.rows, "seconds": self.seconds}
        save_checkpoint(path, self.network, self.optimiser, state)
        table = io.StringIO()
        writer = csv.DictWriter(table, list(self.rows[0]))
        writer.writeheader()
        writer.writerows(self.rows)
        write_text(path.parent / "losses.csv", table.getvalue())

    def _run(self) -> dict[str, Any]:
        """What decides the bits, besides network and pixels, as JSON would give it back."""
        recipe = asdict(self.recipe) | {"scales": list(self.recipe.scales)}
        return {"recipe": recipe, "classes": list(self.images.classes), "images": list(self.images.names)}
