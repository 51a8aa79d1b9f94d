"""The figure of set sizes and costs: a dot a level, a line a method, a row a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fuselens.studies.panel import PANEL
from fuselens.studies.sets import BEST, Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#000000")
"""The palette of Okabe and Ito, which colour-blind readers tell apart."""


def size_figure(summary: Sequence[Row]) -> Figure:
    """Draw, for each model, the area of every method's best sets and the images that the method took."""
    from matplotlib.figure import Figure

    rows = [row for row in summary if row["set"] in BEST]
    models = list(dict.fromkeys(row["model"] for row in rows))
    methods = list(dict.fromkeys(row["method"] for row in rows))
    levels = list(dict.fromkeys(row["level"] for row in rows))
    figure = Figure(figsize=(10, 0.5 + len(models) * (0.7 + 0.24 * len(methods))), layout="constrained")
    panels = figure.subplots(len(models), 2, squeeze=False, width_ratios=(3, 2), sharey=True)
    for (sizes, costs), model in zip(panels, models, strict=True):
        for index, level in enumerate(levels):
            at = {row["method"]: row for row in rows if (row["model"], row["level"]) == (model, level)}
            heights = np.array([place for place, name in enumerate(methods) if name in at])
            members = [at[methods[place]] for place in heights]
            shift = heights + 0.2 * (index - (len(levels) - 1) / 2)
            colour = COLOURS[index % len(COLOURS)]
            areas = [100 * row["found_area"] for row in members]
            spreads = [100 * row["found_area_std"] for row in members]
            sizes.errorbar(areas, shift, xerr=spreads, fmt="o", ms=4, lw=1, color=colour, label=f"level {level:g}")
            costs.plot([row["images"] or np.nan for row in members], shift, "o", ms=4, color=colour)
        sizes.set_title(model, loc="left", fontsize=10)
        sizes.set_yticks(range(len(methods)), [PANEL[name].title for name in methods])
        sizes.set_ylim(len(methods) - 0.5, -0.5)
        sizes.set_xlim(left=0)
        if any(row["images"] for row in rows):
            costs.set_xscale("log")
        for panel in (sizes, costs):
            panel.grid(axis="x", alpha=0.3)
            panel.tick_params(axis="y", length=0)
    panels[-1, 0].set_xlabel("area of the set, % of the pixels that can be hidden")
    panels[-1, 1].set_xlabel("model images")
    panels[0, 0].legend(fontsize=8, loc="best")
    return figure
