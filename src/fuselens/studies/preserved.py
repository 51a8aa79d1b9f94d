"""The figure of preserved information: SSIM against the size of the set, a mark a method, a row a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fuselens.studies.panel import PANEL
from fuselens.studies.set_sizes import COLOURS
from fuselens.studies.sets import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHAPES = "os^D"


def preserved_figure(summary: Sequence[Row]) -> Figure:
    """Draw both SSIMs of every method's sets against their area."""
    from matplotlib.figure import Figure

    models = list(dict.fromkeys(row["model"] for row in summary))
    methods = list(dict.fromkeys(row["method"] for row in summary))
    figure = Figure(figsize=(10.5, 0.4 + 3.3 * len(models)), layout="constrained")
    panels = figure.subplots(len(models), 2, squeeze=False, sharex="row")
    for line, model in zip(panels, models, strict=True):
        for panel, measure, words in zip(line, ("source_ssim", "fused_ssim"), ("source", "fused image"), strict=True):
            for row in (row for row in summary if row["model"] == model):
                place = methods.index(row["method"])
                panel.plot(
                    100 * row["found_area"], row[measure], SHAPES[place // len(COLOURS)], ms=7, alpha=0.85,
                    color=COLOURS[place % len(COLOURS)], label=PANEL[row["method"]].title,
                )  # fmt: skip
            panel.set_title(f"{model}: {words}", loc="left", fontsize=10)
            panel.set_ylabel("SSIM")
            panel.grid(alpha=0.3)
        line[0].set_xlabel("area of the set, %")
        line[1].set_xlabel("area of the set, %")
    marks: dict[str, Any] = {}
    for panel in panels.flat:
        handles, titles = panel.get_legend_handles_labels()
        marks |= dict(zip(titles, handles, strict=True))
    figure.legend(list(marks.values()), list(marks), loc="outside right center", fontsize=8, frameon=False)
    return figure
