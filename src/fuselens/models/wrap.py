"""Bring your own model: any callable, module, or `path.py:factory` behind the model protocol."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import torch

from fuselens.core.errors import InputError
from fuselens.core.intrinsic import ModelState
from fuselens.core.locality import EVERY_SIDE, Sides
from fuselens.core.model import FusionModel, WrappedModel
from fuselens.core.pair import ImagePair
from fuselens.core.reach import measure_reach


def wrap_model(
    function: Callable[..., Any],
    reach: int | Literal["measure"] | None = None,
    *,
    name: str | None = None,
    divisor: int = 1,
) -> FusionModel:
    """Make a fusion model of anything callable as `function(a, b) -> fused` on `[N, 1, H, W]` tensors in `[0, 1]`.

    Args:
        function: a function or a `torch.nn.Module`.
        reach: how far a fused pixel looks, in pixels; None for a global model (always right, only slower);
            `"measure"` probes the model at several places and says in the results that it is a measurement.
        name: shown in results; the callable's own name by default.
        divisor: sides that the callable needs to be multiples of; other sizes are reflect-padded and cropped.

    Raises:
        InputError: not callable, or a negative reach or divisor.

    Example:
        >>> wrap_model(lambda a, b: 0.7 * a + 0.3 * b, reach="measure").reach
        0
    """
    if not callable(function):
        raise InputError(f"Expected a callable (a, b) -> fused but got {type(function).__name__}.")
    if divisor < 1 or (isinstance(reach, int) and reach < 0):
        raise InputError(f"Expected reach >= 0 and divisor >= 1 but got reach={reach}, divisor={divisor}.")
    title = name or str(getattr(function, "__name__", type(function).__name__))
    call = function if divisor == 1 else _Padded(function, divisor, title)
    model = WrappedModel(call, name=title, reach=None if reach == "measure" else reach, stride=divisor)
    if reach == "measure":
        model.reach, grid = measure_reach(model)
        model.stride = max(divisor, grid)
        model.reach_is_measured = True
    return model


class _Padded(FusionModel):
    """Reflect-pads to a multiple of the divisor at the right and the bottom, and crops the result."""

    def __init__(self, function: Callable[..., Any], divisor: int, name: str) -> None:
        super().__init__()
        self.function, self.divisor, self.name = function, divisor, name

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> Any:
        height, width = a.shape[-2:]
        return self.function(self._padded(a), self._padded(b))[..., :height, :width]

    def frame(self, size: tuple[int, int], _: Sides) -> tuple[int, int, int, int]:
        return 0, 0, -size[0] % self.divisor, -size[1] % self.divisor

    def explain_state(self, pair: ImagePair) -> ModelState:
        """Ask the callable about the padded pair, which is what it fuses."""
        own = getattr(self.function, "explain_state", None)
        if own is None:
            return super().explain_state(pair)
        a, b = (replace(source, y=self._padded(source.y[None, None])[0, 0], chroma=None) for source in pair)
        return own(ImagePair(a, b))  # type: ignore[no-any-return]

    def _padded(self, image: torch.Tensor) -> torch.Tensor:
        height, width = image.shape[-2:]
        _, _, bottom, right = self.frame((height, width), EVERY_SIDE)
        if bottom >= height or right >= width:
            raise InputError(
                f"A {width}x{height} image cannot be padded to a multiple of {self.divisor}; use a larger image."
            )
        return torch.nn.functional.pad(image, (0, right, 0, bottom), mode="reflect")


def load_factory(place: str) -> FusionModel:
    """Load `path.py:factory`: call `factory()` in that file and wrap what it returns.

    Raises:
        InputError: no such file or name, the file fails, or the factory returns nothing callable.
    """
    path_text, _, factory_name = place.rpartition(":")
    path = Path(path_text)
    if not path.is_file():
        raise InputError(f"The model file '{path}' does not exist; write --model path.py:factory.")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise InputError(f"The model file '{path}' fails on import: {type(error).__name__}: {error}.") from error
    factory = getattr(module, factory_name, None)
    if not callable(factory):
        raise InputError(f"'{path}' has no function '{factory_name}' that makes a model.")
    try:
        made = factory()
    except Exception as error:
        raise InputError(f"{factory_name}() in '{path}' fails: {type(error).__name__}: {error}.") from error
    if isinstance(made, FusionModel):
        return made
    return wrap_model(made, getattr(made, "reach", None), name=f"{path.stem}:{factory_name}")
