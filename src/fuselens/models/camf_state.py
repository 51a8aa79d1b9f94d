"""CAMF's account of a pair: which channels count for which source, what for, and whether gradients agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from fuselens.core.intrinsic import ModelState, StateBars, StateMaps
from fuselens.core.model import explaining
from fuselens.core.pair import ImagePair
from fuselens.core.run import model_inputs
from fuselens.models.camf_head import SMALLEST_FEATURES

if TYPE_CHECKING:
    from fuselens.models.camf import CAMF

SHOWN = 3  # channels of most and of least weight, each


def account(model: CAMF, pair: ImagePair) -> ModelState:
    """Return the state of `model`, which fuses by class weights, for `pair`; its maps have the encoder's size."""
    names = pair.names
    with explaining(model):
        with torch.no_grad():
            features = [model.encode(source) for source in model_inputs(model, pair)]
            weights = [each[0].cpu() for each in model.weights_by_class(*features)]
            dense = model.head.class_weights.detach().cpu()
        large_enough = min(features[0].shape[-2:]) >= SMALLEST_FEATURES
        logits, gradients = _asked(model, features) if large_enough else (None, None)
    maps = [each[0].cpu() for each in features]
    order = (weights[0] - weights[1]).argsort(descending=True, stable=True)
    parts: list[StateMaps | StateBars] = [_weight_bars(weights, order, names), _class_maps(dense, maps, names)]
    for name, own_weights, own_maps in zip(names, weights, maps, strict=True):
        parts += _weighed_maps(own_weights, own_maps, name)
    facts: dict[str, float] = {}
    summary = _summary(model, weights, order, names)
    if logits is not None and gradients is not None:
        parts.append(_gradient_bars(gradients, order, names))
        facts |= _probabilities(logits, names) | _agreement(dense, gradients, names)
        summary += [f"{words}: {value:.2f}." for words, value in facts.items()]
    else:
        summary.append("The images are too small for the classifier, so it was not asked what it takes them for.")
    accuracy = model.weights_info.get("classifier", {}).get("accuracy")
    if accuracy is not None:
        facts["Accuracy of the classifier"] = float(accuracy)
        summary.append(
            f"Tested on images that it had not seen, the classifier was right in {accuracy:.1%} of all cases."
        )
    settings = {"rule": model.rule, "scale": model.scale, "weights_of": model.weights_of, "layer": "encoder"}
    return ModelState(names, summary, parts, facts, settings)


def _asked(model: CAMF, features: list[torch.Tensor]) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Return the logits `[2, 2]` of both sources, and for each the mean gradient `[128]` of its own class's logit."""
    logits, gradients = [], []
    for own_class, each in enumerate(features):
        with torch.enable_grad():
            leaf = each.detach().requires_grad_(True)
            answer = model.head(leaf)[0]
            (gradient,) = torch.autograd.grad(answer[own_class], leaf)
        logits.append(answer.detach().cpu())
        gradients.append(gradient[0].mean(dim=(1, 2)).cpu())
    return torch.stack(logits), gradients


def _weight_bars(weights: list[torch.Tensor], order: torch.Tensor, names: tuple[str, str]) -> StateBars:
    return StateBars(
        "Channel weights",
        f"By how much each channel of the encoder is multiplied, in either source. Left: channels that count for more "
        f"in the {names[0]} image; right: in the {names[1]} image.",
        _labels(order),
        {name: each[order] for name, each in zip(names, weights, strict=True)},
    )


def _class_maps(dense: torch.Tensor, maps: list[torch.Tensor], names: tuple[str, str]) -> StateMaps:
    return StateMaps(
        "Class activation maps",
        "The features of each image, added up by the classifier's own weights for a modality: where they are positive, "
        "the image looks like that modality.",
        {
            f"{source}: like {modality}": torch.einsum("c,chw->hw", row, features)
            for source, features in zip(names, maps, strict=True)
            for modality, row in zip(names, dense, strict=True)
        },
        "signed",
    )


def _weighed_maps(weights: torch.Tensor, maps: torch.Tensor, name: str) -> list[StateMaps]:
    ranked = weights.argsort(descending=True, stable=True)
    return [
        StateMaps(
            f"{name}: channels of {which} weight",
            f"What the channels that count {which} show of the {name} image, before they are weighted.",
            {f"channel {c}, weight {weights[c]:.2f}": maps[c] for c in channels.tolist()},
        )
        for which, channels in (("most", ranked[:SHOWN]), ("least", ranked[-SHOWN:].flip(0)))
    ]


def _gradient_bars(gradients: list[torch.Tensor], order: torch.Tensor, names: tuple[str, str]) -> StateBars:
    return StateBars(
        "Grad-CAM weights",
        "How the classifier's logit for an image's own modality answers to each channel, averaged over the image: what "
        "Grad-CAM would take for the channel weights. Channels stand in the same order as above.",
        _labels(order),
        {name: each[order] for name, each in zip(names, gradients, strict=True)},
    )


def _probabilities(logits: torch.Tensor, names: tuple[str, str]) -> dict[str, float]:
    own = logits.softmax(dim=1).diagonal()
    return {
        f"Probability by which the classifier takes the {name} image for {name}": float(own[i])
        for i, name in enumerate(names)
    }


def _agreement(dense: torch.Tensor, gradients: list[torch.Tensor], names: tuple[str, str]) -> dict[str, float]:
    from scipy.stats import spearmanr

    return {
        f"Rank correlation of the classifier's weights for {name} with Grad-CAM's": float(
            spearmanr(row.numpy(), gradient.numpy()).statistic
        )
        for name, row, gradient in zip(names, dense, gradients, strict=True)
    }


def _summary(model: CAMF, weights: list[torch.Tensor], order: torch.Tensor, names: tuple[str, str]) -> list[str]:
    first, last = int(order[0]), int(order[-1])
    spread = float((weights[0] - weights[1]).abs().mean()) / model.scale
    basis = "the same for all images" if model.weights_of == "dataset" else "made for these two images"
    return [
        f"Each image is turned into {len(order)} feature maps; each map is multiplied by a weight of its own, the maps "
        "of both images are added, and the sums are turned back into one image.",
        f"The weights come from a classifier that tells {names[0]} from {names[1]} images, and are {basis}.",
        f"Channel {first} counts most in favour of {names[0]} ({weights[0][first]:.2f} against "
        f"{weights[1][first]:.2f}), channel {last} in favour of {names[1]} ({weights[1][last]:.2f} against "
        f"{weights[0][last]:.2f}).",
        f"On average a channel's two weights differ by {spread:.0%} of the mean weight; at 0% the rule would be plain "
        "addition.",
    ]


def _labels(order: torch.Tensor) -> list[str]:
    return [str(channel) for channel in order.tolist()]
