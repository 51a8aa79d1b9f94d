"""The Lightning side of training: one module for any network, one data module for any folders of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningDataModule, LightningModule
from torch.utils.data import DataLoader

from fuselens.core.errors import InputError
from fuselens.core.model import FusionModel
from fuselens.data.folders import PairFiles
from fuselens.training.crops import TrainingCrops, ValidationCrops, stack_samples
from fuselens.training.recipe import Recipe
from fuselens.training.stores import HalfPair, HalfStore, ImageStore, PairStore, Sample, Store, TrainingFiles

VALIDATION_CROP = 256  # pixels


class DivergedError(InputError):
    """The loss is no number any more; the recipe asks for steps that are too large."""


class FusionTraining(LightningModule):
    """Trains a fusion network, or the part of it that the recipe's objective names."""

    def __init__(self, model: FusionModel, recipe: Recipe) -> None:
        """Keep the network and what the recipe says about loss and optimiser."""
        super().__init__()
        # Channels-last convolutions train about 1.2 times faster on CPUs and GPUs alike.
        self.model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.recipe = recipe
        recipe.loss.prepare()
        self.model.requires_grad_(False)
        recipe.loss.trained(self.model).requires_grad_(True)

    def on_train_epoch_start(self) -> None:
        """Freeze the statistics of batch normalisation once the recipe's share of the steps is done."""
        if self.global_step >= self.recipe.freeze_norm * self.recipe.steps:
            for module in self.model.modules():
                if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                    module.eval()

    def training_step(self, batch: Sample, batch_index: int) -> torch.Tensor:
        """Return the loss of one batch."""
        loss = self._log_losses(batch, "train")
        if not bool(torch.isfinite(loss)):
            raise DivergedError(
                f"The loss of {self.recipe.model} became {float(loss.detach())} at step {self.global_step}; "
                "lower lr or gradient_clip in the recipe."
            )
        return loss

    def validation_step(self, batch: Sample, batch_index: int) -> None:
        """Log the losses of one validation pair."""
        self._log_losses(batch, "val")

    def _log_losses(self, batch: Sample, split: str) -> torch.Tensor:
        outputs = self.recipe.loss.outputs(self.model, batch)
        # Half precision is too coarse for SSIM's variances.
        with torch.autocast(batch[0].device.type, enabled=False):
            loss, parts = self.recipe.loss.loss(tuple(output.float() for output in outputs), batch)
        values = {f"{split}/{name}": value for name, value in {"loss": float(loss.detach()), **parts}.items()}
        self.log_dict(values, on_step=False, on_epoch=True, batch_size=len(batch[0]), sync_dist=True)
        return loss

    def configure_optimizers(self) -> Any:
        """Return the recipe's optimiser and schedule."""
        kind = {"adam": torch.optim.Adam, "rmsprop": torch.optim.RMSprop}[self.recipe.optimiser]
        trained = [p for p in self.parameters() if p.requires_grad]
        optimiser = kind(trained, lr=self.recipe.lr, weight_decay=self.recipe.weight_decay)
        if self.recipe.schedule == "constant":
            return optimiser
        schedule: torch.optim.lr_scheduler.LRScheduler
        if self.recipe.schedule == "cosine":
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=self.recipe.steps)
        else:
            schedule = torch.optim.lr_scheduler.StepLR(optimiser, step_size=-(-self.recipe.steps // 5), gamma=0.5)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class PairCrops(LightningDataModule):
    """Serves crops so that epoch e is always the same stretch of the sample stream, on any number of processes."""

    def __init__(
        self,
        training: Sequence[TrainingFiles],
        held_out: Sequence[TrainingFiles],
        recipe: Recipe,
        model: FusionModel,
    ) -> None:
        """Keep the files, pairs or single images, the recipe, and what the network's objective makes of them."""
        super().__init__()
        self.recipe = recipe
        self.training, self._cell = recipe.loss.served(model, store_of(training, recipe))
        self.held_out, _ = recipe.loss.served(model, store_of(held_out, recipe))

    def train_dataloader(self) -> DataLoader[Sample]:
        """Return the samples of the trainer's current epoch."""
        assert self.trainer is not None
        recipe = self.recipe
        world = self.trainer.world_size
        epoch = self.trainer.current_epoch
        steps = min(recipe.epoch_steps, recipe.steps - epoch * recipe.epoch_steps)
        crops = TrainingCrops(
            self.training,
            crop=None if recipe.crop is None else recipe.crop // self._cell,
            seed=recipe.seed,
            start=epoch * recipe.epoch_steps * recipe.batch_size * world,
            length=steps * recipe.batch_size * world,
            flips=recipe.flips,
            shuffle=recipe.shuffle,
        )
        return DataLoader(crops, batch_size=recipe.batch_size, collate_fn=stack_samples)

    def val_dataloader(self) -> DataLoader[Sample] | list[Any]:
        """Return the validation pairs, one a batch since their sizes may differ."""
        if not len(self.held_out):
            return []
        return DataLoader(
            ValidationCrops(self.held_out, VALIDATION_CROP // self._cell), batch_size=1, collate_fn=stack_samples
        )


def store_of(files: Sequence[TrainingFiles], recipe: Recipe) -> Store:
    """Return the store that serves what the recipe's objective is computed on."""
    if recipe.loss.images == "single":
        return ImageStore([file for file in files if isinstance(file, Path)], recipe.normalize, recipe.crop)
    if recipe.hold_out == "halves":
        return HalfStore([file for file in files if isinstance(file, HalfPair)], recipe.normalize)
    return PairStore([file for file in files if isinstance(file, PairFiles)], recipe.normalize)
