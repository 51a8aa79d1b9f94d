"""`fuselens export-onnx MODEL -o FILE.onnx`: a model for programs that have no PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fuselens.cli.console import print_json, say
from fuselens.cli.inputs import chosen_model, parse_names
from fuselens.cli.options import AsJson, Names


def export_onnx(
    model: Annotated[
        str, typer.Argument(metavar="NAME[:WEIGHTS]", help="Model and weights, or path.py:factory, as for --model.")
    ],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="The file. Default: NAME-WEIGHTS.onnx in this folder.")
    ] = None,
    names: Names = None,
    as_json: AsJson = False,
) -> None:
    """Write a model as an ONNX file for images of any size, proved to agree with it."""
    from fuselens.models.onnx_export import export_onnx as write_onnx

    operator = chosen_model(model, parse_names(names) or ("infrared", "visible"), "cpu")
    place = out or Path(operator.title.replace(":", "-") + ".onnx")
    say(f"{operator.title}: tracing, which takes seconds for convolutions and minutes for transformers")
    written = write_onnx(operator, place)
    say(
        f"{written.path}: differs from {written.model} by {written.worst:.1g} at most; use it by --model {written.path}"
    )
    if as_json:
        differences = {"x".join(map(str, size)): value for size, value in written.differences.items()}
        print_json({"model": written.model, "file": written.path, "opset": written.opset, "worst": written.worst,
                    "differences": differences})  # fmt: skip
