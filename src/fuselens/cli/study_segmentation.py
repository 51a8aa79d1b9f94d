"""`fuselens study segmentation-table`: does fusion help a segmentation network?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fuselens.cli.console import progress_bar
from fuselens.cli.inputs import chosen_model
from fuselens.cli.options import AsJson, Device, Out
from fuselens.cli.study_inputs import Limit, Models, tell
from fuselens.cli.study_trained import Quick, Seeds
from fuselens.core.errors import InputError

if TYPE_CHECKING:
    from fuselens.segmentation.labelled import LabelledPairs

NAMES = ("infrared", "visible")
SCENES = (200, 50)
QUICK_SCENES, QUICK_SIZE = (40, 16), (128, 160)
FIRST_TEST_SEED = 100_000
Labelled = Annotated[
    Path | None,
    typer.Option(help="Labelled pairs (FMB, MSRS, MFNet or boxes) to train on; default: generated street scenes."),
]
LabelledTest = Annotated[Path | None, typer.Option(help="Labelled pairs of the same kind to test on.")]


def segmentation_table(
    models: Models = None,
    train: Labelled = None,
    test: LabelledTest = None,
    out: Out = Path("study"),
    seeds: Seeds = 3,
    limit: Limit = None,
    quick: Quick = False,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Does fusion help a segmentation network? Retrains one for each source and fusion method (paper 001)."""
    from fuselens.studies.segmentation_runs import SegmentationProtocol
    from fuselens.studies.segmentation_table import run

    if not models:
        raise InputError("Expected at least one --model NAME to compare; fuselens list models shows them.")
    found = [chosen_model(spec, NAMES, device) for spec in models]
    seen, unseen = _pairs(train, test, limit, quick)
    protocol = SegmentationProtocol.of(quick, seeds=seeds, device=device)
    with progress_bar("training") as progress:
        result = run(found, seen, unseen, out, protocol=protocol, names=NAMES, progress=progress)
    tell(result, out, as_json)


def _pairs(
    train: Path | None, test: Path | None, limit: int | None, quick: bool
) -> tuple[LabelledPairs, LabelledPairs]:
    """Return labelled pairs to train and to test on."""
    from fuselens.segmentation.labels import generated_scenes, labelled_pairs

    if (train is None) != (test is None):
        raise InputError("Name both --train and --test folders of labelled pairs, or neither for generated scenes.")
    if limit is not None and limit < 1:
        raise InputError(f"Expected --limit of at least 1 but got {limit}.")
    if train is not None and test is not None:
        sets = labelled_pairs(train), labelled_pairs(test)
        return tuple(one.subset(range(min(len(one), limit or len(one)))) for one in sets)  # type: ignore[return-value]
    counts = [min(count, limit or count) for count in (QUICK_SCENES if quick else SCENES)]
    size = QUICK_SIZE if quick else (192, 256)
    seeds = range(counts[0]), range(FIRST_TEST_SEED, FIRST_TEST_SEED + counts[1])
    return generated_scenes(seeds[0], size).held(), generated_scenes(seeds[1], size).held()
