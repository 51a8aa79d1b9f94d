"""The figure of seeds: a line a seed over the variants, a row a data set, a column a metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fuselens.scoring.table import Column, Numbers
from fuselens.studies.set_sizes import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def seed_figure(
    panels: Mapping[str, Numbers], variants: Sequence[str], columns: Sequence[Column], measured: str = ""
) -> Figure:
    """Draw what every training scored.

    Args:
        panels: `[variants, seeds, metrics]` by row.
        variants: titles.
        columns: the metrics.
        measured: what stands before a metric's name in place of its arrow behind it.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.6 * len(columns) + 0.6, 2.3 * len(panels) + 0.6), layout="constrained")
    grid = figure.subplots(len(panels), len(columns), squeeze=False, sharex=True)
    places = list(range(len(variants)))
    for line, (row, values) in zip(grid, panels.items(), strict=True):
        for k, (panel, column) in enumerate(zip(line, columns, strict=True)):
            for seed, scores in enumerate(values[..., k].T):
                panel.plot(places, scores, "o-", ms=4, lw=1.2, alpha=0.85, color=COLOURS[seed % len(COLOURS)])
            for place, mean in zip(places, values[..., k].mean(axis=1), strict=True):
                panel.plot([place - 0.18, place + 0.18], [mean, mean], color="black", lw=2.5, solid_capstyle="butt")
            panel.set_xlim(-0.5, len(variants) - 0.5)
            panel.set_xticks(places, variants)
            panel.tick_params(labelsize=8)
            panel.grid(axis="y", alpha=0.3)
            title = f"{measured} {column.title}" if measured else f"{column.title} {column.arrow}"
            panel.set_title(title, fontsize=9)
        line[0].set_ylabel(row)
    return figure
