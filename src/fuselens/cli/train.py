"""`fuselens train RECIPE`: train a network by a recipe; the same command continues an interrupted run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fuselens.cli.console import print_json, say
from fuselens.cli.options import Accelerator, AsJson, DataFolders, Devices, PresetName, Settings
from fuselens.cli.presets import checked_preset
from fuselens.core.errors import InputError
from fuselens.training.recipe import Recipe, load_recipe


def train(
    recipe: Annotated[str, typer.Argument(help="A shipped recipe (fuselens list recipes) or a YAML file.")],
    data: DataFolders = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Folder of the run. Default: runs/RECIPE.")] = None,
    test: Annotated[list[Path] | None, typer.Option(help="Folder of test pairs for the card.")] = None,
    settings: Settings = None,
    preset: PresetName = None,
    accelerator: Accelerator = "auto",
    devices: Devices = "auto",
    nodes: Annotated[int, typer.Option(help="Machines that train together.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Train a network; writes weights, their card, loss curves and TensorBoard logs."""
    chosen = adjusted_recipe(recipe, settings, preset)
    place = out or Path("runs") / Path(recipe).stem
    from fuselens.training.run import train as run_training

    result = run_training(
        chosen,
        data or [],
        place,
        test=test or [],
        accelerator=accelerator,
        devices=int(devices) if devices.isdigit() else devices,
        nodes=nodes,
        progress=print_losses,
    )
    say(f"{result.steps} steps in {result.seconds:.0f} s: {result.weights}")
    if as_json:
        print_json({"weights": result.weights, "losses": result.losses, "steps": result.steps})


def adjusted_recipe(name: str, settings: list[str] | None, preset: str | None) -> Recipe:
    """Return the recipe with the preset's and the user's changes.

    Raises:
        UnknownNameError: no such recipe, preset or setting.
        InputError: a setting that is not KEY=VALUE.
    """
    recipe = load_recipe(name)
    if checked_preset(preset) == "paper":
        recipe = recipe.as_in_the_paper()
    return recipe.changed(**changes_of(settings))


def changes_of(settings: list[str] | None) -> dict[str, Any]:
    """Return what `--set KEY=VALUE` asks for, as `Recipe.changed` takes it.

    Raises:
        InputError: a setting that is not KEY=VALUE.
    """
    import yaml

    changes: dict[str, Any] = {}
    for text in settings or []:
        key, separator, value = text.partition("=")
        if not separator:
            raise InputError(f"Expected --set KEY=VALUE but got '{text}'.")
        changes[key] = yaml.safe_load(value)
    return changes


def print_losses(step: int, steps: int, losses: dict[str, float]) -> None:
    """Print one line an epoch."""
    words = ", ".join(f"{name} {value:.4f}" for name, value in losses.items() if name.startswith("val/"))
    say(f"step {step}/{steps}  {words}")
