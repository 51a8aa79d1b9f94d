"""What a search of loss weights leaves for people: a table, heat maps of the imbalance, one self-contained page."""

from __future__ import annotations

import base64
import csv
import io
import itertools
import math
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from fuselens.core.files import atomic_path, write_text
from fuselens.training.losses import PARTS
from fuselens.training.recipe import Recipe
from fuselens.training.trial import Trial

_COLUMNS = 3


def write_table(path: Path, trials: Sequence[Trial], chosen: Trial | None = None) -> None:
    """Write one CSV row a trial, in the order of the search; values that a diverged trial lacks are empty."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    heads = ("round", "lambda", "gamma_ssim", "gamma_l2", *PARTS, "imbalance", "brightness_shift", "seconds", "chosen")
    writer.writerow((*heads, "failure"))
    for trial in trials:
        weights = trial.weights
        measured = [trial.losses.get(part, "") for part in PARTS]
        scores = ["", ""] if trial.failure else [trial.imbalance, trial.shift]
        key = (trial.round, weights.lambda_, weights.gamma_ssim, weights.gamma_l2)
        writer.writerow((*key, *measured, *scores, trial.seconds, int(trial is chosen), trial.failure))
    write_text(path, table.getvalue())


def draw_heat_maps(path: Path, trials: Sequence[Trial], chosen: Trial, tolerance: float) -> None:
    """Draw the imbalance over gamma_ssim and gamma_l2, one panel a lambda: cells for the grid, dots for refinements."""
    from matplotlib.figure import Figure

    lambdas = sorted({trial.weights.lambda_ for trial in trials})
    columns = min(len(lambdas), _COLUMNS)
    rows = math.ceil(len(lambdas) / columns)
    figure = Figure(figsize=(4.2 * columns + 1, 3.9 * rows + 0.6), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    highest = max((trial.imbalance for trial in trials if not trial.failure), default=0.0)
    look = {"cmap": "magma_r", "vmin": 0.0, "vmax": highest or 1.0}
    for panel in panels[len(lambdas) :]:
        panel.set_axis_off()
    for panel, value in zip(panels, lambdas, strict=False):
        colours = _draw_panel(panel, [t for t in trials if t.weights.lambda_ == value], tolerance, look)
        panel.set(title=f"λ = {value:.9g}", xlabel="γ ssim", ylabel="γ l2")
        if chosen.weights.lambda_ == value:
            place = chosen.weights.gamma_ssim, chosen.weights.gamma_l2
            panel.plot(*place, "o", markersize=26, markerfacecolor="none", markeredgecolor="#15803d", markeredgewidth=3)
    figure.colorbar(colours, ax=panels.tolist(), shrink=0.8, label="imbalance of the losses (0: both sources alike)")
    figure.suptitle(
        f"Ring: chosen. Brackets: brightness shifts by more than {tolerance:g}. Grey: diverged.", fontsize=10
    )
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110)


def _draw_panel(panel: Any, trials: Sequence[Trial], tolerance: float, look: dict[str, Any]) -> Any:
    """Draw the trials of one lambda and return what the colour bar explains."""
    import numpy as np

    grid = [trial for trial in trials if trial.round == 0]
    xs, ys = (sorted({getattr(t.weights, name) for t in grid}) for name in ("gamma_ssim", "gamma_l2"))
    values = np.full((len(ys), len(xs)), np.nan)
    for trial in grid:
        place = ys.index(trial.weights.gamma_l2), xs.index(trial.weights.gamma_ssim)
        values[place] = np.nan if trial.failure else trial.imbalance
    panel.set_facecolor("#d4d4d8")
    panel.set(xticks=xs, yticks=ys)
    colours = panel.pcolormesh(_edges(xs), _edges(ys), np.ma.masked_invalid(values), edgecolors="white", **look)
    for trial in trials:
        x, y = trial.weights.gamma_ssim, trial.weights.gamma_l2
        if trial.round:
            shade: dict[str, Any] = {"color": "#d4d4d8"} if trial.failure else {"c": [trial.imbalance], **look}
            panel.scatter([x], [y], s=420, edgecolors="white", linewidths=1.5, **shade)
        if not trial.failure:
            text = f"{trial.imbalance:.2f}" if trial.shift <= tolerance else f"({trial.imbalance:.2f})"
            ink = "white" if trial.imbalance > 0.55 * look["vmax"] else "black"
            panel.text(x, y, text, ha="center", va="center", fontsize=7, color=ink)
    return colours


def _edges(centres: Sequence[float]) -> list[float]:
    """Return the borders of cells round sorted centres."""
    if len(centres) == 1:
        return [centres[0] - 0.1, centres[0] + 0.1]
    middles = [(low + high) / 2 for low, high in itertools.pairwise(centres)]
    return [2 * centres[0] - middles[0], *middles, 2 * centres[-1] - middles[-1]]


def write_report(
    out: Path, recipe: Recipe, trials: Sequence[Trial], chosen: Trial, *, tolerance: float, reason: str
) -> None:
    """Write `report.html` from `tune.png` and the chosen trial's curves; the page needs no other file."""
    from jinja2 import Environment

    page = (resources.files("fuselens.training") / "tune_report.html").read_text(encoding="utf-8")
    text = (
        Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
        .from_string(page)
        .render(
            recipe=recipe,
            trials=sorted(trials, key=lambda trial: (trial.shift > tolerance, trial.imbalance)),
            chosen=chosen,
            tolerance=tolerance,
            reason=reason,
            worst=max((trial.imbalance for trial in trials if not trial.failure), default=0.0) or 1.0,
            heat_maps=_embedded(out / "tune.png"),
            curves=_embedded(chosen.folder / "losses.png"),
        )
    )
    write_text(out / "report.html", text)


def _embedded(picture: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(picture.read_bytes()).decode("ascii")
