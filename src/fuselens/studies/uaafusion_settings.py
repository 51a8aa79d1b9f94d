"""The studies `uaafusion-stages` and `uaafusion-path-steps`: how many stages, how many gradients between two of them?

The paper (001) prints one training of each number: results saturate at K = 5 stages, and more than one gradient a stage
changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fuselens.core.errors import InputError
from fuselens.studies.cases import Folders
from fuselens.studies.comparison import write_comparison
from fuselens.studies.outputs import StudyResult
from fuselens.studies.protocol import Protocol, Variant
from fuselens.studies.runs import Progress
from fuselens.studies.trained_variants import run_variants


@dataclass(frozen=True)
class Sweep:
    """One setting of the network that a study runs through.

    Attributes:
        setting: of the network's constructor.
        label: what tables call a value.
        papers: the value that the others are compared with.
        default: the values of the paper.
        title, words: of the study.
    """

    setting: str
    label: str
    papers: int
    default: tuple[int, ...]
    title: str
    words: str


STAGES = Sweep(
    "stages", "K = {}", 5, (2, 3, 4, 5, 6, 7, 8),
    "How many stages should UAAFusion have? (K)",
    "The unfolded network has K stages, each a gradient step, attention and a refinement.",
)  # fmt: skip
PATH_STEPS = Sweep(
    "path_samples", "{}k gradients", 1, (1, 2, 3, 4, 5),
    "How many gradients does UAAFusion's attention need? (path)",
    "The attention of each stage is the integral of a gradient along the path of fused images so far; it sums "
    "so many gradients between two neighbouring images of the path.",
)  # fmt: skip


def run(
    sweep: Sweep,
    train: Sequence[Path],
    datasets: Folders,
    out: str | Path,
    *,
    protocol: Protocol,
    values: Sequence[int] = (),
    progress: Progress | None = None,
) -> StudyResult:
    """Train UAAFusion with each value of the setting, and compare each with the paper's (or the first).

    Writes what `uaafusion-ablation` writes, and can be interrupted like it.

    Args:
        sweep: `STAGES` or `PATH_STEPS`.
        train: folders of training pairs.
        datasets: name to test pairs.
        out: folder for the results.
        protocol: recipe, seeds, metrics.
        values: of the setting; none: the paper's.
        progress: called with (done, total) epochs and scored images.

    Raises:
        InputError: fewer than two values, one twice or below 1, or as `run_variants`.
        UnknownNameError: as `run_variants`.
    """
    values = values or sweep.default
    if len(set(values)) < 2 or len(set(values)) < len(values) or min(values) < 1:
        raise InputError(
            f"Expected at least two different values, 1 or more each, but got {', '.join(map(str, values))}."
        )
    titles = {value: sweep.label.format(value) for value in values}
    variants = [
        Variant(f"{sweep.setting}{value}", titles[value], {f"settings.{sweep.setting}": value}) for value in values
    ]
    scores = run_variants(variants, protocol, train, datasets, Path(out), progress=progress)
    reference = sweep.papers if sweep.papers in values else values[0]
    pairs = [(titles[value], titles[reference]) for value in values if value != reference]
    words = f"{sweep.words} Every number is compared with {titles[reference]}."
    return write_comparison(scores, protocol, datasets, Path(out), sweep.title, pairs, [words])
