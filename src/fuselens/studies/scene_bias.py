"""The study `scene-bias`: what does a network that was trained on streets lose on other scenes, and does BAFFM help?

The claim of paper 003 is that the back-door adjustment keeps frequent scenes from deciding; it prints no test of it.
Here BAFFM is trained on streets, with and without the adjustment, and tested on streets and on other scenes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fuselens.core.errors import InputError
from fuselens.data.folders import PairFiles, find_pairs
from fuselens.models import load_model
from fuselens.scoring.methods import FusedByModel
from fuselens.scoring.table import Numbers
from fuselens.studies.cases import Folders
from fuselens.studies.causal_ablation import ABLATION, WITH, WITHOUT
from fuselens.studies.outputs import StudyResult
from fuselens.studies.protocol import Protocol
from fuselens.studies.runs import Progress
from fuselens.studies.scene_mixture import mixture, write_scenes
from fuselens.studies.seed_findings import corrected, drop_gains
from fuselens.studies.trained_variants import VariantScores, run_variants
from fuselens.studies.variant_outputs import protocol_words, write_variants
from fuselens.studies.variant_tables import findings_table, means_table, seeds_table

TITLE = "Trained on streets, tested elsewhere: does BAFFM lose less?"
RULE = "average"
SIZE, QUICK_SIZE = (192, 256), (96, 128)
PAIRS, QUICK_PAIRS = 200, 40
TEST_PAIRS, QUICK_TEST_PAIRS = 40, 12
TEST_SEED = 5000
"""First seed of the generated test scenes; training scenes begin at 0."""


def run(
    out: str | Path,
    *,
    protocol: Protocol,
    train: Sequence[Path] = (),
    same: Folders | None = None,
    others: Folders | None = None,
    street_share: float = 0.95,
    quick: bool = False,
    progress: Progress | None = None,
) -> StudyResult:
    """Train BAFFM with and without its adjustment on a mixture that is mostly streets, and compare what both lose.

    Writes what `causal-ablation` writes, and can be interrupted like it; generated pairs lie in `scenes/`.

    Args:
        out: folder for the results.
        protocol: recipe, seeds, metrics.
        train: folders of training pairs; without any, streets and meadows are generated.
        same: name to test pairs of the scenes that were trained on, for `train`; one data set.
        others: name to test pairs of other scenes; generated meadows come on top where the training is generated.
        street_share: of the generated training pairs.
        quick: fewer and smaller generated pairs.
        progress: called with (done, total) epochs and scored images.

    Raises:
        InputError: `train` without `same` and `others`, `same` without `train`, or as `run_variants`.
        UnknownNameError: as `run_variants`.
    """
    place = Path(out)
    if train:
        if len(same or {}) != 1 or not others:
            raise InputError(
                "Name one --same FOLDER of scenes like the training's and at least one --test FOLDER of other scenes."
            )
        folders, tests = list(train), dict(same or {})
    else:
        if same:
            raise InputError("Leave out --same, or name the --train FOLDER whose scenes these are.")
        folders, tests = _generated(place, street_share, quick)
    (home, *_), datasets = tests, tests | dict(others or {})
    elsewhere = [name for name in datasets if name != home]
    rule = FusedByModel(RULE, load_model(RULE))
    scores = run_variants(ABLATION, protocol, folders, datasets, place, beside=[rule], progress=progress)
    findings = corrected([one for name in elsewhere for one in drop_gains(scores, home, name, WITH, WITHOUT)])
    changes = {f"{home} to {name}": name for name in elsewhere}
    drops = {words: scores.mean_losses(name) - scores.mean_losses(home) for words, name in changes.items()}
    rule_drops = {words: _rule_losses(scores, name) - _rule_losses(scores, home) for words, name in changes.items()}
    columns = next(iter(scores.tables.values())).columns
    means = {name: scores.means(name) for name in datasets}
    rule_means = {name: table.means()[table.method(RULE)] for name, table in scores.tables.items()}
    tables = {
        "Drops": means_table(
            f"What is lost from {home} to other scenes; below 0 it is won. Mean over the images; ± is the standard "
            f"deviation over the seeds. The rule {RULE} was not trained: what it loses is due to the images alone.",
            scores.variants, columns, drops, {f"rule {RULE}": rule_drops}, arrows=False,
        ),
        "How much less is lost with BAFFM": findings_table(
            findings, f"The drop of {WITHOUT} less the drop of {WITH}: above 0, the adjustment makes the drop smaller."
        ),
        "The same for each seed": seeds_table(
            findings, scores.seeds, "With its 95 % bootstrap interval over the images of both sets."
        ),
        "Scores": means_table(
            "Mean over the images; ± is the standard deviation over the seeds.", scores.variants, columns, means,
            {f"rule {RULE}": rule_means},
        ),
    }  # fmt: skip
    return write_variants(
        place, TITLE, protocol, datasets, scores, findings, tables,
        words=[_words(folders, home, elsewhere), *protocol_words(protocol, scores)], panels=drops, measured="drop in",
        verdicts=("the adjustment makes the drop smaller", "the adjustment makes the drop larger"),
    )  # fmt: skip


def _generated(place: Path, street_share: float, quick: bool) -> tuple[list[Path], dict[str, Sequence[PairFiles]]]:
    """Write the training folder and the test pairs of both kinds of scenes."""
    height, width = size = QUICK_SIZE if quick else SIZE

    def written(what: str, counts: dict[str, int], first_seed: int) -> Path:
        words = "-".join(f"{count}-{kind}" for kind, count in counts.items())
        return write_scenes(place / "scenes" / f"{what}-{words}-{height}x{width}", counts, size, first_seed)

    training = written("train", mixture(QUICK_PAIRS if quick else PAIRS, street_share), 0)
    count = QUICK_TEST_PAIRS if quick else TEST_PAIRS
    tests: dict[str, Sequence[PairFiles]] = {
        kind: find_pairs(written("test", {kind: count}, TEST_SEED)) for kind in ("street", "nature")
    }
    return [training], tests


def _rule_losses(scores: VariantScores, dataset: str) -> Numbers:
    table = scores.tables[dataset]
    return np.asarray(np.nanmean(table.losses()[table.method(RULE)], axis=0))


def _words(folders: Sequence[Path], home: str, elsewhere: Sequence[str]) -> str:
    trained = " and ".join(f"{folder.parent.name}/{folder.name}" for folder in folders)
    return (
        f"Trained on {trained}, tested on {home}, whose scenes are like most of the training's, and on "
        f"{', '.join(elsewhere)}, whose scenes are not. Scores differ between sets of images whatever the network, so "
        "drops are compared between networks, not with 0: does the adjusted network lose less than the same network "
        "without the adjustment?"
    )
