"""The study `ddfimage-table2`: how much of the images explanations preserve (paper 000, table 2).

As in the paper only the second source is hidden, whole images are explained, and what is preserved is measured by SSIM:
of the source with only the set shown to the whole source, and of the fused image of it to the original one. The paper
prints one number; both grow with the size of the set whatever the method, which therefore stands beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fuselens.core.evaluator import Evaluator
from fuselens.core.files import prepare_folder
from fuselens.core.model import FusionModel
from fuselens.evaluation.set_quality import fused_ssim, source_ssim
from fuselens.studies.cases import Case, CaseSettings, Folders, check_folders
from fuselens.studies.gallery import gallery_parts
from fuselens.studies.outputs import StudyResult, quick_words, write_study
from fuselens.studies.page import figure_part
from fuselens.studies.panel import PANEL, QUICK, Effort, chosen_methods
from fuselens.studies.preserved import preserved_figure
from fuselens.studies.runs import Progress, run_panel, subjects_of
from fuselens.studies.sets import BEST, NONE, Answer, Row, answers_of
from fuselens.studies.summaries import summaries
from fuselens.studies.tables import Table, number, percent

LEVEL = 0.5
TITLE = "What do explanations preserve? (DDFImage, table 2)"
MEASURES = (
    "both", "units", "area", "found_units", "found_area", "redundancy", "source_ssim", "fused_ssim", "fused_ssim_empty",
    "images", "seconds",
)  # fmt: skip
HEADS = ("Method", "found %", "units", "area %", "SSIM of the source", "SSIM of the fused image", "images", "seconds")


def run(
    datasets: Folders,
    models: Sequence[FusionModel],
    out: str | Path,
    *,
    methods: Sequence[str] | None = None,
    level: float = LEVEL,
    units: str | None = None,
    quick: bool = False,
    seed: int = 0,
    progress: Progress | None = None,
) -> StudyResult:
    """Measure what the sets of all methods preserve of whole images.

    Writes `cases.csv`, `table.csv`, `table.tex`, `table.md`, `study.html` and figures. What is done is kept in
    `journal.jsonl`, so an interrupted study goes on where it stopped.

    Args:
        datasets: name to pairs.
        models: what is explained, on their devices; `PAPER_MODELS` are those of the paper.
        out: folder for the results.
        methods: names of the panel; None for all.
        level: from which relative score on a result counts as the same.
        units: what can be hidden, as `make_units` takes it.
        quick: pairs cut to 96 pixels round their telling region, and fewer samples.
        seed: of everything random.
        progress: called with (done, total) runs of a method.

    Raises:
        InputError: no data, no model, or a folder that cannot be written.
        UnknownNameError: no such method or units.
    """
    check_folders(datasets, models)
    chosen = list(chosen_methods(methods))
    place, effort = prepare_folder(out), QUICK if quick else Effort()
    made = CaseSettings(units, quick, whole=True, which="b", seed=seed)
    settings = {"study": "ddfimage-table2", "level": level, **made.record(), **effort.record()}

    def measure(name: str, model: FusionModel, case: Case, evaluator: Evaluator) -> list[Row]:
        answers = answers_of(name, model, case, evaluator, effort, (level,))
        return [answer.row(evaluator) | _preserved(model, answer) for answer in answers if answer.kind in BEST]

    total = len(models) * sum(len(pairs) for pairs in datasets.values())
    outcome = run_panel(
        subjects_of(datasets, models, made), chosen, measure, journal=place / "journal.jsonl", settings=settings,
        total=total, progress=progress,
    )  # fmt: skip
    found = [row for row in outcome.rows if row["status"] != "NO_INFLUENCE"]
    summary = summaries(found, ("model", "method", "title"), MEASURES)
    caption = "Means over pairs. What is preserved grows with the set; a method is better the higher it lies."
    figures = gallery_parts(subjects_of(datasets, models, made), found, level, place)
    if summary:
        preserved = preserved_figure(summary)
        figures = [figure_part("Size and preservation", preserved, caption, place / "preserved"), *figures]
    words = (
        f"Which units of the second source ({settings['units']}) keep the whole fused image as it is, at level "
        f"{level:g} of the relative SSIM? Sets that are sufficient and necessary are compared by what they preserve."
    )
    return write_study(
        place, TITLE, outcome, summary, {"Information preserved": table_of(summary)},
        paragraphs=[words, quick_words(models)] if quick else [words], figures=figures, facts={},
    )  # fmt: skip


def table_of(summary: Sequence[Row]) -> Table:
    """Return the table: a block a model, a row a method."""
    blocks = []
    for model in dict.fromkeys(row["model"] for row in summary):
        members = [row for row in summary if row["model"] == model]
        rows = tuple(
            (
                PANEL[row["method"]].title, percent(row["both"]), number(row["found_units"]),
                number(100 * row["found_area"]), number(row["source_ssim"], 3), number(row["fused_ssim"], 3),
                number(row["images"], 0), number(row["seconds"], 2),
            )
            for row in members
        )  # fmt: skip
        floor = number(members[0]["fused_ssim_empty"], 3)
        count = max(row["cases"] for row in members)
        blocks.append((f"{model}, pairs: {count}, SSIM of the fused image with nothing shown: {floor}", rows))
    return Table(
        "SSIM of the masked second source to the whole one, and of the fused image of it to the original one; over the "
        "pairs in which the set is sufficient and necessary.",
        HEADS,
        tuple(blocks),
    )


def _preserved(model: FusionModel, answer: Answer) -> Row:
    explanation = answer.explanation
    holds = explanation.is_sufficient and explanation.is_necessary
    return {
        "source_ssim": source_ssim(explanation) if holds else NONE,
        "fused_ssim": fused_ssim(model, explanation) if holds else NONE,
        "fused_ssim_empty": explanation.score_empty,
    }
