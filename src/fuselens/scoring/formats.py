"""Tables of scores as files: CSV for every image, JSON for programs, LaTeX for papers."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from fuselens.scoring.statistics import Comparison
from fuselens.scoring.table import Column, ScoreTable

SCHEMA = 1
_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
_ARROWS = {"higher": r"$\uparrow$", "lower": r"$\downarrow$", "zero": r"$\to 0$"}


def to_csv(table: ScoreTable) -> str:
    """Return one line a method and image with the value of each metric; empty where there is none."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["method", "image", *(column.name for column in table.columns)])
    for method, rows in zip(table.methods, table.values, strict=True):
        for image, row in zip(table.images, rows, strict=True):
            writer.writerow([method, image, *("" if math.isnan(value) else repr(float(value)) for value in row)])
    return out.getvalue()


def to_json(table: ScoreTable, comparisons: Sequence[Comparison] = ()) -> dict[str, Any]:
    """Return everything but the single images' values, which the CSV holds."""
    means, stds, counts, ranks = table.means(), table.stds(), table.counts(), table.ranks()
    return {
        "schema": SCHEMA,
        "names": list(table.names),
        "images": len(table.images),
        "metrics": [asdict(column) for column in table.columns],
        "methods": {
            method: {
                column.name: {"mean": means[m, k], "std": stds[m, k], "images": counts[m, k], "rank": ranks[m, k]}
                for k, column in enumerate(table.columns)
            }
            for m, method in enumerate(table.methods)
        },
        "comparisons": [asdict(one) for one in comparisons],
        "failures": [asdict(failure) for failure in table.failures],
        "settings": table.settings,
    }


def to_latex(table: ScoreTable, caption: str = "", *, spread: bool = True) -> str:
    """Return a booktabs table: a row a method, mean ± standard deviation, best bold, second underlined.

    Args:
        table: the scores.
        caption: of the table; none without it.
        spread: print the standard deviations.
    """
    head = " & ".join(["Method", *(latex_head(column) for column in table.columns)])
    rows = [
        " & ".join([escaped(method), *cells])
        for method, cells in zip(table.methods, latex_cells(table, spread), strict=True)
    ]
    return latex_table(["l" + "c" * len(table.columns)], [head], rows, caption)


def latex_head(column: Column) -> str:
    """Return the head of a metric's column with its arrow."""
    return f"{escaped(column.title)} {_ARROWS[column.better]}"


def latex_cells(table: ScoreTable, spread: bool) -> list[list[str]]:
    """Return the cells `[methods][columns]`, best bold and second underlined where there are several methods."""
    means, stds, places = table.means(), table.stds(), table.places()
    digits = [decimals(means[:, k]) for k in range(len(table.columns))]
    several = len(table.methods) > 1

    def cell(m: int, k: int) -> str:
        if not np.isfinite(means[m, k]):
            return "--"
        mean = f"{means[m, k]:.{digits[k]}f}"
        marked = {1: rf"\textbf{{{mean}}}", 2: rf"\underline{{{mean}}}"}.get(places[m, k] if several else 0, mean)
        return marked + (rf" $\pm$ {stds[m, k]:.{digits[k]}f}" if spread else "")

    return [[cell(m, k) for k in range(len(table.columns))] for m in range(len(table.methods))]


def latex_table(spec: Sequence[str], heads: Sequence[str], rows: Sequence[str], caption: str = "") -> str:
    """Return the rows between booktabs' rules, in a table environment."""
    lines = [
        "% needs \\usepackage{booktabs}",
        "\\begin{table}[t]",
        "\\centering",
        *([f"\\caption{{{escaped(caption)}}}"] if caption else []),
        f"\\begin{{tabular}}{{{''.join(spec)}}}",
        "\\toprule",
        *(f"{head} \\\\" for head in heads),
        "\\midrule",
        *(f"{row} \\\\" for row in rows),
        "\\bottomrule",
        "\\end{tabular}",
        "\\end{table}",
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    r"""Return text that LaTeX prints as it stands.

    Example:
        >>> print(escaped("FLIR_0001 & co"))
        FLIR\_0001 \& co
    """
    return "".join(_LATEX.get(letter, letter) for letter in text)


def decimals(values: Sequence[float] | np.ndarray[Any, Any]) -> int:
    """Return how many decimals show four significant digits of the largest value.

    Example:
        >>> decimals([0.5728, 0.41]), decimals([7.355]), decimals([2313.8]), decimals([0.000347])
        (4, 3, 0, 7)
    """
    finite = np.abs([value for value in values if np.isfinite(value)])
    largest = float(finite.max()) if len(finite) else 0.0
    if largest == 0:
        return 4
    return max(0, 3 - math.floor(math.log10(largest)))
