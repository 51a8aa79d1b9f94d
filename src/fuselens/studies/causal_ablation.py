"""The study `causal-ablation`: does the back-door adjustment of BAFFM make fusion better? (paper 003, ablation).

The paper prints one training of each network, by which the adjustment wins in 11 of 12 cells. Here every network is
trained over several seeds, and a difference counts only where neither seeds nor images explain it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fuselens.studies.cases import Folders
from fuselens.studies.outputs import StudyResult
from fuselens.studies.protocol import Protocol, Variant
from fuselens.studies.runs import Progress
from fuselens.studies.seed_findings import corrected, gains
from fuselens.studies.trained_variants import VariantScores, run_variants
from fuselens.studies.variant_outputs import protocol_words, write_variants
from fuselens.studies.variant_tables import findings_table, means_table, seeds_table

TITLE = "Does the back-door adjustment make fusion better? (BAFFM, ablation)"
WITH, WITHOUT = "BAFFM", "w/o BAFFM"
ABLATION = (
    Variant("adjusted", WITH, {"settings.adjust": True}),
    Variant("unadjusted", WITHOUT, {"settings.adjust": False, "dictionary": None}),
)


def run(
    train: Sequence[Path],
    datasets: Folders,
    out: str | Path,
    *,
    protocol: Protocol,
    progress: Progress | None = None,
) -> StudyResult:
    """Train BAFFM with and without its adjustment, and compare both on the test pairs.

    Writes `cases.csv`, `table.csv`, `gains.csv`, `study.json`, `table.tex`, `table.md`, `study.html` and figures.
    Trainings and scores are kept, so an interrupted study goes on where it stopped.

    Args:
        train: folders of training pairs, of which the confounder dictionary is made, too.
        datasets: name to test pairs.
        out: folder for the results.
        protocol: recipe, seeds, metrics.
        progress: called with (done, total) epochs and scored images.

    Raises:
        InputError, UnknownNameError: as `run_variants`.
    """
    scores = run_variants(ABLATION, protocol, train, datasets, Path(out), progress=progress)
    return write_comparison(scores, protocol, datasets, Path(out), TITLE, [(WITH, WITHOUT)], [
        "The adjusted network adds to the features of each source what its confounder dictionary says of the scene; "
        "the other one is the same network without that sum (E = 0).",
    ])  # fmt: skip


def write_comparison(
    scores: VariantScores,
    protocol: Protocol,
    datasets: Folders,
    out: Path,
    title: str,
    pairs: Sequence[tuple[str, str]],
    words: Sequence[str],
) -> StudyResult:
    """Write the study of variants that are compared by their scores, set by set.

    Args:
        scores, protocol, datasets: what was done and found.
        out: the folder.
        title: of the study.
        pairs: titles of the variants that are compared, each with the one that it is compared with.
        words: what the variants are, in paragraphs.

    Raises:
        InputError: no metric with enough scores, or a file that cannot be written.
    """
    findings = corrected([
        one for variant, against in pairs for dataset in datasets for one in gains(scores, dataset, variant, against)
    ])  # fmt: skip
    means = {dataset: scores.means(dataset) for dataset in datasets}
    columns = next(iter(scores.tables.values())).columns
    tables = {
        "Scores": means_table(
            "Mean over the images; ± is the standard deviation over the seeds.", scores.variants, columns, means
        ),
        "Gains": findings_table(
            findings, "By how much the first variant is better: above 0 is better whatever the metric's direction."
        ),
        "Gains of each seed": seeds_table(
            findings,
            scores.seeds,
            "The same of every pair of trainings, with its 95 % bootstrap interval over the images.",
        ),
    }
    return write_variants(
        out, title, protocol, datasets, scores, findings, tables,
        words=[*words, *protocol_words(protocol, scores)], panels=means,
    )  # fmt: skip
