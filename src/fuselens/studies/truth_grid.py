"""The figure of planted answers: a grid of methods and tasks, coloured by how well the answer was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fuselens.studies.panel import PANEL
from fuselens.studies.sets import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def truth_figure(summary: Sequence[Row], kinds: Mapping[str, Sequence[str]]) -> Figure:
    """Draw one grid of Jaccard indices for each way to choose a set.

    Args:
        summary: means over scenes.
        kinds: title of a grid to the kinds of sets in it.
    """
    from matplotlib.figure import Figure

    methods = list(dict.fromkeys(row["method"] for row in summary))
    tasks = list(dict.fromkeys(row["task"] for row in summary))
    figure = Figure(figsize=(2.2 + 4.2 * len(kinds), 1.2 + 0.34 * len(methods)), layout="constrained")
    panels = figure.subplots(1, len(kinds), squeeze=False, sharey=True)[0]
    for panel, (title, chosen) in zip(panels, kinds.items(), strict=True):
        values = np.full((len(methods), len(tasks)), np.nan)
        for row in summary:
            if row["set"] in chosen:
                values[methods.index(row["method"]), tasks.index(row["task"])] = row["jaccard"]
        image = panel.imshow(values, vmin=0, vmax=1, cmap="viridis", aspect="auto")
        for (line, column), value in np.ndenumerate(values):
            if np.isfinite(value):
                colour = "black" if value > 0.6 else "white"
                panel.text(column, line, f"{value:.2f}", ha="center", va="center", fontsize=8, color=colour)
        panel.set_title(f"{title} set", fontsize=10)
        panel.set_xticks(range(len(tasks)), tasks)
        panel.set_yticks(range(len(methods)), [PANEL[name].title for name in methods])
        panel.tick_params(length=0)
    figure.colorbar(image, ax=list(panels), label="Jaccard index", shrink=0.9)
    return figure
