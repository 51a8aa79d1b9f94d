"""`fuselens segment-train FOLDER...`: train a segmentation network; the same command continues an interrupted run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from fuselens.cli.console import print_json, say
from fuselens.cli.options import AsJson, Device, Seed


def segment_train(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FOLDER...", help="Labelled pairs: FMB, MSRS, MFNet, or boxes beside ir and vi."),
    ] = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder of the run.")] = Path("runs/segmenter"),
    test: Annotated[list[Path] | None, typer.Option(help="Labelled pairs to measure on; may be given again.")] = None,
    name: Annotated[str, typer.Option(help="Name of the weights.")] = "road",
    classes: Annotated[
        str | None, typer.Option(help="Class table: names with commas, the first for what no other names.")
    ] = None,
    scenes: Annotated[int, typer.Option(help="Generated scenes to add.")] = 0,
    steps: Annotated[int | None, typer.Option(help="Optimiser steps. Default: those of the shipped weights.")] = None,
    width: Annotated[float, typer.Option(help="Factor on the backbone's channels.")] = 0.5,
    words: Annotated[str, typer.Option(help="For the card: what the images are, and under which terms.")] = "",
    seed: Seed = 0,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Train a segmentation network on both sources and their average; writes weights, their card and losses."""
    from fuselens.segmentation.build import SegmenterPlan, build_segmenter

    table = tuple(word.strip() for word in classes.split(",")) if classes else None
    plan = SegmenterPlan(name=name, classes=table, scenes=scenes, width=width, data_words=words)
    plan = replace(plan, recipe=replace(plan.recipe, seed=seed, steps=plan.recipe.steps if steps is None else steps))
    weights = build_segmenter(plan, folders or [], out, test=test or [], device=device, progress=_print_row)
    say(f"{plan.recipe.steps} steps: {weights}")
    if as_json:
        print_json({"weights": weights, "card": weights.with_suffix(".json"), "steps": plan.recipe.steps})


def _print_row(step: int, steps: int, row: dict[str, float]) -> None:
    words = "".join(f"  {name} {row[name]:.4f}" for name in ("loss", "mean_iou") if name in row)
    say(f"step {step}/{steps}{words}")
