"""The study `fusion-table`: the quantitative comparisons of papers 001 and 003, for any models on any folders.

References: UAAFusion (paper 001), table I; causality-driven infrared and visible image fusion (paper 003), table 1. The
conventions are those that their printed sizes imply: docs/studies.md.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.files import prepare_folder, write_text
from fuselens.data.folders import PairFiles
from fuselens.scoring.formats import decimals, escaped, latex_cells, latex_head, latex_table
from fuselens.scoring.methods import Method
from fuselens.scoring.run import ScoreSettings, score_methods
from fuselens.scoring.table import ScoreTable
from fuselens.studies.tables import markdown_row


@dataclass(frozen=True)
class Layout:
    """How a paper prints its comparison.

    Attributes:
        paper: whose table this is.
        metrics: its columns or rows, with the convention that its numbers have.
        rows: what stands in a row: a method, with the metrics as columns, or a metric, with the methods as columns.
    """

    paper: str
    metrics: tuple[str, ...]
    rows: Literal["methods", "metrics"]


LAYOUTS = {
    "uaafusion": Layout("UAAFusion, table I", ("en", "sf", "cc", "vif", "qabf", "ssim"), "methods"),
    "causality": Layout("Causality-driven fusion, table 1", ("mi", "vif", "qabf", "ssim:uniform7_mean_l2"), "metrics"),
}


def fusion_table(
    datasets: Mapping[str, Sequence[PairFiles]],
    methods: Sequence[Method],
    out: str | Path,
    *,
    layout: str = "uaafusion",
    settings: ScoreSettings | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, ScoreTable]:
    """Score methods on data sets and write `table.tex`, `table.csv` and `table.md` in a paper's layout.

    Scores are kept in `scores-DATASET.jsonl`, so an interrupted study goes on where it stopped.

    Args:
        datasets: name to pairs.
        methods: what to compare.
        out: folder for the results.
        layout: one of `LAYOUTS`.
        settings: how to read and score; its metrics are replaced by the layout's.
        progress: called with (scored, total) fused images over all data sets.

    Returns:
        The scores of each data set.

    Raises:
        UnknownNameError: no such layout.
        InputError: no data set or no method, or the folder cannot be written.
    """
    if layout not in LAYOUTS:
        raise UnknownNameError("layout", layout, LAYOUTS)
    if not datasets:
        raise InputError("Expected at least one data set; name its folder with --data.")
    place, chosen = prepare_folder(out), LAYOUTS[layout]
    settings = replace(settings or ScoreSettings(), metrics=chosen.metrics)
    total = sum(len(pairs) for pairs in datasets.values()) * len(methods)
    tables: dict[str, ScoreTable] = {}
    done = 0

    def report(at: int, _: int) -> None:
        if progress is not None:
            progress(done + at, total)

    for name, pairs in datasets.items():
        journal = place / f"scores-{name}.jsonl"
        tables[name] = score_methods(pairs, methods, settings, journal=journal, progress=report)
        done += len(pairs) * len(methods)
    write_text(place / "table.tex", to_latex(tables, chosen))
    write_text(place / "table.csv", to_csv(tables))
    write_text(place / "table.md", to_markdown(tables, chosen))
    return tables


def to_csv(tables: Mapping[str, ScoreTable]) -> str:
    """Return one line a data set, method and metric: mean, standard deviation, number of images."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["dataset", "method", "metric", "mean", "std", "images"])
    for name, table in tables.items():
        means, stds, counts = table.means(), table.stds(), table.counts()
        for m, method in enumerate(table.methods):
            for k, column in enumerate(table.columns):
                numbers = ["" if np.isnan(value) else repr(float(value)) for value in (means[m, k], stds[m, k])]
                writer.writerow([name, method, column.name, *numbers, int(counts[m, k])])
    return out.getvalue()


def to_latex(tables: Mapping[str, ScoreTable], layout: Layout) -> str:
    """Return the table in the paper's layout, best bold and second underlined."""
    first = next(iter(tables.values()))
    rows: list[str] = []
    if layout.rows == "methods":
        spec = "l" + "c" * len(first.columns)
        head = " & ".join(["Method", *(latex_head(column) for column in first.columns)])
        for name, table in tables.items():
            words = f"Dataset: {escaped(name)} ({len(table.images)} pairs)"
            rows.append(rf"\multicolumn{{{len(first.columns) + 1}}}{{l}}{{\textit{{{words}}}}}")
            cells = latex_cells(table, spread=False)
            rows += [" & ".join([escaped(m), *row]) for m, row in zip(table.methods, cells, strict=True)]
    else:
        spec = "ll" + "c" * len(first.methods)
        head = " & ".join(["Dataset", "Metric", *map(escaped, first.methods)])
        for name, table in tables.items():
            columns = zip(table.columns, zip(*latex_cells(table, spread=False), strict=True), strict=True)
            rows += [
                " & ".join(["" if k else escaped(name), latex_head(column), *cells])
                for k, (column, cells) in enumerate(columns)
            ]
    return latex_table([spec], [head], rows, f"Layout of {layout.paper}. Best bold, second underlined.")


def to_markdown(tables: Mapping[str, ScoreTable], layout: Layout) -> str:
    """Return the same numbers for reading: best bold, second in italics."""
    first = next(iter(tables.values()))
    titles = [f"{column.title} {column.arrow}" for column in first.columns]
    heads = ["dataset", "method", *titles] if layout.rows == "methods" else ["dataset", "metric", *first.methods]
    lines = [f"Layout of {layout.paper}. Best bold, second in italics.", ""]
    lines += [markdown_row(heads), markdown_row(["---"] * len(heads))]
    for name, table in tables.items():
        cells = _marked(table)
        if layout.rows == "methods":
            lines += [markdown_row([name, method, *row]) for method, row in zip(table.methods, cells, strict=True)]
        else:
            turned = zip(*cells, strict=True)
            lines += [markdown_row([name, title, *row]) for title, row in zip(titles, turned, strict=True)]
    return "\n".join(lines) + "\n"


def _marked(table: ScoreTable) -> list[list[str]]:
    means, places = table.means(), table.places()
    digits = [decimals(means[:, k]) for k in range(len(table.columns))]
    marks = {1: "**", 2: "*"} if len(table.methods) > 1 else {}

    def cell(m: int, k: int) -> str:
        mark = marks.get(int(places[m, k]), "")
        return f"{mark}{means[m, k]:.{digits[k]}f}{mark}" if np.isfinite(means[m, k]) else "-"

    return [[cell(m, k) for k in range(len(table.columns))] for m in range(len(table.methods))]
