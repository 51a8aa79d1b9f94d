"""The study `causal-dictionary`: how many scenes should BAFFM's confounder dictionary have? (paper 003, ablation).

The paper prints one training each of N = 20, 25 and 30, and takes 25.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fuselens.core.errors import InputError
from fuselens.studies.cases import Folders
from fuselens.studies.comparison import write_comparison
from fuselens.studies.outputs import StudyResult
from fuselens.studies.protocol import Protocol, Variant
from fuselens.studies.runs import Progress
from fuselens.studies.trained_variants import run_variants

TITLE = "How many scenes should the confounder dictionary have? (BAFFM, N)"
SCENES = (20, 25, 30)
PAPERS = 25


def run(
    train: Sequence[Path],
    datasets: Folders,
    out: str | Path,
    *,
    protocol: Protocol,
    scenes: Sequence[int] = SCENES,
    progress: Progress | None = None,
) -> StudyResult:
    """Train BAFFM with dictionaries of several sizes, and compare each with the paper's 25 (or the first size).

    Writes what `causal-ablation` writes, and can be interrupted like it.

    Args:
        train: folders of training pairs, of which the dictionaries are made, too.
        datasets: name to test pairs.
        out: folder for the results.
        protocol: recipe, seeds, metrics.
        scenes: the sizes.
        progress: called with (done, total) epochs and scored images.

    Raises:
        InputError: fewer than two sizes, one twice or below 2, or as `run_variants`.
        UnknownNameError: as `run_variants`.
    """
    if len(set(scenes)) < 2 or len(set(scenes)) < len(scenes) or min(scenes) < 2:
        raise InputError(
            f"Expected at least two different numbers of scenes, 2 or more each, but got {', '.join(map(str, scenes))}."
        )
    titles = {count: f"N = {count}" for count in scenes}
    variants = [Variant(f"scenes{count}", titles[count], {"settings.scenes": count}) for count in scenes]
    scores = run_variants(variants, protocol, train, datasets, Path(out), progress=progress)
    reference = PAPERS if PAPERS in scenes else scenes[0]
    pairs = [(titles[count], titles[reference]) for count in scenes if count != reference]
    return write_comparison(scores, protocol, datasets, Path(out), TITLE, pairs, [
        "The confounder dictionary of each modality holds N scenes: the means of the N clusters of the training "
        f"images' scene features. Every N is compared with N = {reference}.",
    ])  # fmt: skip
