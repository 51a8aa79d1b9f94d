"""`fuselens study NAME` for the studies of UAAFusion (paper 001), which train networks."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fuselens.cli.options import AsJson, Device, Out, Settings
from fuselens.cli.study_inputs import Limit
from fuselens.cli.study_trained import Metrics, Quick, Seeds, Test, Train, chosen_protocol, run_on_folders
from fuselens.core.errors import InputError

if TYPE_CHECKING:
    from fuselens.studies.protocol import Protocol

RECIPE = "uaafusion-infrared-visible"
METRICS = "en,sf,cc,vif,qabf,ssim"
FROM_SCRATCH = ["start=null", "lr=0.001"]  # networks of different parts cannot start from the same weights
WHOLE = [*FROM_SCRATCH, "steps=1200", "epoch_steps=100"]
SHORT = [*FROM_SCRATCH, "steps=100", "batch_size=2"]


def uaafusion_ablation(
    train: Train = None,
    test: Test = None,
    out: Out = Path("study"),
    seeds: Seeds = 3,
    metrics: Metrics = METRICS,
    settings: Settings = None,
    limit: Limit = None,
    quick: Quick = False,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """What does each part of UAAFusion do? Trains it without one after the other (paper 001, Exp. I to VIII)."""
    from fuselens.studies.uaafusion_ablation import run

    protocol = _protocol(seeds, metrics, settings, quick, device)
    run_on_folders(run, train, test, out, limit, quick, as_json, protocol, {})


def uaafusion_stages(
    train: Train = None,
    test: Test = None,
    out: Out = Path("study"),
    stages: Annotated[str, typer.Option(metavar="N,N", help="Numbers of stages.")] = "2,3,4,5,6,7,8",
    seeds: Seeds = 3,
    metrics: Metrics = METRICS,
    settings: Settings = None,
    limit: Limit = None,
    quick: Quick = False,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """How many stages should UAAFusion have? Trains it with each number (paper 001)."""
    from fuselens.studies.uaafusion_settings import STAGES, run

    chosen = {"values": _numbers(stages, "--stages")}
    protocol = _protocol(seeds, metrics, settings, quick, device)
    run_on_folders(partial(run, STAGES), train, test, out, limit, quick, as_json, protocol, chosen)


def uaafusion_path_steps(
    train: Train = None,
    test: Test = None,
    out: Out = Path("study"),
    samples: Annotated[str, typer.Option(metavar="N,N", help="Gradients between two stages.")] = "1,2,3,4,5",
    seeds: Seeds = 3,
    metrics: Metrics = METRICS,
    settings: Settings = None,
    limit: Limit = None,
    quick: Quick = False,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """How many gradients does UAAFusion's attention need? Trains it with each number (paper 001)."""
    from fuselens.studies.uaafusion_settings import PATH_STEPS, run

    chosen = {"values": _numbers(samples, "--samples")}
    protocol = _protocol(seeds, metrics, settings, quick, device)
    run_on_folders(partial(run, PATH_STEPS), train, test, out, limit, quick, as_json, protocol, chosen)


def _protocol(seeds: int, metrics: str | None, settings: list[str] | None, quick: bool, device: str) -> Protocol:
    return chosen_protocol(seeds, metrics, [*(SHORT if quick else WHOLE), *(settings or [])], quick, device, RECIPE)


def _numbers(text: str, option: str) -> list[int]:
    if not all(word.strip().isdecimal() for word in text.split(",")):
        raise InputError(f"Expected {option} as whole numbers such as 2,5 but got '{text}'.")
    return [int(word) for word in text.split(",")]
