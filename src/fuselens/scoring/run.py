"""Score many fused images by many methods, one pair in memory at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fuselens.core.errors import FuseLensError, InputError
from fuselens.core.pair import ImagePair
from fuselens.core.version import __version__
from fuselens.data.folders import PairFiles
from fuselens.data.images import Normalize, Window
from fuselens.data.pairs import read_pair
from fuselens.metrics import DEFAULT_METRICS, chosen_metrics
from fuselens.metrics.metric import FusionMetric
from fuselens.metrics.score import score
from fuselens.scoring.journal import Journal
from fuselens.scoring.methods import Method
from fuselens.scoring.table import Column, Failure, ScoreTable
from fuselens.scoring.worst import WorstCase, worst_images

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ScoreSettings:
    """How to score.

    Attributes:
        metrics: names, with `:CONVENTION` where another than the canonical one is meant.
        compat: a public code whose conventions are taken where it deviates.
        dtype: `torch.float32` or `torch.float64`.
        device: where to compute; None for the CPU.
        quantize: round to 256 levels, as the field does.
        window, normalize: how the sources are read; see `read_pair`.
    """

    metrics: tuple[str, ...] = DEFAULT_METRICS
    compat: str | None = None
    dtype: torch.dtype = torch.float32
    device: str | None = None
    quantize: bool = True
    window: Window = None
    normalize: Normalize = None

    def chosen(self) -> dict[str, tuple[FusionMetric, str]]:
        """Return the metrics with their conventions, by the name of their column."""
        return chosen_metrics(self.metrics, compat=self.compat)

    def read(self, files: PairFiles) -> ImagePair:
        """Read the sources."""
        return read_pair(files.a, files.b, files.names, window=self.window, normalize=self.normalize)

    def record(self) -> dict[str, Any]:
        """Return the settings in plain words, with the version that the numbers depend on."""
        return {
            "fuselens": __version__,
            "metrics": list(self.chosen()),
            "dtype": str(self.dtype).removeprefix("torch."),
            "levels": 256 if self.quantize else "as they are",
            "window": self.window,
            "normalize": self.normalize,
        }


def score_methods(
    pairs: Sequence[PairFiles],
    methods: Sequence[Method],
    settings: ScoreSettings | None = None,
    *,
    journal: Path | None = None,
    progress: Progress | None = None,
) -> ScoreTable:
    """Score every method on every pair.

    One pair and one fused image are in memory at a time; of each only its numbers are kept. What cannot be read or
    fused is listed in the table's `failures` and does not stop the rest.

    Args:
        pairs: the sources' files.
        methods: where the fused images come from; their names must differ.
        settings: metrics and how to read; the defaults score the usual ten metrics.
        journal: a file that keeps the scores as they are made: run again with the same settings after an interruption,
            or with one more method, and what is there is not computed again. None keeps nothing.
        progress: called with (scored, total) fused images.

    Raises:
        InputError: no pair, no method, or two methods of one name.
        UnknownNameError: no such metric or convention.
    """
    settings = settings or ScoreSettings()
    _check(pairs, methods)
    chosen = settings.chosen()
    kept = Journal(journal, settings.record())
    values = np.full((len(methods), len(pairs), len(chosen)), np.nan)
    failures: list[Failure] = []
    for i, files in enumerate(pairs):
        waiting = []
        for m, method in enumerate(methods):
            known = kept.find(_key(method), files.name, _all_files(files, method))
            if known is None:
                waiting.append((m, method))
            else:
                values[m, i] = known
        if waiting:
            failures += _score_pair(files, waiting, settings, kept, values[:, i])
        if progress is not None:
            progress((i + 1) * len(methods), len(pairs) * len(methods))
    return ScoreTable(
        methods=tuple(method.name for method in methods),
        images=tuple(files.name for files in pairs),
        columns=tuple(Column.of(name, *each) for name, each in chosen.items()),
        values=values,
        failures=tuple(failures),
        names=pairs[0].names,
        settings=settings.record() | {"methods": [method.identity for method in methods], "reused": kept.reused},
    )


def worst_cases(
    table: ScoreTable, pairs: Iterable[PairFiles], methods: Iterable[Method], settings: ScoreSettings, count: int = 3
) -> list[WorstCase]:
    """Return the `count` worst images of each method with their pictures, read or fused once more.

    Raises:
        FuseLensError: a file has gone since it was scored.
    """
    files_of = {files.name: files for files in pairs}
    method_of = {method.name: method for method in methods}
    cases = []
    for method, image, badness in worst_images(table, count):
        pair = settings.read(files_of[image])
        cases.append(WorstCase(method, image, badness, pair, method_of[method].fused_for(files_of[image], pair)))
    return cases


def _check(pairs: Sequence[PairFiles], methods: Sequence[Method]) -> None:
    if not pairs or not methods:
        raise InputError("Expected at least one pair and one fusion method; name fused images or models to score.")
    names = [method.name for method in methods]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"Two methods are called '{twice[0]}'; name one of them differently, as in NAME=FOLDER.")


def _key(method: Method) -> str:
    """Name the method in the journal by all that its fused images depend on, so that other methods may join later."""
    return json.dumps(method.identity, sort_keys=True)


def _all_files(files: PairFiles, method: Method) -> list[Path]:
    return [files.a, files.b, *method.files_of(files)]


def _score_pair(
    files: PairFiles,
    waiting: list[tuple[int, Method]],
    settings: ScoreSettings,
    journal: Journal,
    values: np.ndarray[Any, np.dtype[np.float64]],
) -> list[Failure]:
    """Fill `values` `[methods, columns]` for one pair and return what failed."""
    try:
        pair = settings.read(files)
    except FuseLensError as error:
        return [Failure(files.name, "", str(error))]
    failures = []
    for m, method in waiting:
        try:
            values[m] = _scores(method, files, pair, settings)
        except FuseLensError as error:
            failures.append(Failure(files.name, method.name, str(error)))
        else:
            journal.add(_key(method), files.name, _all_files(files, method), values[m].tolist())
    return failures


def _scores(method: Method, files: PairFiles, pair: ImagePair, settings: ScoreSettings) -> list[float]:
    """Score one fused image; a metric that needs a larger image has no value there."""
    fused = method.fused_for(files, pair)
    smallest = {name: metric.smallest for name, (metric, _) in settings.chosen().items()}
    fitting = [name for name in smallest if min(pair.size) >= smallest[name]]
    if not fitting:
        raise InputError(f"{files.a} is too small for every metric asked for; score larger images.")
    found = score(
        pair, fused, fitting, dtype=settings.dtype, device=settings.device, quantize=settings.quantize
    )  # conventions stand in the names
    return [found.get(name, float("nan")) for name in smallest]
