"""`fuselens study NAME` for the studies of causality-driven fusion (paper 003), which train networks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fuselens.cli.console import progress_bar
from fuselens.cli.options import AsJson, Device, Settings
from fuselens.cli.study_inputs import Limit, Out, chosen_datasets, tell
from fuselens.core.errors import InputError

if TYPE_CHECKING:
    from fuselens.studies.protocol import Protocol

QUICK_PAIRS = 12
Train = Annotated[
    list[Path] | None, typer.Option("--train", help="Folder of training pairs, such as msrs/train; any number.")
]
Test = Annotated[list[Path] | None, typer.Option("--test", help="Folder of test pairs, such as tno/test; any number.")]
Same = Annotated[
    Path | None, typer.Option(help="Folder of test pairs whose scenes are like those of --train, such as msrs/test.")
]
Seeds = Annotated[int, typer.Option(help="Trainings of each variant, at least 2.")]
Metrics = Annotated[
    str | None, typer.Option(metavar="NAMES", help="Such as en,sd,vif. Default: the paper's MI, VIF, Qabf, SSIM.")
]
Quick = Annotated[
    bool, typer.Option("--quick", help="Minutes: short trainings on small crops, the middle of 12 pairs a test folder.")
]


def causal_ablation(
    train: Train = None,
    test: Test = None,
    out: Out = Path("study"),
    seeds: Seeds = 3,
    metrics: Metrics = None,
    settings: Settings = None,
    limit: Limit = None,
    quick: Quick = False,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Does the back-door adjustment make fusion better? Trains BAFFM with and without it (paper 003, ablation)."""
    from fuselens.studies.causal_ablation import run

    _on_folders(run, train, test, out, limit, quick, as_json, _protocol(seeds, metrics, settings, quick, device), {})


def causal_dictionary(
    train: Train = None,
    test: Test = None,
    out: Out = Path("study"),
    scenes: Annotated[str, typer.Option(metavar="N,N", help="Sizes of the dictionary.")] = "20,25,30",
    seeds: Seeds = 3,
    metrics: Metrics = None,
    settings: Settings = None,
    limit: Limit = None,
    quick: Quick = False,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """How many scenes should the confounder dictionary have? Trains BAFFM with each number (paper 003, ablation)."""
    from fuselens.studies.causal_dictionary import run

    if not all(word.strip().isdecimal() for word in scenes.split(",")):
        raise InputError(f"Expected --scenes as whole numbers such as 20,25,30 but got '{scenes}'.")
    chosen = {"scenes": [int(word) for word in scenes.split(",")]}
    _on_folders(
        run, train, test, out, limit, quick, as_json, _protocol(seeds, metrics, settings, quick, device), chosen
    )


def scene_bias(
    train: Train = None,
    same: Same = None,
    test: Test = None,
    out: Out = Path("study"),
    street_share: Annotated[float, typer.Option(help="Share of streets among the generated training pairs.")] = 0.95,
    seeds: Seeds = 3,
    metrics: Metrics = None,
    settings: Settings = None,
    limit: Limit = None,
    quick: Quick = False,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """What does a network that was trained on streets lose on other scenes? Generates its pairs unless given any."""
    from fuselens.studies.scene_bias import run

    limit = _limit(limit, quick)
    home = chosen_datasets([same], limit, "--same") if same else {}
    others = chosen_datasets(test, limit, "--test") if test else {}
    protocol = _protocol(seeds, metrics, settings, quick, device)
    with progress_bar("training and scoring") as progress:
        result = run(
            out, protocol=protocol, train=train or (), same=home, others=others, street_share=street_share,
            quick=quick, progress=progress,
        )  # fmt: skip
    tell(result, out, as_json)


def _on_folders(
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
    datasets = chosen_datasets(test, _limit(limit, quick), "--test")
    with progress_bar("training and scoring") as progress:
        result = run(train or (), datasets, out, protocol=protocol, progress=progress, **chosen)
    tell(result, out, as_json)


def _protocol(seeds: int, metrics: str | None, settings: list[str] | None, quick: bool, device: str) -> Protocol:
    from fuselens.cli.train import changes_of
    from fuselens.studies.protocol import METRICS, Protocol

    names = METRICS if metrics is None else tuple(word.strip() for word in metrics.split(","))
    return Protocol.of(quick, changes_of(settings), seeds=seeds, metrics=names, device=device)


def _limit(limit: int | None, quick: bool) -> int | None:
    return QUICK_PAIRS if quick and limit is None else limit
