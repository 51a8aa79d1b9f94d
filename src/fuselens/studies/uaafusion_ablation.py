"""The study `uaafusion-ablation`: what does each part of UAAFusion do? (paper 001, ablation, Exp. I to VIII).

The paper prints one training of each. Here every variant is trained over several seeds from scratch, and a difference
counts only where neither seeds nor images explain it.
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

TITLE = "What does each part of UAAFusion do? (ablation)"
WHOLE = Variant("whole", "UAAFusion", {})
EXPERIMENTS = (
    Variant("no-attention", "I: no attention", {"settings.attention": "none"}),
    Variant("gradient", "II: gradient, no path", {"settings.attention": "gradient"}),
    Variant("no-intensity", "III: no intensity loss", {"loss.intensity": 0.0}),
    Variant("no-gradient-loss", "IV: no gradient loss", {"loss.gradient": 0.0}),
    Variant("no-short", "V: no short memory", {"settings.short_memory": False}),
    Variant("no-long", "VI: no long memory", {"settings.long_memory": False}),
    Variant("no-memory", "VII: no memory", {"settings.short_memory": False, "settings.long_memory": False}),
    Variant("fused-only", "VIII: segments f only", {"loss.sources": False}),
)


def run(
    train: Sequence[Path],
    datasets: Folders,
    out: str | Path,
    *,
    protocol: Protocol,
    progress: Progress | None = None,
) -> StudyResult:
    """Train UAAFusion whole and without each of its parts, and compare all on the test pairs.

    Writes `cases.csv`, `table.csv`, `gains.csv`, `study.json`, `table.tex`, `table.md`, `study.html` and figures.
    Trainings and scores are kept, so an interrupted study goes on where it stopped.

    Args:
        train: folders of training pairs.
        datasets: name to test pairs.
        out: folder for the results.
        protocol: recipe, seeds, metrics.
        progress: called with (done, total) epochs and scored images.

    Raises:
        InputError, UnknownNameError: as `run_variants`.
    """
    scores = run_variants((WHOLE, *EXPERIMENTS), protocol, train, datasets, Path(out), progress=progress)
    pairs = [(WHOLE.title, without.title) for without in EXPERIMENTS]
    return write_comparison(scores, protocol, datasets, Path(out), TITLE, pairs, [
        "Each experiment takes one part away: the attention, or only its path; a part of the loss; a memory of the "
        "unfolded network; the sources from the cross-entropy of the segmentation network. Gains say by how much the "
        "whole network is better than the one without the part.",
    ])  # fmt: skip
