"""`fuselens.view`: the viewer from Python, in a notebook's frame or in a browser."""

from __future__ import annotations

import html
import sys
from collections.abc import Sequence
from typing import Any

import torch

from fuselens.core.model import as_model
from fuselens.core.pair import ImagePair
from fuselens.viewer.server import Server


class View:
    """A viewer that is at work; a notebook shows it as a frame.

    Attributes:
        url: the page's address. Who has it can use the viewer.
        height: of the frame in pixels.
    """

    def __init__(self, server: Server, height: int) -> None:
        """Keep a server that has started."""
        self._server = server
        self.url, self.height = server.url, height

    def close(self) -> None:
        """End the viewer; models are left as they were found."""
        self._server.close()

    def _repr_html_(self) -> str:
        address = html.escape(self.url)
        return (
            f'<iframe src="{address}" width="100%" height="{self.height}" style="border: 0" title="FuseLens"></iframe>'
        )

    def __repr__(self) -> str:
        """Return the address."""
        return f"View({self.url!r})"


def view(
    model: object = None,
    pair: ImagePair | None = None,
    *,
    port: int = 0,
    height: int = 800,
    open_browser: bool | None = None,
    device: str | torch.device = "cpu",
) -> View:
    """Show a page on which moving the mouse explains every fused pixel.

    While the viewer is open, the models given to it are in evaluation mode and their parameters are frozen.

    Args:
        model: what fuses: any `(a, b) -> fused`, or a list of such; all shipped models can be chosen beside it.
        pair: what to begin with; the page can open others.
        port: 0 takes a free one.
        height: of the frame in a notebook, in pixels.
        open_browser: None opens one outside of notebooks.
        device: where the shipped models run; those given stay where they are.

    Returns:
        The viewer, with its `url`, and `close()`.

    Raises:
        MissingExtraError: the extra `view` is not installed.
        InputError: a model that is not callable, or a port in use.
    """
    given = model if isinstance(model, Sequence) else [] if model is None else [model]
    in_notebook = _in_notebook()
    server = Server([as_model(each) for each in given], pair, port=port, device=device, may_be_framed=in_notebook)
    if open_browser or (open_browser is None and not in_notebook):
        import webbrowser

        webbrowser.open(server.url)
    return View(server, height)


def _in_notebook() -> bool:
    """Say whether a notebook's kernel runs this."""
    ipython: Any = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and "IPKernelApp" in shell.config
