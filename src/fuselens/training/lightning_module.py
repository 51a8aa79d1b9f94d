"""The Lightning side of training: one module for any network, one data module for any folders of pairs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import torch
from lightning.pytorch import LightningDataModule, LightningModule
from torch.utils.data import DataLoader

from fuselens.core.errors import InputError
from fuselens.core.model import FusionModel
from fuselens.data.folders import PairFiles
from fuselens.training.crops import PairStore, Sample, TrainingCrops, ValidationCrops, split_pairs, stack_samples
from fuselens.training.losses import FusionLoss
from fuselens.training.recipe import Recipe


class DivergedError(InputError):
    """The loss is no number any more; the recipe asks for steps that are too large."""


class FusionTraining(LightningModule):
    """Trains a fusion network with the SSIM + L2 loss and Adam."""

    def __init__(self, model: FusionModel, recipe: Recipe) -> None:
        """Keep the network and what the recipe says about loss and optimiser."""
        super().__init__()
        # Channels-last convolutions train about 1.2 times faster on CPUs and GPUs alike.
        self.model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.recipe = recipe
        self.loss = FusionLoss(**dataclasses.asdict(recipe.loss))

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
        a, b = batch
        fused = self.model(a, b)
        # Half precision is too coarse for SSIM's variances.
        with torch.autocast(fused.device.type, enabled=False):
            loss, parts = self.loss(fused.float(), a, b)
        values = {f"{split}/{name}": value for name, value in {"loss": float(loss.detach()), **parts}.items()}
        self.log_dict(values, on_step=False, on_epoch=True, batch_size=a.shape[0], sync_dist=True)
        return loss

    def configure_optimizers(self) -> Any:
        """Return Adam, with a cosine schedule where the recipe asks for it."""
        optimiser = torch.optim.Adam(self.parameters(), lr=self.recipe.lr)
        if self.recipe.schedule == "constant":
            return optimiser
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=self.recipe.steps)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class PairCrops(LightningDataModule):
    """Serves crops so that epoch e is always the same stretch of the sample stream, on any number of processes."""

    def __init__(self, files: Sequence[PairFiles], recipe: Recipe) -> None:
        """Split the pairs and keep the recipe."""
        super().__init__()
        self.recipe = recipe
        training, validation = split_pairs(files, recipe.validation, recipe.seed)
        self.training = PairStore(training, recipe.normalize)
        self.held_out = PairStore(validation, recipe.normalize)

    def train_dataloader(self) -> DataLoader[Sample]:
        """Return the samples of the trainer's current epoch."""
        assert self.trainer is not None
        recipe = self.recipe
        world = self.trainer.world_size
        epoch = self.trainer.current_epoch
        steps = min(recipe.epoch_steps, recipe.steps - epoch * recipe.epoch_steps)
        crops = TrainingCrops(
            self.training,
            crop=recipe.crop,
            seed=recipe.seed,
            start=epoch * recipe.epoch_steps * recipe.batch_size * world,
            length=steps * recipe.batch_size * world,
            flips=recipe.flips,
            shuffle=recipe.shuffle,
        )
        return DataLoader(crops, batch_size=recipe.batch_size, collate_fn=stack_samples)

    def val_dataloader(self) -> DataLoader[Sample] | list[Any]:
        """Return the validation pairs, one a batch since their sizes may differ."""
        return DataLoader(ValidationCrops(self.held_out), batch_size=1) if len(self.held_out) else []
