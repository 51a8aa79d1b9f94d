"""The command `fuselens`: one file a command, registered here; errors become one sentence."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

import typer

from fuselens.cli import (
    audit,
    batch,
    confounders,
    doctor,
    explain,
    export_onnx,
    fuse,
    import_weights,
    listing,
    score,
    segment_train,
    study,
    train,
    tune,
    view,
)
from fuselens.cli.console import console, remember_line, say
from fuselens.core.errors import FuseLensError

# oneDNN keeps what it compiled for each shape of image, 1024 of them: gigabytes on a folder of many sizes.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "512" if sys.argv[1:2] == ["view"] else "128")

# Typer's public parameter error is a click exception, whichever click Typer brings along.
UsageError: Any = typer.BadParameter.__base__
STOPPED = 130  # what Typer returns after Ctrl-C

app = typer.Typer(
    name="fuselens",
    help="Fuse registered images of two sensors and explain every fused pixel.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(fuse.fuse)
app.command()(explain.explain)
app.command()(score.score)
app.command()(audit.audit)
app.command()(batch.batch)
app.add_typer(study.study, name="study")
app.command()(view.view)
app.command()(train.train)
app.command()(tune.tune)
app.command("segment-train")(segment_train.segment_train)
app.command()(confounders.confounders)
app.command("import-weights")(import_weights.import_weights)
app.command("export-onnx")(export_onnx.export_onnx)
app.command("list")(listing.list_names)
app.command()(doctor.doctor)


def run() -> None:
    """Run the command line: exit 0 done, 2 the user's mistake, 1 our fault, 130 stopped."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run the command line on `arguments` and return the exit code."""
    remember_line(arguments)
    try:
        code = app(args=arguments, standalone_mode=False)
    except FuseLensError as error:
        say(f"fuselens: {error}")
        return 2
    except UsageError as error:
        say(f"fuselens: {error.format_message()}")
        return 2
    except BrokenPipeError:
        return 0
    except Exception:
        console.print_exception(max_frames=8)
        say("fuselens: this is a fault of FuseLens, not of your input; please report it with the lines above.")
        return 1
    if code == STOPPED:
        say("fuselens: stopped; finished files are kept, and a training continues with the same command.")
    return code if isinstance(code, int) else 0
