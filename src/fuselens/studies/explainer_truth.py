"""The study `explainer-truth`: which explainers find what was planted into generated scenes?

Paper 000 compares explanations with each other; here each has one right answer (`planted.py`). At the level asked,
99 % (90 % for `mean`), it is the smallest set that is sufficient and necessary.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path

from fuselens.core.errors import InputError
from fuselens.core.evaluator import Evaluator
from fuselens.core.files import prepare_folder
from fuselens.core.model import FusionModel
from fuselens.core.pair import ImagePair
from fuselens.core.run import fuse_luma
from fuselens.data.examples import EXAMPLES, example_pair
from fuselens.studies.cases import Case
from fuselens.studies.gallery import best_rows, gallery_figure, titled_set
from fuselens.studies.outputs import StudyResult, write_study
from fuselens.studies.page import figure_part
from fuselens.studies.panel import PANEL, QUICK, Effort, chosen_methods
from fuselens.studies.planted import LEVEL, LINEAR_LEVEL, TASKS, plant
from fuselens.studies.runs import Progress, Subject, run_panel
from fuselens.studies.sets import BEST, NONE, Row, answers_of
from fuselens.studies.summaries import summaries
from fuselens.studies.tables import Table, number
from fuselens.studies.truth_grid import truth_figure

TITLE = "Which explainers find a planted answer?"
SIDE = 96
SCENES, QUICK_SCENES = 10, 2
MEASURES = ("precision", "recall", "jaccard", "exact", "units", "images", "seconds")
KINDS = {"best": BEST, "own": ("found", "claimed")}
HEADINGS = {
    "best": "The best set: a search's answer, or the shortest run of top-ranked units with the property",
    "own": "The method's own set: a search's answer, or the top-ranked units that hold 99 % of what the map assigns",
}


def run(
    out: str | Path,
    *,
    methods: Sequence[str] | None = None,
    scenes: int | None = None,
    quick: bool = False,
    seed: int = 0,
    progress: Progress | None = None,
) -> StudyResult:
    """Explain operators whose explanation is known, and compare with it.

    Writes `cases.csv`, `table.csv`, `table.tex`, `table.md`, `study.html` and figures. What is done is kept in
    `journal.jsonl`, so an interrupted study goes on where it stopped.

    Args:
        out: folder for the results.
        methods: names of the panel; None for all.
        scenes: how many scenes of each example; None for 10, or 2 of a quick study.
        quick: fewer samples and scenes.
        seed: of the first scene and of everything random.
        progress: called with (done, total) runs of a method.

    Raises:
        InputError: no scene, or a folder that cannot be written.
        UnknownNameError: no such method.
    """
    chosen = list(chosen_methods(methods))
    place, effort = prepare_folder(out), QUICK if quick else Effort()
    count = (QUICK_SCENES if quick else SCENES) if scenes is None else scenes
    if count < 1:
        raise InputError(f"Expected at least one scene but got {count}.")
    settings = {"study": "explainer-truth", "side": SIDE, "seed": seed, **effort.record()}

    def measure(name: str, model: FusionModel, case: Case, evaluator: Evaluator) -> list[Row]:
        planted = plant(case.pair, model.name, case.seed)
        answers = answers_of(name, model, case, evaluator, effort, (planted.level,))
        return [
            answer.row(evaluator) | likeness_to(planted.answer, answer.explanation.kept)
            for answer in answers
            if planted.answer or answer.kind != "prefix"  # where nothing is right, no run of units has the property
        ]

    outcome = run_panel(
        planted_subjects(count, seed), chosen, measure, journal=place / "journal.jsonl", settings=settings,
        total=count * len(EXAMPLES) * len(TASKS), progress=progress,
    )  # fmt: skip
    summary = summaries(outcome.rows, ("task", "method", "title", "set"), MEASURES)
    caption = "Jaccard index of the set found and the planted one, mean over scenes; 1 is right."
    figures = [figure_part("Found", truth_figure(summary, KINDS), caption, place / "truth")]
    figures += _galleries(outcome.rows, seed, place)
    words = [
        "Scenes with known objects are fused by operators of which it is known which units cause the result. "
        + " ".join(f"{name}: the operator {task.words}." for name, task in TASKS.items()),
        f"The answer is the smallest set that is sufficient and necessary at level {LEVEL:g} ({LINEAR_LEVEL:g} for "
        f"mean); where nothing is right, naming any unit is wrong. Scenes: {count} of each of {', '.join(EXAMPLES)}.",
    ]
    return write_study(
        place, TITLE, outcome, summary, {HEADINGS[kind]: table_of(summary, kinds) for kind, kinds in KINDS.items()},
        paragraphs=words, figures=figures, facts={"scenes": count * len(EXAMPLES)},
    )  # fmt: skip


def planted_subjects(count: int, seed: int) -> Iterator[Subject]:
    """Yield every task in every scene; a scene is drawn once for all its tasks."""
    for example in EXAMPLES:
        for own in range(seed, seed + count):
            draw = cache(partial(example_pair, example, seed=own, size=(SIDE, SIDE)))
            for task in TASKS:
                facts = {"scene": f"{example} {own}", "model": task, "task": task}
                yield Subject(facts, "", [], partial(_opened, draw, task, own))


def likeness_to(answer: int, found: int) -> Row:
    """Return precision, recall and Jaccard index of a set of units, and whether it is the answer itself.

    Where the answer is no unit at all, all are 1 for the empty set and 0 for any other; where the set is empty but the
    answer is not, precision is not defined.
    """
    both, either = (answer & found).bit_count(), (answer | found).bit_count()
    if not answer:
        right = float(not found)
        return {"precision": right, "recall": right, "jaccard": right, "exact": right}
    return {
        "precision": both / found.bit_count() if found else NONE,
        "recall": both / answer.bit_count(),
        "jaccard": both / either,
        "exact": float(answer == found),
    }


def table_of(summary: Sequence[Row], kinds: Sequence[str]) -> Table:
    """Return the Jaccard index of each method on each task, and the means over all tasks of precision and recall."""
    rows = [row for row in summary if row["set"] in kinds]
    lines = []
    for name in dict.fromkeys(row["method"] for row in rows):
        at = {row["task"]: row for row in rows if row["method"] == name}
        found = [number(at[task]["jaccard"] if task in at else NONE, 2) for task in TASKS]
        means = [number(_mean([row[word] for row in at.values()]), 2) for word in ("precision", "recall", "exact")]
        lines.append((PANEL[name].title, *found, *means))
    heads = ("Method", *TASKS, "precision", "recall", "exact")
    return Table("Jaccard index with the planted set, by task; then means over tasks.", heads, (("", tuple(lines)),))


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return sum(known) / len(known) if known else NONE


def _opened(draw: Callable[[], ImagePair], task: str, seed: int) -> tuple[FusionModel, Case]:
    planted = plant(draw(), task, seed)
    return planted.model, planted.case


def _galleries(rows: Sequence[Row], seed: int, place: Path) -> list[str]:
    """Draw what was found in the first scene of the task that looks at both sources."""
    subject = next(subject for subject in planted_subjects(1, seed) if subject.facts["task"] == "copy")
    model, case = subject.open()
    answer = plant(case.pair, model.name, case.seed).answer
    sets = [("planted", answer), *map(titled_set, best_rows(rows, subject.facts))]
    caption = f"The task copy in the scene {subject.facts['scene']}: what was planted, and the best set of each method."
    figure = gallery_figure(case, fuse_luma(model, case.pair), sets)
    return [figure_part("A planted answer", figure, caption, place / "sets")]
