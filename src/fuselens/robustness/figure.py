"""The figure of an audit: how far the fused image moves, and the share of the spoiled source, against strength."""

from __future__ import annotations

from typing import Any

import torch
from matplotlib.figure import Figure

from fuselens.core.display import share_colours
from fuselens.robustness.perturbations import PERTURBATIONS
from fuselens.robustness.result import Audit, Side

LEVELS = 255


def audit_figure(audit: Audit) -> Figure:
    """Draw two rows, a column a perturbation; strengths stand side by side, not to scale."""
    names = audit.perturbations
    figure = Figure(figsize=(1 + 2.1 * len(names), 5), layout="constrained")
    rows = figure.subplots(2, len(names), squeeze=False, sharey="row", sharex="col")
    for column, name in enumerate(names):
        perturbation = PERTURBATIONS[name]
        moved, share = rows[0][column], rows[1][column]
        moved.set_title(perturbation.words)
        for side, source in _sides(audit):
            cases = audit.of(name, side)
            places = [perturbation.show(case.strength) for case in cases]
            style = {"color": _colour(side), "marker": "o" if side == "a" else "s", "label": source}
            moved.plot(places, [LEVELS * case.moved for case in cases], **style)
            share.plot(places, [100 * case.share for case in cases], **style)
            share.axhline(100 * audit.share_of(side), color=style["color"], linestyle=":", linewidth=1)
        share.tick_params("x", rotation=30)
        share.set_ylim(0, 100)
    rows[0][0].set_ylabel("fused image moves\n(mean, of 255 levels)")
    rows[1][0].set_ylabel("share of the spoiled\nsource, % (dotted: before)")
    rows[0][0].set_ylim(bottom=0)
    rows[0][-1].legend(title="spoiled", frameon=False)
    return figure


def _sides(audit: Audit) -> tuple[tuple[Side, str], tuple[Side, str]]:
    first, second = audit.pair.names
    return ("a", first), ("b", second)


def _colour(side: Side) -> Any:
    return share_colours(torch.tensor([[1.0 if side == "a" else 0.0]]))[0, 0] / 255
