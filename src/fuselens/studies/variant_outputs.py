"""What a study of trained variants leaves behind: the files of every study, the findings, and what was fused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fuselens.core.files import write_json, write_text
from fuselens.studies.cases import Folders
from fuselens.studies.outputs import StudyResult, write_study
from fuselens.studies.page import figure_part
from fuselens.studies.protocol import Protocol
from fuselens.studies.runs import Outcome
from fuselens.studies.seed_dots import seed_figure
from fuselens.studies.seed_findings import Finding
from fuselens.studies.sets import Row
from fuselens.studies.summaries import to_csv
from fuselens.studies.tables import Table
from fuselens.studies.trained_variants import VariantScores
from fuselens.studies.variant_gallery import AMPLIFIED, gallery_figure
from fuselens.studies.variant_tables import DECIDING, sentences

if TYPE_CHECKING:
    from fuselens.scoring.table import Numbers


def write_variants(
    place: Path,
    title: str,
    protocol: Protocol,
    datasets: Folders,
    scores: VariantScores,
    findings: Sequence[Finding],
    tables: Mapping[str, Table],
    *,
    words: Sequence[str],
    panels: Mapping[str, Numbers],
    measured: str = "",
    verdicts: tuple[str, str] = ("better", "worse"),
) -> StudyResult:
    """Write what `write_study` writes, `gains.csv`, `study.json` and two figures.

    Args:
        place: the folder, which exists.
        title: of the study.
        protocol, datasets: what was done.
        scores, findings: what was found.
        tables: by their headings.
        words: what was compared, in paragraphs.
        panels: what the figure of seeds shows: `[variants, seeds, metrics]` by row.
        measured: what that is, before the metric's name.
        verdicts: what a positive and a negative gain are called.

    Raises:
        InputError: a file cannot be written.
    """
    told = sentences(findings, *verdicts)
    facts = facts_of(protocol, scores) | {"verdicts": told, "findings": [one.record() for one in findings]}
    columns = next(iter(scores.tables.values())).columns
    figures = [
        figure_part(
            "Seeds", seed_figure(panels, scores.variants, columns, measured),
            "A line a seed, over the variants; the bar is their mean.", place / "seeds",
        ),
        figure_part(
            "Fused images", gallery_figure(scores, datasets, protocol.scoring()),
            f"The first test pair of each data set, fused by the trainings with seed {scores.seeds[0]}; last, the "
            f"first of these less the second, {AMPLIFIED} times as strong, on grey.", place / "fused",
        ),
    ]  # fmt: skip
    outcome = Outcome(scores.rows(), scores.failures(), sum(t.settings["reused"] for t in scores.tables.values()))
    write_text(place / "gains.csv", to_csv([one.record() for one in findings]))
    write_json(place / "study.json", {"title": title, **facts, "scores": summary_of(scores)})
    return write_study(
        place, title, outcome, summary_of(scores), tables,
        paragraphs=[*told, *words, DECIDING], figures=figures, facts=facts,
    )  # fmt: skip


def summary_of(scores: VariantScores) -> list[Row]:
    """Return one row a data set, variant and metric: mean and standard deviation over the seeds, and each seed."""
    return [
        {
            "dataset": dataset, "variant": variant, "metric": column.name, "images": len(table.images),
            "mean": float(by_seed.mean()), "std": float(by_seed.std(ddof=1)),
        }
        | {f"seed_{seed}": float(value) for seed, value in zip(scores.seeds, by_seed, strict=True)}
        for dataset, table in scores.tables.items()
        for means in [scores.means(dataset)]
        for variant, of_variant in zip(scores.variants, means, strict=True)
        for column, by_seed in zip(table.columns, of_variant.T, strict=True)
    ]  # fmt: skip


def facts_of(protocol: Protocol, scores: VariantScores) -> dict[str, Any]:
    """Return the settings that the numbers depend on."""
    return {"seeds": list(scores.seeds), "recipe": protocol.recipe.as_dict(), "scoring": protocol.scoring().record()}


def protocol_words(protocol: Protocol, scores: VariantScores) -> list[str]:
    """Return how the trainings went and what is scored, in words."""
    recipe = protocol.recipe
    seeds = ", ".join(map(str, scores.seeds))
    columns = next(iter(scores.tables.values())).columns
    metrics = ", ".join(
        f"{one.title} ({one.convention})" if one.convention not in one.title else one.title for one in columns
    )
    tests = ", ".join(f"{name} ({len(table.images)} pairs)" for name, table in scores.tables.items())
    crops = "whole" if recipe.crop is None else f"in crops of {recipe.crop}x{recipe.crop} pixels"
    words = [
        f"Every variant was trained {protocol.seeds} times, with the seeds {seeds}: {recipe.steps} steps of "
        f"{recipe.batch_size} pairs, {crops}. Trainings of one seed start from the same weights wherever they have the "
        "same layers, and see the same crops in the same order.",
        f"Tested on {tests}, by {metrics}.",
    ]
    if protocol.side is not None:
        words.append(
            f"Only the middle {protocol.side}x{protocol.side} pixels of each test pair are scored, and trainings are "
            "short: a quick run says whether the study works, not what a full one would find."
        )
    return words
