"""The study `explainer-limits`: what noise, blur, low contrast and texture do to explanations (paper 000, discussion).

The paper says that DDFImage may suffer from them and measures nothing. Here both sources are spoiled more and more, the
units stay those of the clean pair, so that what changes is the explanation, and the sets are compared with the clean
ones: their size, how far they are from tipping, and how many units they share (Jaccard index).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from fuselens.core.evaluator import Evaluator
from fuselens.core.files import prepare_folder
from fuselens.core.model import FusionModel
from fuselens.studies.cases import Case, CaseSettings, Folders, check_folders
from fuselens.studies.corruptions import CORRUPTIONS, WORDS, corrupted
from fuselens.studies.limit_lines import MEASURED, limits_figure
from fuselens.studies.outputs import StudyResult, quick_words, write_study
from fuselens.studies.page import figure_part
from fuselens.studies.panel import PANEL, QUICK, Effort, chosen_methods
from fuselens.studies.runs import Outcome, Progress, Subject, run_panel, subjects_of
from fuselens.studies.sets import BEST, NONE, Row, answers_of
from fuselens.studies.summaries import summaries
from fuselens.studies.tables import Table, number, percent

LEVEL = 0.9
METHODS = ("ddmin", "probdd", "lime", "occlusion", "random")
CLEAN = "none"
TITLE = "What do spoiled sources do to explanations?"
HEADS = ("Spoiled by", "strength", "found %", "units", "margin", "Jaccard with clean")


def run(
    datasets: Folders,
    models: Sequence[FusionModel],
    out: str | Path,
    *,
    methods: Sequence[str] | None = METHODS,
    level: float = LEVEL,
    units: str | None = None,
    quick: bool = False,
    seed: int = 0,
    progress: Progress | None = None,
) -> StudyResult:
    """Explain pairs whose sources are spoiled more and more, and compare with the clean pairs' explanations.

    Writes `cases.csv`, `table.csv`, `table.tex`, `table.md`, `study.html` and a figure a model. What is done is kept in
    `journal.jsonl`, so an interrupted study goes on where it stopped.

    Args:
        datasets: name to pairs.
        models: what is explained, on their devices.
        out: folder for the results.
        methods: names of the panel; None for all.
        level: from which relative score on a result counts as the same.
        units: what can be hidden, as `make_units` takes it.
        quick: pairs cut to 96 pixels round the region, fewer samples, every other strength.
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
    settings = {"study": "explainer-limits", "level": level, **made.record(), **effort.record()}
    plan = [(CLEAN, 0.0)] + [
        (how, strength) for how, (_, strengths) in CORRUPTIONS.items() for strength in strengths[quick :: 1 + quick]
    ]

    def measure(name: str, model: FusionModel, case: Case, evaluator: Evaluator) -> list[Row]:
        answers = answers_of(name, model, case, evaluator, effort, (level,))
        return [answer.row(evaluator) for answer in answers if answer.kind in BEST]

    total = len(plan) * len(models) * sum(len(pairs) for pairs in datasets.values())
    outcome = run_panel(
        spoiled(subjects_of(datasets, models, made), plan, seed), chosen, measure, journal=place / "journal.jsonl",
        settings=settings, total=total, progress=progress,
    )  # fmt: skip
    outcome = Outcome(compared(outcome.rows), outcome.failures, outcome.reused)
    summary = summaries(outcome.rows, ("model", "method", "title", "corruption", "strength"), MEASURED)
    caption = "Mean and standard error over pairs; at the left end the clean pair."
    figures = [
        figure_part(f"Limits for {model}", limits_figure(summary, model), caption, place / f"limits-{index}")
        for index, model in enumerate(dict.fromkeys(row["model"] for row in summary), 1)
    ]
    words = (
        f"Both sources are spoiled, clipped and explained again, at level {level:g}, in the region and by the units of "
        "the clean pair. Found: how often there is a set that is sufficient and necessary. Margin: how far its "
        "relative scores are from the level. Jaccard: units in both this set and the clean one, over units in either."
    )
    return write_study(
        place, TITLE, outcome, summary, {"Limits": table_of(summary)},
        paragraphs=[words, quick_words(models)] if quick else [words], figures=figures, facts={},
    )  # fmt: skip


def spoiled(subjects: Iterator[Subject], plan: Sequence[tuple[str, float]], seed: int) -> Iterator[Subject]:
    """Yield each subject under every corruption and strength of the plan."""
    for subject in subjects:
        for how, strength in plan:
            facts = {**subject.facts, "corruption": how, "strength": strength}
            yield replace(subject, facts=facts, open=partial(_opened, subject, how, strength, seed))


def compared(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with `jaccard`: the likeness of each set to that of the clean pair, by units."""
    keys = ("dataset", "pair", "model", "method")
    clean = {tuple(row[key] for key in keys): row for row in rows if row["corruption"] == CLEAN}
    made = []
    for row in rows:
        own = clean.get(tuple(row[key] for key in keys))
        sets = [int(each["kept"], 16) if each is not None and each["both"] else 0 for each in (row, own)]
        jaccard = (sets[0] & sets[1]).bit_count() / (sets[0] | sets[1]).bit_count() if all(sets) else NONE
        made.append({**row, "found_margin": row["margin"] if row["both"] else NONE, "jaccard": jaccard})
    return made


def table_of(summary: Sequence[Row]) -> Table:
    """Return the table: a block a model and method, a row a corruption and strength."""
    blocks = []
    for model, name in dict.fromkeys((row["model"], row["method"]) for row in summary):
        rows = tuple(
            (
                WORDS.get(row["corruption"], "nothing"), number(row["strength"], 2), percent(row["both"]),
                number(row["found_units"]), number(row["found_margin"], 3), number(row["jaccard"], 2),
            )
            for row in summary
            if (row["model"], row["method"]) == (model, name)
        )  # fmt: skip
        blocks.append((f"{PANEL[name].title} on {model}", rows))
    count = max((row["cases"] for row in summary), default=0)
    return Table(f"Means over pairs ({count}).", HEADS, tuple(blocks), words=1)


def _opened(subject: Subject, how: str, strength: float, seed: int) -> tuple[FusionModel, Case]:
    model, case = subject.open()
    return model, case if how == CLEAN else replace(case, pair=corrupted(case.pair, how, strength, seed))
