"""The checkpoint of a run: one file, replaced whole at the end of every epoch."""

from __future__ import annotations

from pathlib import Path

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint

from fuselens.core.files import atomic_path, prepare_folder


class EpochCheckpoint(Checkpoint):
    """Keeps network, optimiser, schedule, counters and loss history in one file.

    Lightning's `ModelCheckpoint` copies across file systems while it writes, and writes no `last.ckpt` before the end
    of a run that keeps no best ones.
    """

    def __init__(self, path: Path) -> None:
        """Write to `path`, whose folder is made when it is needed."""
        self.path = path

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the checkpoint; Lightning calls checkpoints after every other callback."""
        if not trainer.is_global_zero:
            # Takes part in collecting the state; only the first process writes.
            trainer.save_checkpoint(self.path)
            return
        prepare_folder(self.path.parent)
        with atomic_path(self.path) as temporary:
            trainer.save_checkpoint(temporary)
