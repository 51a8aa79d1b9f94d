"""BAFFM's account of a pair: which scenes it is reminded of, where, and what each of them does to the fused image."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from fuselens.core.errors import InputError
from fuselens.core.intrinsic import ModelState, StateBars, StateMaps
from fuselens.core.pair import ImagePair
from fuselens.core.run import model_inputs
from fuselens.models.layers.backdoor import BackdoorAdjustment

if TYPE_CHECKING:
    from fuselens.models.baffm import BAFFM

SHOWN = 3  # scenes of each modality whose attention is shown as a map


@dataclass(frozen=True, eq=False)
class _Side:
    """One source on its way through the network, without its codes, which are too large to keep.

    Attributes:
        name: the modality.
        backdoor: its adjustment.
        kept: `[1, 64, H, W]`, W_h x.
        scores: `[1, scenes, H, W]`, or `[1, scenes, 1, 1]` where pooled.
        foreign: the scores against the other modality's scenes.
    """

    name: str
    backdoor: BackdoorAdjustment
    kept: torch.Tensor
    scores: torch.Tensor
    foreign: torch.Tensor

    @property
    def attention(self) -> torch.Tensor:
        """Lambda, `[scenes, h, w]`."""
        return self.backdoor.weights(self.scores)[0]

    @property
    def mean(self) -> torch.Tensor:
        """Lambda averaged over the image, `[scenes]`."""
        return self.attention.mean((-2, -1))

    @property
    def order(self) -> torch.Tensor:
        """The scenes, most attended first."""
        return self.mean.argsort(descending=True, stable=True)

    @property
    def entropy(self) -> torch.Tensor:
        """How evenly the attention is spread, `[h, w]`: 0 on one scene, 1 on all alike."""
        entropy: torch.Tensor = torch.special.entr(self.attention).sum(0)
        return (entropy / math.log(len(self.mean))).clamp(0, 1)

    def adjusted(self, *, uniform: bool = False, without: int | None = None) -> torch.Tensor:
        """Return the features of the source, `[1, 64, H, W]`, with its scenes as asked."""
        return self.kept + self.backdoor.term(self.backdoor.weights(self.scores, uniform=uniform, without=without))

    def swapped(self, other: BackdoorAdjustment) -> torch.Tensor:
        """Return the features with the other modality's scenes."""
        return self.kept + self.backdoor.term(self.backdoor.weights(self.foreign), other)


@torch.no_grad()
def account(model: BAFFM, pair: ImagePair) -> ModelState:
    """Return the state of `model` for `pair`; effects are changes of the fused image, which lies in [0, 1].

    Raises:
        InputError: the network was built without the adjustment.
    """
    if not model.adjust:
        raise InputError("This network was built without the adjustment, so it has no scenes to tell of.")
    a, b = _sides(model, pair)
    fused = _decoded(model, a.adjusted(), b.adjusted())
    bare = _decoded(model, a.kept, b.kept)
    alike = _decoded(model, a.adjusted(uniform=True), b.adjusted(uniform=True))
    swapped = _decoded(model, a.swapped(b.backdoor), b.swapped(a.backdoor))
    effects = [
        torch.stack([_moved(image, fused) for image in images])
        for images in (_without_each(model, a, b), _without_each(model, b, a))
    ]
    moves = torch.stack([_moved(image, fused) for image in (bare, alike, swapped)])
    parts: list[StateMaps | StateBars] = [_attention_bars(a), _attention_bars(b)]
    if model.backdoor_a.attention == "pixel":
        parts += [_attention_maps(a), _attention_maps(b), _decided_maps(a, b)]
    parts += [_contribution(fused - bare), _effect_bars(a, effects[0]), _effect_bars(b, effects[1]), _move_bars(moves)]
    summary = [_most_attended(a), _most_attended(b), *_effect_words((a, b), effects, moves)]
    settings = {"attention": model.backdoor_a.attention, "prior": model.backdoor_a.prior, "scenes": len(a.mean)}
    return ModelState(pair.names, summary, parts, _facts(a) | _facts(b), settings)


def _sides(model: BAFFM, pair: ImagePair) -> tuple[_Side, _Side]:
    """Read one source after the other, so that the codes of one at a time are in memory."""
    a, b = model_inputs(model, pair)
    backdoors = model.backdoor_a, model.backdoor_b
    return (
        _side(pair.names[0], model.extract_a(a), model.keep_a, *backdoors),
        _side(pair.names[1], model.extract_b(b), model.keep_b, *reversed(backdoors)),
    )


def _side(name: str, codes: torch.Tensor, keep: nn.Module, own: BackdoorAdjustment, other: BackdoorAdjustment) -> _Side:
    return _Side(name, own, keep(codes), own.scores(codes), own.scores(codes, other))


def _decoded(model: BAFFM, features_a: torch.Tensor, features_b: torch.Tensor) -> torch.Tensor:
    fused: torch.Tensor = model.reconstruct(torch.cat((features_a, features_b), dim=1))[0, 0]
    return fused


def _without_each(model: BAFFM, side: _Side, other: _Side) -> Iterator[torch.Tensor]:
    """Yield the fused image without each scene of `side` in turn."""
    whole = other.adjusted()
    for scene in range(len(side.mean)):
        both = side.adjusted(without=scene), whole
        yield _decoded(model, *(both if side.backdoor is model.backdoor_a else reversed(both)))


def _moved(image: torch.Tensor, fused: torch.Tensor) -> torch.Tensor:
    return (image - fused).abs().mean()


def _attention_bars(side: _Side) -> StateBars:
    return StateBars(
        f"{side.name}: attention to the scenes",
        f"How much the {side.name} image is reminded of each scene of the training images, most first, and how "
        "frequent the scene was among them.",
        _labels(side),
        {"attention": side.mean[side.order], "training images": side.backdoor.frequencies[side.order]},
        _pictures(side),
    )


def _attention_maps(side: _Side) -> StateMaps:
    return StateMaps(
        f"{side.name}: where the attention goes",
        f"The attention of each pixel to the {SHOWN} scenes that the {side.name} image is reminded of most; over all "
        "scenes it adds up to 1.",
        {f"scene {scene}": side.attention[scene] for scene in side.order[:SHOWN].tolist()},
    )


def _decided_maps(a: _Side, b: _Side) -> StateMaps:
    return StateMaps(
        "How decided the attention is",
        "1 where a pixel is reminded of a single scene, 0 where of all alike: 1 less the entropy of its attention.",
        {side.name: 1 - side.entropy for side in (a, b)},
    )


def _contribution(change: torch.Tensor) -> StateMaps:
    return StateMaps(
        "What the adjustment changes",
        "The fused image less what the same network makes without its scenes: positive where they brighten it.",
        {"with - without scenes": change},
        "signed",
    )


def _effect_bars(side: _Side, effects: torch.Tensor) -> StateBars:
    return StateBars(
        f"{side.name}: effect of each scene",
        "How far the fused image moves, averaged over its pixels, if the network did not know the scene and the others "
        "shared its attention. Scenes stand in the same order as above.",
        _labels(side),
        {"mean change": effects[side.order]},
    )


def _move_bars(moves: torch.Tensor) -> StateBars:
    return StateBars(
        "Effect of all scenes",
        "How far the fused image moves, averaged over its pixels, if there were no scenes, if each got the same "
        "attention, and if each image were compared with the other modality's scenes.",
        ["no scenes", "the same attention", "scenes swapped"],
        {"mean change": moves},
    )


def _most_attended(side: _Side) -> str:
    first = int(side.order[0])
    return (
        f"The {side.name} image is reminded most of scene {first}, with {side.mean[first]:.1%} of its attention; even "
        f"attention would be {1 / len(side.mean):.1%}."
    )


def _effect_words(sides: tuple[_Side, _Side], effects: list[torch.Tensor], moves: torch.Tensor) -> list[str]:
    strongest = max((0, 1), key=lambda index: float(effects[index].max()))
    scene = int(effects[strongest].argmax())
    return [
        f"No scene does more than scene {scene} of {sides[strongest].name}: without it the fused image would move by "
        f"{float(effects[strongest].max()):.4f} on average, from 0 for black to 1 for white.",
        f"Without any scenes it would move by {float(moves[0]):.4f}.",
    ]


def _facts(side: _Side) -> dict[str, float]:
    term = side.adjusted() - side.kept
    return {
        f"Evenness of the {side.name} attention": float(side.entropy.mean()),
        f"Size of the {side.name} adjustment, relative to the features": float(term.norm() / side.kept.norm()),
    }


def _labels(side: _Side) -> list[str]:
    return [f"scene {scene}" for scene in side.order.tolist()]


def _pictures(side: _Side) -> list[torch.Tensor]:
    """Return the examples of the scenes in their order, or none where the dictionary came without."""
    pictures = side.backdoor.pictures[side.order].float() / 255
    return list(pictures) if bool(pictures.any()) else []
