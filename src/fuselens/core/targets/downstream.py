"""The target of a task: any number that somebody makes from the fused image."""

from __future__ import annotations

from collections.abc import Callable

import torch

from fuselens.core.errors import InputError, ModelError
from fuselens.core.locality import Box


class Downstream:
    """A number made from whole fused images by a function, such as a detector's confidence.

    Args:
        function: takes `[N, 1, H, W]` in `[0, 1]`, returns `[N]`. Gradient methods need it differentiable.
        name: for results; the function's own name by default.

    Raises:
        InputError: not callable.
    """

    stationary_at_input = False

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor], name: str | None = None) -> None:
        """Keep the function."""
        if not callable(function):
            raise InputError(f"Expected a function of fused images [N, 1, H, W] but got {type(function).__name__}.")
        self.function = function
        self.name = name or getattr(function, "__name__", type(function).__name__)

    def box(self, size: tuple[int, int]) -> Box:
        """Return the whole image."""
        return Box(0, 0, *size)

    def __call__(self, fused: torch.Tensor) -> torch.Tensor:
        """Call the function.

        Raises:
            ModelError: it returned something else than one number an image.
        """
        values = self.function(fused)
        if not isinstance(values, torch.Tensor) or values.shape != fused.shape[:1]:
            what = tuple(values.shape) if isinstance(values, torch.Tensor) else type(values).__name__
            raise ModelError(f"Expected '{self.name}' to return one number an image, ({len(fused)},), but got {what}.")
        return values

    def __str__(self) -> str:
        """Return `downstream:NAME`."""
        return f"downstream:{self.name}"
