"""The study `segmentation-table`: does fusion help a segmentation network? (paper 001, downstream task).

One network is retrained for each input (either source alone, and every fusion method), over several seeds, and measured
on held-out pairs. Trainings of one seed start from the same weights and see the same crops in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from fuselens.core.files import prepare_folder, write_json, write_text
from fuselens.core.model import FusionModel, explaining
from fuselens.scoring.statistics import CONFIDENCE
from fuselens.segmentation.labelled import LabelledPairs, View, first, second
from fuselens.studies.outputs import StudyResult
from fuselens.studies.page import figure_part, table_part, write_page
from fuselens.studies.runs import Progress
from fuselens.studies.segmentation_figures import confusion_figure, found_figure
from fuselens.studies.segmentation_runs import SegmentationProtocol, SegmentationScores, run_inputs
from fuselens.studies.sets import Row
from fuselens.studies.summaries import to_csv
from fuselens.studies.tables import Table, number

TITLE = "Does fusion help a segmentation network?"


def run(
    models: Sequence[FusionModel],
    train: LabelledPairs,
    test: LabelledPairs,
    out: str | Path,
    *,
    protocol: SegmentationProtocol,
    names: tuple[str, str] = ("infrared", "visible"),
    progress: Progress | None = None,
) -> StudyResult:
    """Train a network for each input and seed, and compare what they find.

    Writes `cases.csv` (one row a training and class), `table.csv`, `table.tex`, `table.md`, `study.json`,
    `study.html` and figures. Trainings are kept, so an interrupted study goes on where it stopped.

    Args:
        models: fusion methods, on their device.
        train, test: labelled pairs of one class table.
        out: folder for the results.
        protocol: recipe, seeds, network.
        names: of the sources.
        progress: called with (done, total) epochs.

    Raises:
        InputError: as `run_inputs`, or a file that cannot be written.
    """
    place = prepare_folder(Path(out))
    views: dict[str, View] = {f"{names[0]} alone": first, f"{names[1]} alone": second}
    views |= {model.name: _view_of(model) for model in models}
    identities = [*names, *({"model": one.title, "sha256": one.weights_info.get("sha256")} for one in models)]
    inputs = {name: (view, identity) for (name, view), identity in zip(views.items(), identities, strict=True)}
    scores = run_inputs(inputs, train, test, protocol, place, progress=progress)
    told = [verdict(scores, name) for name in scores.inputs[2:]]
    rows, summary = _rows(scores), _summary(scores)
    tables = {"Intersection over union": _table(scores, "iou"), "Accuracy": _table(scores, "accuracy")}
    figures = [
        figure_part(
            "A test scene", found_figure(scores, views, test),
            "Above what each network looks at, below what the training with the first seed finds there.",
            place / "found",
        ),
        figure_part(
            "Confusion", confusion_figure(scores),
            "Rows are true classes and add up to 1; all seeds together.", place / "confusion",
        ),
    ]  # fmt: skip
    words = [*told, *_words(protocol, train, test)]
    write_text(place / "cases.csv", to_csv(rows))
    write_text(place / "table.csv", to_csv(summary))
    write_text(place / "table.tex", "\n".join(table.to_latex() for table in tables.values()))
    headed = [f"## {heading}\n\n{table.to_markdown()}" for heading, table in tables.items()]
    write_text(place / "table.md", "\n".join([f"# {TITLE}\n", *(f"{one}\n" for one in words), *headed]))
    confusion = {name: scores.pooled(name).counts.tolist() for name in scores.inputs}
    facts = {"verdicts": told, "seeds": list(scores.seeds), "classes": list(scores.classes)}
    write_json(place / "study.json", {"title": TITLE, **facts, "scores": summary, "confusion": confusion})
    parts = [table_part(heading, table.to_html()) for heading, table in tables.items()]
    write_page(place / "study.html", TITLE, words, [*parts, *figures])
    return StudyResult(rows, summary, [], facts)


def verdict(scores: SegmentationScores, name: str) -> str:
    """Say whether an input is better than the better source alone: by Student's interval of the gain over the seeds."""
    means = dict(zip(scores.inputs, scores.of_seeds(lambda one: one.mean_iou), strict=True))
    best = max(scores.inputs[:2], key=lambda one: float(means[one].mean()))
    gains = 100 * (means[name] - means[best])
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(gains) - 1) * gains.std(ddof=1) / len(gains) ** 0.5)
    low, high = gains.mean() - half, gains.mean() + half
    what = "better than" if low > 0 else "worse than" if high < 0 else "not surely different from"
    return (
        f"{name} is {what} {best}, the better source: {gains.mean():+.1f} points of mean IoU, 95 % interval over "
        f"{len(gains)} seeds {low:+.1f} to {high:+.1f}."
    )


def _view_of(model: FusionModel) -> View:
    def view(a: Any, b: Any) -> Any:
        device = next((one.device for one in model.parameters()), a.device)
        with explaining(model):
            return model(a.to(device), b.to(device)).cpu()

    return view


def _rows(scores: SegmentationScores) -> list[Row]:
    return [
        {"input": name, "seed": seed, "class": kind, "iou": float(iou), "accuracy": float(accuracy)}
        for (name, seed), found in scores.found.items()
        for kind, iou, accuracy in zip(found.classes, found.iou, found.accuracy, strict=True)
    ]


def _summary(scores: SegmentationScores) -> list[Row]:
    measures = {"mean_iou": "mIoU", "mean_accuracy": "mAcc", "pixel_accuracy": "pixel accuracy"}
    return [
        {"input": name, "metric": title, "mean": float(values.mean()), "std": float(values.std(ddof=1))}
        | {f"seed_{seed}": float(value) for seed, value in zip(scores.seeds, values, strict=True)}
        for attribute, title in measures.items()
        for name, values in zip(scores.inputs, scores.of_seeds(lambda one: getattr(one, attribute)), strict=True)  # noqa: B023
    ]


def _table(scores: SegmentationScores, measure: str) -> Table:
    """Return percentages: a row an input, a column a class that occurs, and the mean with its spread over the seeds."""
    values = 100 * scores.of_seeds(lambda one: getattr(one, measure).numpy())  # [inputs, seeds, classes]
    means = 100 * scores.of_seeds(lambda one: one.mean_iou if measure == "iou" else one.mean_accuracy)
    shown = [k for k in range(len(scores.classes)) if np.isfinite(values[..., k]).any()]
    rows = tuple(
        (
            name,
            *(number(float(np.nanmean(of_input[:, k]))) if np.isfinite(of_input[:, k]).any() else "–" for k in shown),
            f"{number(float(mean.mean()))} ± {number(float(mean.std(ddof=1)))}",
        )
        for name, of_input, mean in zip(scores.inputs, values, means, strict=True)
    )
    caption = "Percent, mean over the seeds; ± is the standard deviation over the seeds."
    return Table(caption, ("input", *(scores.classes[k] for k in shown), "mean"), (("", rows),))


def _words(protocol: SegmentationProtocol, train: LabelledPairs, test: LabelledPairs) -> list[str]:
    recipe = protocol.recipe
    seeds = ", ".join(map(str, protocol.all_seeds()))
    network = ", ".join(f"{key} {value}" for key, value in protocol.network.items()) or "full width"
    return [
        f"DeepLabV3+ ({network}) was trained from random weights for every input with the seeds {seeds}: "
        f"{recipe.steps} steps of {recipe.batch_size} crops of {recipe.crop}x{recipe.crop} pixels from {len(train)} "
        f"pairs; measured on {len(test)} other pairs.",
    ]
