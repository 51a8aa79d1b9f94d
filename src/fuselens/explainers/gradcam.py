"""Grad-CAM and HiRes-CAM: which features of each source move the target, by the channels of a layer.

References: Selvaraju et al., "Grad-CAM", ICCV 2017; Draelos and Carin, "Use HiResCAM instead of Grad-CAM for faithful
explanations of convolutional neural networks", 2020.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import torch

from fuselens.core.errors import UnknownNameError
from fuselens.core.fills import blurred, usual_sigma
from fuselens.core.locality import window_of
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution
from fuselens.core.run import require_gradient
from fuselens.core.targets import Target, refuse_stationary
from fuselens.explainers.backward import middle_pixel, score_of_sources
from fuselens.explainers.features import Features, recorded
from fuselens.explainers.layer_grid import LayerGrid
from fuselens.explainers.layers import LayerChoice, choose_features, layers_to_record

CamPreset = Literal["classic"] | None
Weigh = Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor]
"""Makes maps `[N, h, w]` of features and gradients `[N, C, h, w]`, given how many positions the whole image has."""


def gradcam(
    model: object,
    pair: ImagePair,
    target: Target | None = None,
    *,
    layer: LayerChoice = None,
    relu: bool = False,
    smooth: bool = False,
    preset: CamPreset = None,
    device: str | torch.device | None = None,
) -> Attribution:
    """Return Grad-CAM maps: a layer's channels, each weighted by its mean gradient.

    Where the layer sees one source at a time (a shared encoder, one encoder a source, or both sources in one batch),
    each source gets its own map, and both are on one scale. A layer after fusion has one map, which nothing divides
    between the sources: then a and b hold one half of it each, so that together they are the map, and the fact
    `layer_is_after_fusion` says that their equal share means nothing.

    For models with a reach the maps are those of the whole image, cut to the window that the target can see.

    Args:
        model: any differentiable `(a, b) -> fused` with layers that return `[N, C, h, w]`.
        pair: the sources.
        target: what is explained; None for the fused pixel in the image's middle.
        layer: a name, a module, or one a source as a pair. None: the last convolution or layer norm that sees a alone
            and the last that sees b alone; where there is none, the last with several channels. Tokens `[N, h, w, C]`
            are taken as maps.
        relu: keep only what raises the target. Off by default, since a source may also lower it.
        smooth: blur the maps; layers of full resolution give noisy ones.
        preset: `"classic"`: as published, with `relu`.
        device: where to compute; None leaves the model where it is.

    Returns:
        Maps of the image's size, enlarged bilinearly from the layer's. Facts: `layer`, `call_a` and `call_b` (which
        call of the layer), `layer_is_after_fusion`.

    Raises:
        InputError: a similarity to the fused image itself, a model without such layers, a layer that does not lead to
            the target, or a target that leaves the image.
        UnknownNameError: no such layer or preset.
        ModelError: no gradient reaches the layer, or the model returns what is no fused image.
    """
    return _class_activation("gradcam", _pooled, model, pair, target, layer, relu, smooth, preset, device)


def hirescam(
    model: object,
    pair: ImagePair,
    target: Target | None = None,
    *,
    layer: LayerChoice = None,
    relu: bool = False,
    smooth: bool = False,
    preset: CamPreset = None,
    device: str | torch.device | None = None,
) -> Attribution:
    """Return HiRes-CAM maps: a layer's channels times their gradients, position by position.

    Nothing is averaged, so where all that follows the layer is linear the maps add up to the target less its bias.

    Args:
        model: any differentiable `(a, b) -> fused` with layers that return `[N, C, h, w]`.
        pair: the sources.
        target: what is explained; None for the fused pixel in the image's middle.
        layer: as for `gradcam`.
        relu: keep only what raises the target.
        smooth: blur the maps.
        preset: `"classic"`: with `relu`.
        device: where to compute; None leaves the model where it is.

    Returns:
        As `gradcam`; also the facts `sum_a` and `sum_b`, the maps' sums on the layer's own grid, before anything else.

    Raises:
        InputError, UnknownNameError, ModelError: as `gradcam`.
    """
    return _class_activation("hirescam", _by_position, model, pair, target, layer, relu, smooth, preset, device)


def _class_activation(
    method: str,
    weigh: Weigh,
    model: object,
    pair: ImagePair,
    target: Target | None,
    layer: LayerChoice,
    relu: bool,
    smooth: bool,
    preset: CamPreset,
    device: str | torch.device | None,
) -> Attribution:
    if preset not in (None, "classic"):
        raise UnknownNameError("preset", str(preset), ["classic"])
    relu = relu or preset == "classic"
    chosen = target or middle_pixel(pair)
    refuse_stationary(chosen, method)
    # Twice the reach: then the features are exact wherever the target can see them, not only its score.
    with score_of_sources(model, pair, chosen, device, reaches=2) as score:
        grid = LayerGrid(score)
        value, features, gradients = _features_and_gradients(grid, layer)
        cams = [
            weigh(each.meant(each.values.detach()), each.meant(gradient), grid.positions(each.values)).sum(dim=0)
            for each, gradient in zip(features, gradients, strict=True)
        ]
        after_fusion = len(cams) == 1
        if after_fusion:
            features, cams = features * 2, [cams[0] / 2] * 2
        seen = window_of(score.target.box(score.size), score.size, score.model.reach, score.model.stride)
        maps = []
        for cam in cams:
            shown = grid.enlarged(cam.clamp(min=0) if relu else cam)[seen.inside(score.window)].cpu().float()
            maps.append(blurred(shown, usual_sigma(score.a[0, 0])) if smooth else shown)
        facts: dict[str, Any] = {
            "layer": ", ".join(dict.fromkeys(each.layer for each in features)),
            "call_a": features[0].call, "call_b": features[1].call, "layer_is_after_fusion": after_fusion,
        }  # fmt: skip
        if method == "hirescam":
            facts |= {"sum_a": float(cams[0].double().sum()), "sum_b": float(cams[1].double().sum())}
        return replace(score, window=seen).attribution(
            method, maps[0], maps[1], value, facts=facts, layer=facts["layer"], relu=relu, smooth=smooth, preset=preset
        )


def _features_and_gradients(
    grid: LayerGrid, layer: LayerChoice
) -> tuple[float, list[Features], tuple[torch.Tensor, ...]]:
    """Return the score, what the layer returned for each source (or for both), and the score's gradients by it."""
    score = grid.score
    sources = [source.detach().requires_grad_(True) for source in score.sources]
    with recorded(layers_to_record(score.model, layer), grid.size, asked_for=layer is not None) as calls:
        value = score(*sources)
    require_gradient(score.model, value)
    features = choose_features(score.model, layer, calls, value, sources)
    return float(value.detach()), features, score.gradients(value, [each.values for each in features])


def _pooled(values: torch.Tensor, gradients: torch.Tensor, positions: float) -> torch.Tensor:
    return (gradients.sum(dim=(2, 3), keepdim=True) / positions * values).sum(dim=1)


def _by_position(values: torch.Tensor, gradients: torch.Tensor, _: float) -> torch.Tensor:
    return (gradients * values).sum(dim=1)
