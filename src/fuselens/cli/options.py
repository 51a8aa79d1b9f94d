"""Options that several commands share, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

First = Annotated[Path | None, typer.Argument(metavar="A", help="First source: an image file or a folder.")]
Second = Annotated[Path | None, typer.Argument(metavar="B", help="Second source, of the same size.")]
Out = Annotated[Path, typer.Option("-o", "--out", help="Folder for the results.")]
Example = Annotated[str | None, typer.Option(help="Use a built-in pair instead: street, nature or brain.")]
ModelSpec = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME[:WEIGHTS]",
        help="Model and weights (a shipped name or a .safetensors file), path.py:factory, or a "
        ".onnx file. "
        "Default: the best shipped weights for the pair.",
    ),
]
Names = Annotated[str | None, typer.Option(help="Modality names, such as mri,pet. Default: read off the file names.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")]
PresetName = Annotated[str | None, typer.Option(help="paper: min-max stretched sources and the paper's colours.")]
Window = Annotated[
    str | None,
    typer.Option(
        metavar="LOW,HIGH",
        help="Values that become black and white in 16-bit and float files, or percentile: without it, 12- and 14-bit "
        "thermal images look black.",
    ),
]
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
DataFolders = Annotated[
    list[Path] | None, typer.Option("--data", help="Folder of training pairs; may be given several times.")
]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a setting of the recipe, e.g. steps=200.")
]
Accelerator = Annotated[str, typer.Option(help="auto, cpu, gpu, mps (Lightning's words).")]
Devices = Annotated[str, typer.Option(help="How many devices, or auto.")]
