"""The run of a study: every method of the panel on every subject, kept in a journal, so that it can be interrupted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from fuselens.core.errors import FuseLensError, InputError
from fuselens.core.evaluator import Evaluator
from fuselens.core.model import FusionModel
from fuselens.core.version import __version__
from fuselens.scoring.journal import Journal
from fuselens.studies.cases import Case, CaseSettings, Folders
from fuselens.studies.panel import PANEL
from fuselens.studies.sets import Row

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Subject:
    """What is explained: a model on a case.

    Attributes:
        facts: what stands in each of its rows: data set, pair, model and so on.
        identity: what else its rows depend on, such as the weights' hash.
        files: the pair's files; rows of files that have changed are made anew.
        open: reads the pair and cuts it into units.
    """

    facts: Mapping[str, Any]
    identity: str
    files: Sequence[Path]
    open: Callable[[], tuple[FusionModel, Case]]

    @property
    def key(self) -> str:
        """Name it in the journal."""
        return json.dumps({**self.facts, "identity": self.identity}, sort_keys=True)


@dataclass(frozen=True)
class Failure:
    """A method that could not explain a subject.

    Attributes:
        facts: the subject's.
        method: its name; empty where the pair itself could not be read.
        reason: one sentence.
    """

    facts: Mapping[str, Any]
    method: str
    reason: str


@dataclass(frozen=True)
class Outcome:
    """What a study measured.

    Attributes:
        rows: one a set, as in `cases.csv`.
        failures: what could not be explained.
        reused: how many entries of the journal were taken over from an earlier run.
    """

    rows: list[Row]
    failures: list[Failure]
    reused: int


Measure = Callable[[str, FusionModel, Case, Evaluator], list[Row]]
"""Runs a method and returns its rows: called with (method, model, case, evaluator at work on both)."""


def run_panel(
    subjects: Iterable[Subject],
    methods: Sequence[str],
    measure: Measure,
    *,
    journal: Path,
    settings: Mapping[str, Any],
    total: int,
    progress: Progress | None = None,
) -> Outcome:
    """Measure every method on every subject; what the journal knows is not computed again.

    A method that cannot explain a model, as Grad-CAM a rule without layers, and a pair that cannot be read are listed
    as failures and do not stop the rest.

    Args:
        subjects: what is explained, one pair in memory at a time.
        methods: names of the panel.
        measure: what is measured.
        journal: the file.
        settings: what all rows depend on; a journal of other settings is begun anew.
        total: how many subjects there are.
        progress: called with (done, total) runs of a method.

    Raises:
        InputError: the journal cannot be written, or nothing could be explained.
    """
    kept = Journal(journal, {"fuselens": __version__, **settings})
    rows: list[Row] = []
    failures: list[Failure] = []
    for number, subject in enumerate(subjects):
        known = {name: kept.find(name, subject.key, subject.files) for name in methods}
        waiting = [name for name in methods if known[name] is None]
        if waiting:
            done = number * len(methods) + len(methods) - len(waiting)
            report = partial(_report, progress, done, total * len(methods))
            failures += _measure_waiting(subject, waiting, measure, kept, known, report)
        rows += [
            {**subject.facts, "method": name, "title": PANEL[name].title, **row}
            for name in methods
            for row in known[name] or ()
        ]
        _report(progress, 0, total * len(methods), (number + 1) * len(methods))
    if failures and not rows:
        raise InputError(f"Nothing could be explained: {failures[0].reason}")
    return Outcome(rows, failures, kept.reused)


def subjects_of(datasets: Folders, models: Sequence[FusionModel], settings: CaseSettings) -> Iterator[Subject]:
    """Yield every model on every pair; a pair is read once for all models, and only if something is left to do."""
    for dataset, pairs in datasets.items():
        for files in pairs:
            read = cache(partial(settings.read, files))
            for model in models:
                facts = {"dataset": dataset, "pair": files.name, "model": model.title}
                yield Subject(facts, identity_of(model), [files.a, files.b], partial(_opened, model, read))


def identity_of(model: FusionModel) -> str:
    """Return the hash of a model's weights; empty where it has none."""
    return str(model.weights_info.get("sha256") or "")


def _opened(model: FusionModel, read: Callable[[], Case]) -> tuple[FusionModel, Case]:
    return model, read()


def _measure_waiting(
    subject: Subject,
    waiting: Sequence[str],
    measure: Measure,
    journal: Journal,
    known: dict[str, Any],
    report: Callable[[int], None],
) -> list[Failure]:
    """Fill `known` and return what failed."""
    with ExitStack() as stack:
        try:
            model, case = subject.open()
            evaluator = stack.enter_context(case.evaluator(model))
        except FuseLensError as error:
            return [Failure(subject.facts, "", str(error))]
        failures = []
        for number, name in enumerate(waiting, 1):
            try:
                found = measure(name, model, case, evaluator)
            except FuseLensError as error:
                failures.append(Failure(subject.facts, name, str(error)))
            else:
                known[name] = found
                journal.add(name, subject.key, subject.files, found)
            report(number)
    return failures


def _report(progress: Progress | None, before: int, total: int, done: int) -> None:
    if progress is not None:
        progress(before + done, total)
