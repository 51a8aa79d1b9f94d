"""`fuselens tune RECIPE`: search lambda, gamma_ssim and gamma_l2 for balanced losses, as paper 002 did."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fuselens.cli.console import print_json, progress_bar, say
from fuselens.cli.options import Accelerator, AsJson, DataFolders, Devices, PresetName, Settings
from fuselens.cli.train import adjusted_recipe
from fuselens.core.errors import InputError


def tune(
    recipe: Annotated[str, typer.Argument(help="A shipped recipe (fuselens list recipes) or a YAML file.")],
    data: DataFolders = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder of the search. Default: runs/tune-RECIPE.")
    ] = None,
    lambdas: Annotated[str, typer.Option(help="Values of lambda.")] = "0.01,0.2,0.5,0.8,0.99",
    gammas_ssim: Annotated[str, typer.Option(help="Values of gamma_ssim.")] = "0.1,0.3,0.5,0.7,0.9",
    gammas_l2: Annotated[str, typer.Option(help="Values of gamma_l2.")] = "0.1,0.3,0.5,0.7,0.9",
    rounds: Annotated[int, typer.Option(help="Refinements near the best balance.")] = 1,
    steps: Annotated[int | None, typer.Option(help="Steps of each trial. Default: the recipe's.")] = None,
    settings: Settings = None,
    preset: PresetName = None,
    accelerator: Accelerator = "auto",
    devices: Devices = "auto",
    as_json: AsJson = False,
) -> None:
    """Search the loss weights; writes trials.csv, tune.png, report.html and best.yaml."""
    chosen = adjusted_recipe(recipe, settings, preset)
    place = out or Path("runs") / f"tune-{Path(recipe).stem}"
    grids = [_numbers(text) for text in (lambdas, gammas_ssim, gammas_l2)]
    from fuselens.training.tune import tune as run_tuning

    with progress_bar("trials") as progress:
        result = run_tuning(
            chosen,
            data or [],
            place,
            lambdas=grids[0],
            gammas_ssim=grids[1],
            gammas_l2=grids[2],
            rounds=rounds,
            steps=steps,
            accelerator=accelerator,
            devices=int(devices) if devices.isdigit() else devices,
            progress=progress,
        )
    say(f"best: {result.best.loss}; open {place / 'report.html'}")
    if as_json:
        print_json({"best": result.best.as_dict(), "report": place / "report.html"})


def _numbers(text: str) -> list[float]:
    try:
        return [float(word) for word in text.split(",")]
    except ValueError as error:
        raise InputError(f"Expected numbers like 0.1,0.5,0.9 but got '{text}'.") from error
