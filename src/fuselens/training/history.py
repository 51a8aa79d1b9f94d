"""The loss history of a run: kept in the checkpoint, written as CSV and as a picture."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from fuselens.core.files import atomic_path, write_text


class LossHistory(Callback):
    """Collects one row an epoch, survives a kill with the checkpoint, and draws the curves."""

    def __init__(self, folder: Path, title: str, modalities: tuple[str, str], labels: dict[str, str]) -> None:
        """Write `losses.csv` and `losses.png` into `folder`; `labels` says which parts are drawn, and their axes."""
        self.folder, self.title, self.modalities, self.labels = folder, title, modalities, labels
        self.rows: list[dict[str, float]] = []
        self.seconds = 0.0
        self._started = time.monotonic()

    def state_dict(self) -> dict[str, Any]:
        """Return what the checkpoint keeps."""
        return {"rows": self.rows, "seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the history of the interrupted run."""
        self.rows, self.seconds = list(state_dict["rows"]), float(state_dict["seconds"])

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock of this epoch."""
        self._started = time.monotonic()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Add a row; runs before the checkpoint is written, so the checkpoint holds it."""
        self.seconds += time.monotonic() - self._started
        values = {name: float(value) for name, value in trainer.callback_metrics.items()}
        self.rows.append({"step": float(trainer.global_step), "seconds": round(self.seconds, 2), **values})
        if trainer.is_global_zero:
            self.write()

    def last(self, split: str) -> dict[str, float]:
        """Return the newest losses of `"train"` or `"val"`, keys without the split."""
        newest = self.rows[-1] if self.rows else {}
        return {key.removeprefix(f"{split}/"): value for key, value in newest.items() if key.startswith(f"{split}/")}

    def write(self) -> None:
        """Write both files."""
        names = list(dict.fromkeys(name for row in self.rows for name in row))
        table = io.StringIO()
        writer = csv.DictWriter(table, names)
        writer.writeheader()
        writer.writerows(self.rows)
        write_text(self.folder / "losses.csv", table.getvalue())
        self._draw()

    def _draw(self) -> None:
        from matplotlib.figure import Figure

        lines = (("_a", "#c2410c", f"{self.modalities[0]}, "), ("_b", "#1d4ed8", f"{self.modalities[1]}, "))
        figure = Figure(figsize=(5 * len(self.labels), 4), layout="constrained")
        panels = figure.subplots(1, len(self.labels), squeeze=False)[0]
        for panel, (part, label) in zip(panels, self.labels.items(), strict=True):
            for ending, colour, name in (*lines, ("", "#374151", "")):
                for split, style in (("train", "-"), ("val", "--")):
                    points = [(r["step"], r[key]) for r in self.rows if (key := f"{split}/{part}{ending}") in r]
                    if points:
                        mark = "o" if len(points) == 1 else ""
                        panel.plot(*zip(*points, strict=True), style + mark, color=colour, label=f"{name}{split}")
            panel.set(xlabel="step", ylabel=label, title=f"{self.title}: {label}")
            panel.grid(alpha=0.25)
            panel.legend(frameon=False)
        with atomic_path(self.folder / "losses.png") as path:
            figure.savefig(path, dpi=110)
