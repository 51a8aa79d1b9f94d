"""What the commands of studies that train networks share: their options, and how they are run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fuselens.cli.console import progress_bar
from fuselens.cli.study_inputs import chosen_datasets, tell

if TYPE_CHECKING:
    from fuselens.studies.protocol import Protocol

QUICK_PAIRS = 12
Train = Annotated[
    list[Path] | None, typer.Option("--train", help="Folder of training pairs, such as msrs/train; any number.")
]
Test = Annotated[list[Path] | None, typer.Option("--test", help="Folder of test pairs, such as tno/test; any number.")]
Seeds = Annotated[int, typer.Option(help="Trainings of each variant, at least 2.")]
Metrics = Annotated[str | None, typer.Option(metavar="NAMES", help="Such as en,sd,vif. Default: those of the paper.")]
Quick = Annotated[
    bool, typer.Option("--quick", help="Minutes: short trainings on small crops, the middle of 12 pairs a test folder.")
]


def run_on_folders(
    run: Callable[..., Any],
    train: list[Path] | None,
    test: list[Path] | None,
    out: Path,
    limit: int | None,
    quick: bool,
    as_json: bool,
    protocol: Protocol,
    chosen: dict[str, Any],
) -> None:
    """Run a study on training and test folders."""
    datasets = chosen_datasets(test, chosen_limit(limit, quick), "--test")
    with progress_bar("training and scoring") as progress:
        result = run(train or (), datasets, out, protocol=protocol, progress=progress, **chosen)
    tell(result, out, as_json)


def chosen_protocol(
    seeds: int, metrics: str | None, settings: list[str] | None, quick: bool, device: str, recipe: str | None = None
) -> Protocol:
    """Return what all trainings share, by the options; BAFFM's recipe where none is named."""
    from fuselens.cli.train import changes_of
    from fuselens.studies.protocol import METRICS, RECIPE, Protocol

    names = METRICS if metrics is None else tuple(word.strip() for word in metrics.split(","))
    return Protocol.of(quick, changes_of(settings), recipe=recipe or RECIPE, seeds=seeds, metrics=names, device=device)


def chosen_limit(limit: int | None, quick: bool) -> int | None:
    """Return how many test pairs of a folder are scored."""
    return QUICK_PAIRS if quick and limit is None else limit
