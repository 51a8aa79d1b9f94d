"""The figure of limits: a column a corruption, a row a measure, a line a method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fuselens.studies.corruptions import WORDS
from fuselens.studies.panel import PANEL
from fuselens.studies.set_sizes import COLOURS
from fuselens.studies.sets import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEASURED = ("both", "found_units", "found_area", "found_margin", "jaccard", "images", "seconds")
_LINES = {"both": "share found", "found_units": "units", "found_margin": "margin", "jaccard": "Jaccard with clean"}


def limits_figure(summary: Sequence[Row], model: str) -> Figure:
    """Draw how the measures of one model's explanations change with the strength of each corruption."""
    from matplotlib.figure import Figure

    rows = [row for row in summary if row["model"] == model]
    methods = list(dict.fromkeys(row["method"] for row in rows))
    columns = [how for how in WORDS if any(row["corruption"] == how for row in rows)]
    figure = Figure(figsize=(11, 8), layout="constrained")
    panels = figure.subplots(len(_LINES), len(columns), squeeze=False, sharey="row", sharex="col")
    for column, how in enumerate(columns):
        for line, (measure, words) in enumerate(_LINES.items()):
            panel = panels[line, column]
            for index, name in enumerate(methods):
                of_method = [row for row in rows if row["method"] == name]
                shown = [row for row in of_method if row["corruption"] not in WORDS]  # the clean pair comes first
                shown += sorted((row for row in of_method if row["corruption"] == how), key=lambda row: row["strength"])
                means, spreads, counts = (
                    np.array([row[key] for row in shown], np.float64)
                    for key in (measure, f"{measure}_std", f"{measure}_cases")
                )
                errors = np.nan_to_num(spreads / np.sqrt(np.maximum(counts, 1)))
                strengths = [row["strength"] for row in shown]
                colour = COLOURS[index % len(COLOURS)]
                panel.plot(strengths, means, "o-", ms=3.5, lw=1.4, color=colour, label=PANEL[name].title)
                panel.fill_between(strengths, means - errors, means + errors, color=colour, alpha=0.15, lw=0)
            panel.grid(alpha=0.3)
            if column == 0:
                panel.set_ylabel(words)
            if measure in ("both", "jaccard"):
                panel.set_ylim(-0.03, 1.06)
        panels[-1, column].set_xlabel(WORDS[how])
    figure.suptitle(model, fontsize=11)
    figure.legend(
        *panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=len(methods), frameon=False
    )
    return figure
