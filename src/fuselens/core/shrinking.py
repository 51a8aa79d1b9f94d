"""Shrinking windows: each layer computes only what the target still needs of it.

The window that decides a fused pixel is (2 rho + 1)^2 pixels large. A network called on it computes all of it in every
layer, though a layer d pixels short of the output is needed within d pixels of the target only: a third of the work in
a chain of equal convolutions. So a convolution leaves its padding out on the sides of the window that lie inside the
image, and returns fewer rows and columns, all of them exact.

While a network runs so, its tensors lack a margin but pretend to be whole: their `shape` is what it would be without
shrinking. A function that is not known to treat pixels alike, or by their neighbourhood, ends the attempt, and the
network runs as usual, then and ever after.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any
from weakref import WeakSet

import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from fuselens.core.locality import EVERY_SIDE, Sides
from fuselens.core.margins import NOTHING, Lack, Margins, Unshrinkable
from fuselens.core.model import FusionModel
from fuselens.core.run import checked_call
from fuselens.core.shrinking_rules import ABOUT, RULES, tensors_in

NO_SIDE = Sides(False, False, False, False)
Goal = tuple[slice, slice]
"""Rows and columns of a window."""

_unshrinkable: WeakSet[FusionModel] = WeakSet()


def shrinking_call(
    model: FusionModel, a: torch.Tensor, b: torch.Tensor, goal: Goal, at_border: Sides = EVERY_SIDE
) -> torch.Tensor:
    """Call the model on a window for the sake of a box in it; what it returns outside the box may be anything.

    Args:
        model: in evaluation mode.
        a, b: sources `[N, 1, h, w]`.
        goal: the box's rows and columns in the window.
        at_border: which sides of the window are the image's own.

    Raises:
        ModelError: a result of another shape.
    """
    if model.reach is None or model in _unshrinkable:
        return checked_call(model, a, b, at_border)
    run = _Shrinking((a, b), goal, at_border)
    token = _running.set(run)
    try:
        with run:
            fused = model.on_window(a, b, at_border)
        return run.completed(fused, a.shape)
    except Unshrinkable:
        _unshrinkable.add(model)
    finally:
        _running.reset(token)
    return checked_call(model, a, b, at_border)


def in_frame(
    network: Callable[..., torch.Tensor], sources: Sequence[torch.Tensor], frame: Sequence[int], reach: int
) -> torch.Tensor:
    """Call a network on sources with a frame round them, by which its result will be cut.

    Where windows shrink, what the network's padding does to the frame is left out, and so are the parts of the sources
    that do not reach the goal: windows at the image's border then cost what all others do.

    Args:
        network: maps the sources to a result of their size.
        sources: `[N, 1, h, w]`, frame included.
        frame: its rows and columns at the top, left, bottom and right.
        reach: of the network.
    """
    run = _running.get()
    return network(*sources) if run is None else run.in_frame(network, sources, frame, reach)


class _Shrinking(TorchFunctionMode):
    """Runs a network on tensors that lack a margin on the sides that are not the image's own."""

    def __init__(self, sources: Sequence[torch.Tensor], goal: Goal, at_border: Sides) -> None:
        super().__init__()
        self._goal, self._margins = goal, Margins(at_border)
        for source in sources:
            self._margins.note(source, NOTHING)

    def __torch_function__(self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs, margins = kwargs or {}, self._margins
        known = [each for each in tensors_in((*args, *kwargs.values())) if each in margins]
        if not known:
            return func(*args, **kwargs)
        name = getattr(func, "__name__", "")
        if name == "__get__":
            name = func.__self__.__name__  # type: ignore[attr-defined]
        rule = RULES.get(name.strip("_"))
        if rule is not None:
            return rule(margins, func, args, kwargs)
        if name in ABOUT or all(margins.of(each) == NOTHING for each in known):
            return func(*args, **kwargs)
        raise Unshrinkable

    def in_frame(
        self, network: Callable[..., torch.Tensor], sources: Sequence[torch.Tensor], frame: Sequence[int], reach: int
    ) -> torch.Tensor:
        """Run a network of which no side is padded, on as much of its sources as the goal needs."""
        margins, goal = self._margins, self._goal
        cut = []
        for source in sources:
            (top, bottom), (left, right) = (
                (max(wanted.start + before - reach, 0), max(length - wanted.stop - before - reach, 0))
                for wanted, before, length in zip(goal, frame[:2], margins.whole_shape(source)[-2:], strict=True)
            )
            cut.append(margins.cut(source, Lack(*map(max, (top, left, bottom, right), margins.of(source)))))
        padded, margins.padded = margins.padded, NO_SIDE
        try:
            return network(*cut)
        finally:
            margins.padded = padded

    def completed(self, fused: object, shape: torch.Size) -> torch.Tensor:
        """Return the result at the whole size of the window, zero where it was not computed."""
        if not isinstance(fused, torch.Tensor) or self._margins.whole_shape(fused) != shape:
            raise Unshrinkable
        top, left, bottom, right = self._margins.of(fused)
        for wanted, before, after, length in zip(self._goal, (top, left), (bottom, right), shape[-2:], strict=True):
            if wanted.start < before or wanted.stop > length - after:
                raise Unshrinkable
        return F.pad(fused, (left, right, top, bottom))


_running: ContextVar[_Shrinking | None] = ContextVar("shrinking", default=None)
