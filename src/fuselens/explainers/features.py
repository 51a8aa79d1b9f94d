"""Features: what a model's layers return while it fuses, call by call, and which source each was computed from.

A shared encoder is called once a source, so features are told apart by layer and call, and by what they were computed
from: never by the order in which a model happens to read its sources.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from fuselens.core.errors import InputError

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


@dataclass(frozen=True, eq=False)
class Features:
    """What a layer returned in one call.

    Attributes:
        layer: its name.
        call: how many calls of the layer came before.
        values: `[N, C, h, w]`, the very tensor on the way to the fused image, so that gradients can be asked for it;
            tokens `[N, h, w, C]` are permuted on that way.
        row: the one of the batch that is meant, where a model reads both sources as one batch; None for all.
    """

    layer: str
    call: int
    values: torch.Tensor
    row: int | None = None

    def meant(self, values: torch.Tensor) -> torch.Tensor:
        """Return the part of these features, or of their gradient, that is meant, `[N, C, h, w]`."""
        return values if self.row is None else values[self.row : self.row + 1]


@contextmanager
def recorded(layers: Mapping[str, nn.Module], size: tuple[int, int], *, asked_for: bool) -> Iterator[list[Features]]:
    """Provide the list to which every call of the layers is written; the hooks are gone afterwards, errors or not.

    Args:
        layers: by name.
        size: height and width of what the model fuses, by which tokens are told from maps.
        asked_for: refuse a layer that returns neither, instead of passing over it.

    Raises:
        InputError: inside, when a layer that was asked for returns neither maps `[N, C, h, w]` nor tokens
            `[N, h, w, C]`, N being 1 or, for both sources at once, 2; or what could be either.
    """
    found: list[Features] = []
    counts: Counter[str] = Counter()
    caller = threading.get_ident()

    def writing(name: str) -> Callable[[nn.Module, Any, Any], torch.Tensor | None]:
        def hook(layer: nn.Module, _inputs: Any, values: Any) -> torch.Tensor | None:
            if threading.get_ident() != caller:
                return None  # somebody else is using the model at the same time
            if not isinstance(values, torch.Tensor) or values.ndim != 4 or len(values) > 2:
                if not asked_for:
                    return None
                what = f"shape {tuple(values.shape)}" if isinstance(values, torch.Tensor) else type(values).__name__
                raise InputError(
                    f"Expected the layer '{name}' to return maps [N, C, h, w] but got {what}; take one that "
                    "returns whole images."
                )
            channel = _channel_axis(name, layer, tuple(values.shape), size)
            maps = values.movedim(channel, 1)
            found.append(Features(name, counts[name], maps))
            counts[name] += 1
            return maps.movedim(1, channel).clone()  # what follows may work in place, and must not change the record

        return hook

    handles: list[Any] = []
    try:
        for name, layer in layers.items():
            handles.append(layer.register_forward_hook(writing(name)))
        yield found
    finally:
        for handle in handles:
            handle.remove()


def _channel_axis(name: str, layer: nn.Module, shape: tuple[int, ...], size: tuple[int, int]) -> int:
    """Return where the channels of a layer's values `shape` are: 1, or 3 for tokens.

    Raises:
        InputError: neither the layer's kind nor the shape tells.
    """
    # Of these two the channels are last by definition, but their subclasses may permute.
    if type(layer) is nn.Linear or (type(layer) is nn.LayerNorm and len(layer.normalized_shape) == 1):
        return 3
    if isinstance(layer, CONVOLUTIONS) or shape[1:3] != size:
        return 1
    if shape[2:] == size:
        raise InputError(
            f"The layer '{name}' returns shape {shape}, which may be maps [N, C, h, w] or tokens [N, h, w, C]; take a "
            "convolution, a LayerNorm or a Linear in it."
        )
    return 3


def graph_of(values: torch.Tensor) -> set[Any]:
    """Return all nodes of the autograd graph that a tensor was computed by."""
    seen: set[Any] = set()
    waiting = [values.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            waiting += [earlier for earlier, _ in node.next_functions]
    return seen


def sources_of(features: Features, sources: Sequence[torch.Tensor]) -> set[int]:
    """Return from which of the sources (0, 1) features were computed; the sources are leaves of the graph."""
    leaves = [getattr(node, "variable", None) for node in graph_of(features.values)]
    return {index for index, source in enumerate(sources) if any(leaf is source for leaf in leaves)}


def last_of_source(calls: Sequence[Features], source: int, sources: Sequence[torch.Tensor]) -> Features | None:
    """Return the last features that were computed from one source alone; None where there are none.

    Args:
        calls: in the order in which the model made them.
        source: 0 for a, 1 for b.
        sources: the leaves `[1, 1, h, w]` from which the model fused.
    """
    for features in reversed(calls):
        seen = sources_of(features, sources)
        if seen == {source}:
            return features
        row = _row_of(features.values, source, sources) if len(seen) == len(features.values) == 2 else None
        if row is not None:
            return replace(features, row=row)
    return None


def _row_of(values: torch.Tensor, source: int, sources: Sequence[torch.Tensor]) -> int | None:
    """Return which of two rows was computed from a source alone; None where the rows have been mixed."""
    feels = [_feels(row, sources) for row in values]
    if not (feels[0][1] or feels[1][0]):
        return source
    return None if feels[0][0] or feels[1][1] else 1 - source


def _feels(row: torch.Tensor, sources: Sequence[torch.Tensor]) -> list[bool]:
    """Say for each source whether these features move with it."""
    uneven = torch.linspace(1, 2, row.numel(), dtype=row.dtype, device=row.device).view_as(row)
    gradients = torch.autograd.grad(
        row, sources, uneven, retain_graph=True, allow_unused=True, materialize_grads=True
    )  # what a normalisation adds up to zero must still show
    return [bool(gradient.any()) for gradient in gradients]
