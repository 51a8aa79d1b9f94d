"""The leaderboard: one self-contained HTML page that compares fusion methods by many metrics on many images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fuselens.core.files import plain, write_text
from fuselens.core.modalities import MEDICAL
from fuselens.core.version import __version__
from fuselens.report import leaderboard_tables as tables
from fuselens.report.card import plain_words
from fuselens.report.frame import filled
from fuselens.report.leaderboard_boxes import box_plots
from fuselens.report.leaderboard_columns import counted, heads_of
from fuselens.report.leaderboard_words import headline
from fuselens.report.leaderboard_worst import worst_sections
from fuselens.report.words import shown_name
from fuselens.scoring.statistics import Comparison
from fuselens.scoring.table import ScoreTable
from fuselens.scoring.worst import WorstCase

MOST_LETTERS = 17  # of a method's name that tables keep in a line
_LABELS = {"levels": "grey levels", "reused": "scores of an earlier run"}


@dataclass(frozen=True, eq=False)
class LeaderboardContents:
    """What a leaderboard shows.

    Attributes:
        table: the scores.
        comparisons: paired tests of methods.
        worst: the images that methods did worst on, with their pictures.
        command: the command line that made it.
        notes: remarks and warnings, one sentence each.
    """

    table: ScoreTable
    comparisons: Sequence[Comparison] = ()
    worst: Sequence[WorstCase] = ()
    command: str = ""
    notes: Sequence[str] = ()


def write_leaderboard(path: Path, contents: LeaderboardContents) -> Path:
    """Write the page, whole or not at all, and return its path.

    Raises:
        InputError: the file cannot be written.
        UnknownNameError: a comparison or a worst case that the table knows nothing of.
    """
    write_text(path, render(contents))
    return path


def render(contents: LeaderboardContents) -> str:
    """Return the page as HTML."""
    table = tables.ranked(contents.table)
    heads = heads_of(table)
    several = len(table.methods) > 1
    values = {
        "names": [shown_name(name) for name in table.names],
        "methods": table.methods,
        "images": counted(len(table.images), "image"),
        "is_medical": bool(MEDICAL & set(table.names)),
        "headline": headline(table, contents.comparisons),
        "heads": heads,
        "several": several,
        "name_width": min(MOST_LETTERS, max(map(len, table.methods))),
        "summary": tables.summary_rows(table, heads),
        "has_spread": bool((table.counts() > 1).any()),
        "has_counts": bool((table.counts() < len(table.images)).any()),
        "has_missing": not bool(np.isfinite(table.values).all()),
        "ranks": tables.rank_rows(table, heads) if several else [],
        "boxes": box_plots(table, heads),
        "comparisons": tables.comparison_rows(table, heads, contents.comparisons),
        "worst": worst_sections(table, heads, contents.worst),
        "rows": tables.image_rows(table, heads),
        "row_count": table.values.shape[0] * table.values.shape[1],
        "failures": table.failures,
        "failed": sum(1 if failure.method else len(table.methods) for failure in table.failures),
        "settings": _settings(table.settings),
        "command": contents.command,
        "notes": contents.notes,
    }
    return filled("leaderboard.html.j2", values, styles=["leaderboard.css"], scripts=["leaderboard.js"])


def _settings(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what the numbers depend on as label and text, each method for itself; what was not set is left out."""
    rows: list[tuple[str, str]] = []
    for key, value in plain(settings).items():
        if key == "methods":
            rows += [_method_row(identity) for identity in value]
        elif value is not None and (key, value) != ("fuselens", __version__):
            rows.append((_LABELS.get(key, key.replace("_", " ")), _words(value)))
    return rows


def _method_row(identity: Any) -> tuple[str, str]:
    if not isinstance(identity, Mapping):
        return "method", _words(identity)
    facts = {key: value for key, value in identity.items() if key != "method" and value is not None}
    return f"method {identity.get('method', '')}", plain_words(facts)


def _words(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else plain_words(value)
