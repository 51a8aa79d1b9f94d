"""`fuselens view [A B]`: the page on which moving the mouse shows what made a pixel."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fuselens.cli.console import print_json, say
from fuselens.cli.inputs import chosen_model, one_pair, parse_names
from fuselens.cli.options import AsJson, Device, Example, First, Names, Second, Window
from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.pair import ImagePair
from fuselens.data.examples import EXAMPLES

LARGEST_PORT = 65535


def view(
    first: First = None,
    second: Second = None,
    example: Example = None,
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            metavar="NAME[:WEIGHTS]",
            help="Model to begin with: name and weights, or path.py:factory; may be given several times. All shipped "
            "ones can be chosen on the page.",
        ),
    ] = None,
    names: Names = None,
    window: Window = None,
    host: Annotated[str, typer.Option(help="Address to listen on; only this machine can reach the default.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Show a page on which moving the mouse explains every fused pixel, until Ctrl-C."""
    if not 0 <= port <= LARGEST_PORT:
        raise InputError(f"Expected --port from 0 to {LARGEST_PORT} but got {port}.")
    pair = _pair(first, second, example, names, window)
    from fuselens.viewer.server import Server, require_extra

    require_extra()
    called = ("infrared", "visible") if pair is None else pair.names
    given = [chosen_model(spec, called, device) for spec in models or []]
    server = Server(given, pair, host=host, port=port, device=device)
    try:
        if as_json:
            print_json({"url": server.url})
        say(f"The viewer is at {server.url} until Ctrl-C.")
        if browser:
            typer.launch(server.url)
        server.wait()
    except KeyboardInterrupt:
        say("The viewer has ended.")
    finally:
        server.close()


def _pair(
    first: Path | None, second: Path | None, example: str | None, names: str | None, window: str | None
) -> ImagePair | None:
    """Return the pair to begin with; None for the page's own choice among the examples.

    Raises:
        InputError: as `one_pair`.
        UnknownNameError: no such example.
    """
    if example is not None and example not in EXAMPLES:
        raise UnknownNameError("example", example, EXAMPLES)
    if first is None and example is None:
        if names or window:
            raise InputError(
                "Expected two image files with --names and --window; the examples have names of their own."
            )
        return None
    return one_pair(first, second, example, parse_names(names), window=window)
