"""Report a run's progress through a plain callable, so that any face can show it."""

from __future__ import annotations

from collections.abc import Callable

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

Progress = Callable[[int, int, dict[str, float]], None]


class EpochLines(Callback):
    """Calls `progress(step, steps, losses)` once an epoch; the keys of losses are such as `"val/ssim_a"`."""

    def __init__(self, progress: Progress, steps: int) -> None:
        """Keep the callable, which only the first of several processes calls, and the steps of the whole run."""
        self.progress, self.steps = progress, steps

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report the epoch's losses."""
        if trainer.is_global_zero:
            losses = {name: float(value) for name, value in trainer.callback_metrics.items()}
            self.progress(trainer.global_step, self.steps, losses)
