"""What the studies of trained variants write: scores of each, what one gains on another, and whether that is luck."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fuselens.studies.cases import Folders
from fuselens.studies.outputs import StudyResult
from fuselens.studies.protocol import Protocol
from fuselens.studies.seed_findings import corrected, gains
from fuselens.studies.trained_variants import VariantScores
from fuselens.studies.variant_outputs import protocol_words, write_variants
from fuselens.studies.variant_tables import findings_table, means_table, seeds_table


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
