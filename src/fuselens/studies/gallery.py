"""The gallery of a study: what each method keeps of one pair, drawn from the rows of the study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from fuselens.core.display import dimmed, grey
from fuselens.core.run import fuse_luma
from fuselens.core.units import as_matrix
from fuselens.studies.cases import Case
from fuselens.studies.page import figure_part
from fuselens.studies.panel import PANEL
from fuselens.studies.runs import Subject
from fuselens.studies.sets import BEST, Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 4


def gallery_parts(subjects: Iterable[Subject], rows: Sequence[Row], level: float, place: Path) -> list[str]:
    """Return a figure a model: the best sets of all methods on the first pair in which something was found.

    Args:
        subjects: what was explained.
        rows: what was found.
        level: whose sets are drawn.
        place: folder for the figures.

    Raises:
        InputError: a figure cannot be written.
    """
    drawn: dict[Any, str] = {}
    for subject in subjects:
        model = subject.facts["model"]
        found = [row for row in best_rows(rows, subject.facts) if row["level"] == level]
        if model in drawn or not any(int(row["kept"], 16) for row in found):
            continue
        operator, case = subject.open()
        figure = gallery_figure(case, fuse_luma(operator, case.pair), [titled_set(row) for row in found])
        first, second = case.pair.names
        caption = (
            f"{model} on {subject.facts['pair']}, level {level:g}: what each method keeps of {first} (left) and "
            f"{second} (right). The blue box is what is explained."
        )
        drawn[model] = figure_part(f"Sets for {model}", figure, caption, place / f"sets-{len(drawn) + 1}")
    return list(drawn.values())


def best_rows(rows: Sequence[Row], facts: Any) -> list[Row]:
    """Return the rows of one subject that stand for their methods."""
    return [row for row in rows if row["set"] in BEST and facts.items() <= row.items()]


def titled_set(row: Row) -> tuple[str, int]:
    """Return the words above a row's picture, and its set as a bitmask."""
    kept = int(row["kept"], 16)
    words = f"{row['units']} unit{'s' * (row['units'] != 1)}" if kept else "none found"
    return f"{PANEL[row['method']].title}: {words}", kept


def gallery_figure(case: Case, fused: torch.Tensor, sets: Sequence[tuple[str, int]]) -> Figure:
    """Draw the sources, the fused image, and both sources with what each set leaves out dimmed.

    Args:
        case: the pair and its units.
        fused: luma `[H, W]`.
        sets: titles and bitmasks.
    """
    from matplotlib.figure import Figure

    a, b = (source.y.cpu() for source in case.pair)
    pictures = [("sources", np.hstack([grey(a), grey(b)])), ("fused", grey(fused))]
    for title, kept in sets:
        keep_a, keep_b = case.units.keep_maps(as_matrix([kept], case.units.count))
        pictures.append((title, np.hstack([dimmed(a, keep_a[0]), dimmed(b, keep_b[0])])))
    lines = -(-len(pictures) // COLUMNS)
    height, width = case.pair.size
    figure = Figure(figsize=(3.2 * COLUMNS, lines * (1.6 * height / width + 0.3)), layout="constrained")
    panels = figure.subplots(lines, COLUMNS, squeeze=False)
    for panel in panels.flat:
        panel.set_axis_off()
    for panel, (title, picture) in zip(panels.flat, pictures, strict=False):
        panel.imshow(picture, interpolation="nearest")
        panel.set_title(title, fontsize=8)
        for left in range(0, picture.shape[1], width):
            _frame(panel, case, left)
    return figure


def _frame(panel: Any, case: Case, left: int) -> None:
    """Draw the region's outline on the picture that begins at column `left`."""
    from matplotlib.patches import Rectangle

    if case.box is not None:
        corner = (left + case.box.left - 0.5, case.box.top - 0.5)
        panel.add_patch(Rectangle(corner, case.box.width, case.box.height, fill=False, edgecolor="#00d0ff"))
