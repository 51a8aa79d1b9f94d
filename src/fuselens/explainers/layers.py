"""Which layer of a model is looked at, and what it returned for each source."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.model import FusionModel, WrappedModel
from fuselens.explainers.features import CONVOLUTIONS, Features, graph_of, last_of_source, sources_of

Layer = str | nn.Module
LayerChoice = Layer | tuple[Layer, Layer] | None


def layers_to_record(model: FusionModel, choice: LayerChoice) -> dict[str, nn.Module]:
    """Return the layers that are looked at, by name; all convolutions and layer norms where none was chosen.

    Of networks of transformer blocks the last norms are what their last convolutions are to others.

    Raises:
        UnknownNameError: the model has no layer of that name.
        InputError: none was chosen and there is no convolution, or what was chosen is no layer.
    """
    known = _names(model)
    if choice is not None:
        return dict(_named(known, layer) for layer in (choice if isinstance(choice, tuple) else (choice,)))
    found: dict[str, nn.Module] = {}
    for name, layer in known.items():
        if (isinstance(layer, CONVOLUTIONS) or type(layer) is nn.LayerNorm) and layer not in found.values():
            found[name] = layer
    if not found:
        raise InputError(
            f"'{model.name}' has no convolution that could be looked at; use occlusion, lime or ddfimage, "
            "which need none, or name a layer that returns maps [N, C, h, w]."
        )
    return found


def choose_features(
    model: FusionModel,
    choice: LayerChoice,
    calls: Sequence[Features],
    score: torch.Tensor,
    sources: Sequence[torch.Tensor],
) -> list[Features]:
    """Return what the layer returned for a and for b, or, for a layer that sees both, the one thing it returned.

    Without a choice these are the last convolution or layer norm that sees a alone and the last that sees b alone;
    where there is none, the last with several channels.

    Args:
        model: what fused.
        choice: the layer, or one a source.
        calls: of the recorded layers, in order.
        score: what they led to.
        sources: what they began with.

    Raises:
        InputError: the layer does not lead to the score, or sees one source only.
    """
    graph = graph_of(score)
    leading = [features for features in calls if features.values.grad_fn in graph]
    if not leading:
        raise InputError(
            f"No layer looked at in '{model.name}' leads from the sources to the target; take another, or use "
            "jacobian, occlusion, lime or ddfimage, which need none."
        )
    per_source = [leading, leading]
    if isinstance(choice, tuple):
        known = _names(model)
        names = [_named(known, layer)[0] for layer in choice]
        per_source = [[features for features in leading if features.layer == name] for name in names]
    found = [last_of_source(per_source[index], index, sources) for index in (0, 1)]
    apart = [features for features in found if features is not None]
    if len(apart) == 2:
        return apart
    mixed = [features for features in leading if len(sources_of(features, sources)) == 2]
    if isinstance(choice, tuple) or (choice is not None and apart) or not mixed:
        missing = "a" if found[0] is None else "b"
        raise InputError(
            f"No layer looked at in '{model.name}' sees source {missing} alone; pass one a source, "
            "layer=('NAME', 'NAME'), or one that sees both."
        )
    several = [features for features in mixed if features.values.shape[1] > 1]
    return [(several or mixed)[-1]]


def _names(model: FusionModel) -> dict[str, nn.Module]:
    """Return all layers by the names that their author knows: without the wrapper round a foreign model."""
    found = {}
    for name, layer in model.named_modules(remove_duplicate=False):
        own = name
        while isinstance(model, WrappedModel) and own.startswith("function."):
            own = own.removeprefix("function.")
        found[own] = layer
    return found


def _named(known: dict[str, nn.Module], layer: Layer) -> tuple[str, nn.Module]:
    if isinstance(layer, str):
        if layer not in known:
            raise UnknownNameError("layer", layer, [name for name in known if name])
        return layer, known[layer]
    if not isinstance(layer, nn.Module):
        raise InputError(f"Expected a layer's name, a module, or a pair of them but got {type(layer).__name__}.")
    own = [name for name, each in known.items() if each is layer]
    return own[0] if own else type(layer).__name__, layer
