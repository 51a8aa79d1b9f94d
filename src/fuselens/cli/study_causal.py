"""`fuselens study NAME` for the studies of causality-driven fusion (paper 003), which train networks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fuselens.cli.console import progress_bar
from fuselens.cli.options import AsJson, Device, Out, Settings
from fuselens.cli.study_inputs import Limit, chosen_datasets, tell
from fuselens.cli.study_trained import Metrics, Quick, Seeds, Test, Train, chosen_limit, chosen_protocol, run_on_folders
from fuselens.core.errors import InputError

Same = Annotated[
    Path | None, typer.Option(help="Folder of test pairs whose scenes are like those of --train, such as msrs/test.")
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

    run_on_folders(
        run, train, test, out, limit, quick, as_json, chosen_protocol(seeds, metrics, settings, quick, device), {}
    )


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
    run_on_folders(
        run, train, test, out, limit, quick, as_json, chosen_protocol(seeds, metrics, settings, quick, device), chosen
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

    limit = chosen_limit(limit, quick)
    home = chosen_datasets([same], limit, "--same") if same else {}
    others = chosen_datasets(test, limit, "--test") if test else {}
    protocol = chosen_protocol(seeds, metrics, settings, quick, device)
    with progress_bar("training and scoring") as progress:
        result = run(
            out, protocol=protocol, train=train or (), same=home, others=others, street_share=street_share,
            quick=quick, progress=progress,
        )  # fmt: skip
    tell(result, out, as_json)
