"""`fuselens fuse A B -o DIR`: fuse two images, or two folders of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fuselens.cli.console import print_json, progress_bar, say
from fuselens.cli.inputs import chosen_model, many_pairs, one_pair, parse_names, parse_window
from fuselens.cli.options import AsJson, Device, Example, First, ModelSpec, Names, Out, PresetName, Second, Window
from fuselens.cli.presets import checked_preset
from fuselens.core.errors import FuseLensError, InputError
from fuselens.core.files import prepare_folder
from fuselens.core.model import FusionModel
from fuselens.data.folders import PairFiles
from fuselens.data.fused import fuse as fuse_pair
from fuselens.data.pairs import read_pair


def fuse(
    first: First = None,
    second: Second = None,
    out: Out = Path("out"),
    example: Example = None,
    model: ModelSpec = None,
    names: Names = None,
    keep_colour: Annotated[bool, typer.Option(help="Carry the sources' colour into the fused image.")] = True,
    suffix: Annotated[str, typer.Option("--format", help="png, tif, jpg or bmp.")] = "png",
    preset: PresetName = None,
    window: Window = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Fuse two images to DIR/fused.png, or two folders to one file per name."""
    chosen = checked_preset(preset)
    if first is not None and second is not None and first.is_dir() and second.is_dir():
        files = many_pairs(first, second, parse_names(names))
        operator = chosen_model(model, files[0].names, device)
        reading = {"normalize": "minmax" if chosen else None, "window": parse_window(window)}
        written = _fuse_all(operator, files, prepare_folder(out), suffix, keep_colour, reading)
    else:
        pair = one_pair(first, second, example, parse_names(names), preset=chosen, window=window)
        operator = chosen_model(model, pair.names, device)
        fused = fuse_pair(operator, pair, keep_colour=keep_colour)
        written = [fused.save(prepare_folder(out) / f"fused.{suffix}")]
        say(f"{operator.title}: {' + '.join(pair.names)} -> {written[0]} ({fused.colour_note})")
    if as_json:
        print_json({"model": operator.title, "files": written})


def _fuse_all(
    model: FusionModel, files: list[PairFiles], out: Path, suffix: str, keep_colour: bool, reading: dict[str, Any]
) -> list[Path]:
    """Fuse every pair; what fails is listed at the end and does not stop the rest."""
    written, failures = [], []
    with progress_bar("fusing") as progress:
        for done, one in enumerate(files):
            progress(done, len(files))
            try:
                pair = read_pair(one.a, one.b, one.names, **reading)
                written.append(fuse_pair(model, pair, keep_colour=keep_colour).save(out / f"{one.name}.{suffix}"))
            except FuseLensError as error:
                failures.append(f"{one.name}: {error}")
    say(f"{model.title}: {len(written)} of {len(files)} pairs fused into {out}")
    if failures:
        raise InputError(f"{len(failures)} of {len(files)} pairs could not be fused. " + " ".join(failures[:5]))
    return written
