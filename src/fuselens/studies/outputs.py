"""What a study of explainers leaves behind: numbers for programs, tables for papers, a page for reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from fuselens.core.files import write_text
from fuselens.core.model import FusionModel
from fuselens.studies.page import table_part, write_page
from fuselens.studies.panel import PANEL
from fuselens.studies.runs import Failure, Outcome
from fuselens.studies.sets import Row
from fuselens.studies.summaries import to_csv
from fuselens.studies.tables import Table


@dataclass(frozen=True)
class StudyResult:
    """What a study found.

    Attributes:
        rows: one a set of a method on a pair.
        summary: means over pairs.
        failures: what could not be explained.
        facts: numbers of the whole study.
    """

    rows: list[Row]
    summary: list[Row]
    failures: list[Failure]
    facts: dict[str, Any] = field(default_factory=dict)


def write_study(
    place: Path,
    title: str,
    outcome: Outcome,
    summary: list[Row],
    tables: Mapping[str, Table],
    *,
    paragraphs: Sequence[str],
    figures: Sequence[str],
    facts: dict[str, Any],
) -> StudyResult:
    """Write `cases.csv`, `table.csv`, `table.tex`, `table.md` and `study.html`, and return what was found.

    Args:
        place: the folder, which exists.
        title: of the study.
        outcome: all rows, and what failed.
        summary: means over pairs.
        tables: by their headings.
        paragraphs: what was done and found, in words.
        figures: elements of the page.
        facts: numbers of the whole study.

    Raises:
        InputError: a file cannot be written.
    """
    left_out = words_of(outcome.failures)
    headed = [f"## {heading}\n\n{table.to_markdown()}" for heading, table in tables.items()]
    notes = "".join(f"- {line}\n" for line in left_out)
    write_text(place / "cases.csv", to_csv(outcome.rows))
    write_text(place / "table.csv", to_csv(summary))
    write_text(place / "table.tex", "\n".join(table.to_latex() for table in tables.values()))
    write_text(place / "table.md", "\n".join([f"# {title}\n", *(f"{p}\n" for p in paragraphs), *headed, notes]))
    parts = [table_part(heading, table.to_html()) for heading, table in tables.items()]
    listed = "".join(f"<li>{escape(line)}</li>" for line in left_out)
    write_page(place / "study.html", title, paragraphs, [*parts, f"<ul>{listed}</ul>" if listed else "", *figures])
    return StudyResult(outcome.rows, summary, outcome.failures, {**facts, "reused": outcome.reused})


def quick_words(models: Sequence[FusionModel]) -> str:
    """Say what a quick run leaves out, and which models fuse otherwise because of it."""
    words = "Quick run: pairs cut to 96 pixels round the region, and fewer samples."
    whole = [model.title for model in models if model.reach is None]
    if not whole:
        return words
    return (
        f"{words} The cut pair is what {' and '.join(whole)} fused here: as models that see the whole image they fuse "
        "it otherwise than the same place in the whole pair."
    )


def words_of(failures: Sequence[Failure]) -> list[str]:
    """Return one line a method and model that failed in the same way, with how often it did."""
    counted: Counter[tuple[str, str, str]] = Counter()
    for failure in failures:
        title = PANEL[failure.method].title if failure.method else f"{failure.facts.get('pair', 'a pair')}"
        counted[title, str(failure.facts.get("model", "")), failure.reason] += 1
    return [
        f"{title} left out for {model} ({count} {'time' if count == 1 else 'times'}): {reason}"
        for (title, model, reason), count in counted.items()
    ]
