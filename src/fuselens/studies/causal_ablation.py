"""The study `causal-ablation`: does the back-door adjustment of BAFFM make fusion better? (paper 003, ablation).

The paper prints one training of each network, by which the adjustment wins in 11 of 12 cells. Here every network is
trained over several seeds, and a difference counts only where neither seeds nor images explain it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fuselens.studies.cases import Folders
from fuselens.studies.comparison import write_comparison
from fuselens.studies.outputs import StudyResult
from fuselens.studies.protocol import Protocol, Variant
from fuselens.studies.runs import Progress
from fuselens.studies.trained_variants import run_variants

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
