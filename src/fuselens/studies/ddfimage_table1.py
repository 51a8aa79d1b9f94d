"""The study `ddfimage-table1`: how often explanations are sufficient, necessary, or both (paper 000, table 1).

The paper prints percentages without the level at which a fused image counts as the same, and without saying how a map
becomes a set. Here levels are printed, and `sets.py` says what is compared. What is explained is a region of 32x32
pixels, since whole images need sets of half their size whatever the method.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fuselens.core.evaluator import Evaluator
from fuselens.core.explanation import SetExplanation
from fuselens.core.files import prepare_folder
from fuselens.core.model import FusionModel
from fuselens.evaluation.checker import check
from fuselens.studies.cases import Case, CaseSettings, Folders, check_folders
from fuselens.studies.gallery import gallery_parts
from fuselens.studies.outputs import StudyResult, quick_words, write_study
from fuselens.studies.page import figure_part
from fuselens.studies.panel import PANEL, QUICK, Effort, Search, chosen_methods
from fuselens.studies.runs import Progress, run_panel, subjects_of
from fuselens.studies.set_sizes import size_figure
from fuselens.studies.sets import BEST, Answer, Row, answers_of
from fuselens.studies.summaries import summaries
from fuselens.studies.tables import Table, number, percent

LEVELS = (0.5, 0.7, 0.9)
TITLE = "Are explanations sufficient and necessary? (DDFImage, table 1)"
MEASURES = (
    "sufficient", "necessary", "both", "units", "area", "margin", "redundancy", "found_units", "found_area", "images",
    "seconds",
)  # fmt: skip
HEADS = (
    "Method", "own: suff. %", "nec. %", "both %", "units",
    "best: found %", "units", "area %", "spare %", "images", "seconds",
)  # fmt: skip


def run(
    datasets: Folders,
    models: Sequence[FusionModel],
    out: str | Path,
    *,
    methods: Sequence[str] | None = None,
    levels: Sequence[float] = LEVELS,
    units: str | None = None,
    quick: bool = False,
    seed: int = 0,
    progress: Progress | None = None,
) -> StudyResult:
    """Compare the sets of all methods on the most telling region of each pair.

    Writes `cases.csv`, `table.csv`, `table.tex`, `table.md`, `study.html` and figures. What is done is kept in
    `journal.jsonl`, so an interrupted study goes on where it stopped.

    Args:
        datasets: name to pairs.
        models: what is explained, on their devices; `PAPER_MODELS` are those of the paper.
        out: folder for the results.
        methods: names of the panel; None for all.
        levels: from which relative scores on a result counts as the same.
        units: what can be hidden, as `make_units` takes it.
        quick: pairs cut to 96 pixels round the region, and fewer samples.
        seed: of everything random.
        progress: called with (done, total) runs of a method.

    Raises:
        InputError: no data, no model, or a folder that cannot be written.
        UnknownNameError: no such method or units.
    """
    check_folders(datasets, models)
    chosen = list(chosen_methods(methods))
    place, effort = prepare_folder(out), QUICK if quick else Effort()
    made = CaseSettings(units, quick, seed=seed)
    settings = {"study": "ddfimage-table1", "levels": list(levels), **made.record(), **effort.record()}

    def measure(name: str, model: FusionModel, case: Case, evaluator: Evaluator) -> list[Row]:
        answers = answers_of(name, model, case, evaluator, effort, levels)
        return [answer.row(evaluator) | _checked(model, case, answer) for answer in answers]

    total = len(models) * sum(len(pairs) for pairs in datasets.values())
    outcome = run_panel(
        subjects_of(datasets, models, made), chosen, measure, journal=place / "journal.jsonl", settings=settings,
        total=total, progress=progress,
    )  # fmt: skip
    silent = _silent(outcome.rows)
    found = [row for row in outcome.rows if _case(row) not in silent]
    summary = summaries(found, ("model", "level", "method", "title", "set"), MEASURES)
    facts = _facts(outcome.rows)
    tables = {"Sets at each level": main_table(summary)}
    if any(row["set"] == "positive" for row in summary):
        tables["Sets of all positive segments"] = positive_table(summary)
    caption = "Sets that are sufficient and necessary: mean and standard deviation over pairs, and what methods took."
    figures = [figure_part("Size and cost", size_figure(summary), caption, place / "sizes")] if summary else []
    figures += gallery_parts(subjects_of(datasets, models, made), outcome.rows, max(levels), place)
    paragraphs = [*_paragraphs(facts, settings), *([quick_words(models)] if quick else [])]
    return write_study(place, TITLE, outcome, summary, tables, paragraphs=paragraphs, figures=figures, facts=facts)


def main_table(summary: Sequence[Row]) -> Table:
    """Return the table: a block a model and level, a row a method."""
    cells = {(row["model"], row["level"], row["method"], row["set"]): row for row in summary}
    blocks = []
    for model, level in dict.fromkeys((row["model"], row["level"]) for row in summary):
        rows = []
        for name in dict.fromkeys(row["method"] for row in summary if row["model"] == model):
            own = cells.get((model, level, name, "found")) or cells[model, level, name, "claimed"]
            best = cells.get((model, level, name, "found")) or cells[model, level, name, "prefix"]
            rows.append(
                (
                    PANEL[name].title, percent(own["sufficient"]), percent(own["necessary"]), percent(own["both"]),
                    number(own["units"]), percent(best["both"]), number(best["found_units"]),
                    number(100 * best["found_area"]), percent(best["redundancy"]), number(best["images"], 0),
                    number(best["seconds"], 2),
                )
            )  # fmt: skip
        count = max(row["cases"] for row in summary if row["model"] == model)
        blocks.append((f"{model}, level {level:g}, pairs: {count}", tuple(rows)))
    return Table(
        "Own: the search's answer, or the top-ranked units that hold so much (the level) of what the map assigns. "
        "Best: the search's answer, or the shortest run of top-ranked units that is sufficient and necessary. "
        "Its size is over the pairs in which there is one. Spare: units any one of which can be left out. Images and "
        "seconds are of the method alone.",
        HEADS,
        tuple(blocks),
    )


def positive_table(summary: Sequence[Row]) -> Table:
    """Return the shares of the sets of all positive segments, a block a model, a row a ranking."""
    rows = [row for row in summary if row["set"] == "positive" and row["method"] != "random"]
    levels = list(dict.fromkeys(row["level"] for row in rows))
    heads = ["Method", "units", *(f"{word} % at {level:g}" for level in levels for word in ("suff.", "nec.", "both"))]
    blocks = []
    for model in dict.fromkeys(row["model"] for row in rows):
        lines = []
        for name in dict.fromkeys(row["method"] for row in rows if row["model"] == model):
            at = {row["level"]: row for row in rows if (row["model"], row["method"]) == (model, name)}
            shares = [percent(at[level][word]) for level in levels for word in ("sufficient", "necessary", "both")]
            lines.append((PANEL[name].title, number(at[levels[0]]["units"]), *shares))
        blocks.append((str(model), tuple(lines)))
    return Table("All segments with a positive score, as the paper takes LIME's.", tuple(heads), tuple(blocks))


def _checked(model: FusionModel, case: Case, answer: Answer) -> Row:
    """Recompute the certificate of what DDFImage calls explained; both cells are empty for all else."""
    explanation: SetExplanation = answer.explanation
    if explanation.method != "ddfimage" or explanation.status != "EXPLAINED":
        return {"checked": None, "problems": None}
    result = check(model, explanation, case.target)
    return {"checked": int(result.holds), "problems": " ".join(result.problems) or None}


def _case(row: Row) -> tuple[str, str, str]:
    return row["dataset"], row["pair"], row["model"]


def _silent(rows: Sequence[Row]) -> set[tuple[str, str, str]]:
    """Return the cases in which nothing can be explained; a map may name units all the same."""
    return {_case(row) for row in rows if row["status"] == "NO_INFLUENCE"}


def _facts(rows: Sequence[Row]) -> dict[str, Any]:
    checked = [row for row in rows if row["checked"] is not None]
    return {
        "checked": len(checked),
        "held": sum(row["checked"] for row in checked),
        "no_influence": len(_silent(rows)),
        "searches": sum(row["set"] in BEST and isinstance(PANEL[row["method"]], Search) for row in rows),
    }


def _paragraphs(facts: dict[str, Any], settings: dict[str, Any]) -> list[str]:
    paragraphs = [
        f"Each pair is explained in the {settings['region']}x{settings['region']} box where the detail of its sources "
        f"differs most: which units ({settings['units']}, in both sources) keep the fused box as it is? At level 0.9 a "
        "result counts as the same from nine tenths of what showing everything gains over showing nothing, in SSIM.",
        f"Of {facts['checked']} sets that DDFImage calls explained, {facts['held']} passed an independent checker.",
    ]
    if facts["no_influence"]:
        paragraphs.append(f"In {facts['no_influence']} cases nothing that can be hidden moves the region.")
    return paragraphs
