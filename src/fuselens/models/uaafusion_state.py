"""UAAFusion's account of a pair: which source helps which class, what it looked at on its way, and what that did."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from fuselens.core.errors import InputError
from fuselens.core.intrinsic import LIFTED, ModelState, StateBars, StateMaps
from fuselens.core.pair import ImagePair
from fuselens.core.run import model_inputs
from fuselens.models.layers.path_attention import PathAttention
from fuselens.models.uaafusion import UAAFusion, Unfolding
from fuselens.segmentation.class_account import ClassAccount, class_labels, own_map
from fuselens.segmentation.class_attribution import class_maps
from fuselens.segmentation.class_weights import ClassWeights
from fuselens.segmentation.path_attribution import score_of_regions, scores_at

SHOWN = 3  # classes whose attention is shown by itself: those that the path did most for


@dataclass(frozen=True, eq=False)
class _Run:
    """One pair on its way.

    Attributes:
        model: the network.
        a, b: sources, `[1, 1, H, W]`.
        segmenter: of the network.
        weights, found: what it computed.
        labels: names of the classes that are present.
    """

    model: UAAFusion
    a: torch.Tensor
    b: torch.Tensor
    segmenter: nn.Module
    weights: ClassWeights
    found: Unfolding
    labels: list[str]

    def attention(self, only: int | None = None) -> PathAttention:
        """Return the attention along the whole path, its last picture included, of all classes or of one."""
        regions = self.weights.regions
        own = self.model.score(self.found.path[0], regions) if only is None else score_of_regions(regions, only)
        watch = PathAttention(self.segmenter, own, samples=self.model.path_samples, rule=self.model.rule)
        for picture in self.found.path:
            watch.at(picture)
        return watch


@torch.no_grad()
def account(model: UAAFusion, pair: ImagePair) -> ModelState:
    """Return the state of `model` for `pair`.

    Raises:
        InputError: the network was built without a segmentation network.
    """
    a, b = model_inputs(model, pair)
    found = model.unfold(a, b)
    if found.weights is None or model.segmenter is None:
        raise InputError("This network was built without a segmenter, so no attribution steers it.")
    labels = class_labels(model.segmenter, found.weights.classes)
    run = _Run(model, a, b, model.segmenter, found.weights, found, labels)
    classes = ClassAccount(
        pair.names, found.weights, labels, _class_map(run, a), _class_map(run, b), found.path[0][0, 0]
    )
    watch = run.attention()
    scores = torch.stack([scores_at(run.segmenter, f, watch.score) for f in found.path])[:, 0].double()
    added = torch.stack([step.double().sum() for step in watch.steps])
    effects = _effects(run)
    parts: list[StateMaps | StateBars] = [
        classes.weight_maps(),
        classes.brought_bars(),
        classes.weight_bars(),
        classes.maps(),
        StateMaps(
            "The path of pictures",
            "From the mean of both sources, f 0, to the fused image: what each stage made.",
            {f"f {number}": picture[0, 0] for number, picture in enumerate(found.path)},
            "grey",
        ),
        *_attention_maps(run, watch),
        _completeness_bars(scores, added),
        _effect_bars(effects),
    ]
    return ModelState(
        pair.names, [*classes.words(), _score_words(scores, added), _effect_words(effects)], parts,
        _facts(run, scores, added, effects), _settings(run),
    )  # fmt: skip


def _class_map(run: _Run, source: torch.Tensor) -> torch.Tensor:
    """Return what each pixel of a source adds to its own class's score, `[H, W]`."""
    regions = run.weights.regions
    return own_map(class_maps(run.segmenter, source, regions, steps=run.model.steps, rule=run.model.rule), regions)


def _attention_maps(run: _Run, watch: PathAttention) -> list[StateMaps]:
    totals = torch.stack(watch.steps).cumsum(dim=0)
    by_class = {
        name: torch.stack(run.attention(number).steps).sum(dim=0)[0, 0]
        for number, name in zip(run.weights.classes, run.labels, strict=True)
    }
    strongest = sorted(by_class, key=lambda name: float(by_class[name].abs().sum()), reverse=True)[:SHOWN]
    used = "" if run.model.attention == "path" else " This network was set not to use it."
    return [
        StateMaps(
            "Attention along the path",
            "Which pixels raised (or lowered) the segmentation network's score so far, after each picture; the stage "
            f"that follows works harder where it is high.{used} The last one has no stage behind it.",
            {f"after f {number}": total[0, 0] for number, total in enumerate(totals, 1)},
            "signed",
            LIFTED,
        ),
        StateMaps(
            "Attention by class",
            "The same at the end of the path, of the score of one class alone.",
            {name: by_class[name] for name in strongest},
            "signed",
            LIFTED,
        ),
    ]


def _completeness_bars(scores: torch.Tensor, added: torch.Tensor) -> StateBars:
    return StateBars(
        "Completeness of the attention",
        "What the attention's pixels add up to from stage to stage, beside what the score really gained; they would be "
        "equal if gradients were taken all along the way instead of at its stations.",
        [f"f {number}" for number in range(1, len(scores))],
        {"attention adds up to": added.cumsum(0), "score gained": scores[1:] - scores[0]},
    )


def _effects(run: _Run) -> dict[str, float]:
    """Return how far the fused image moves, in grey levels from 0 to 1, without each thing that steers it."""
    network, found = run.model, run.found
    zeros = [torch.zeros_like(picture) for picture in found.attention]
    half = ClassWeights(**{**vars(run.weights), "a": torch.full_like(run.a, 0.5), "b": torch.full_like(run.a, 0.5)})
    others = {
        "no attention": network.unfold(run.a, run.b, weights=run.weights, attention=zeros),
        "equal weights": network.unfold(run.a, run.b, weights=half, attention=found.attention),
    }
    sizes = network.network.step_sizes
    kept = sizes.detach().clone()
    try:
        sizes.zero_()
        others["no gradient step"] = network.unfold(run.a, run.b, weights=run.weights, attention=found.attention)
    finally:
        sizes.copy_(kept)
    return {name: float((other.path[-1] - found.path[-1]).abs().mean()) for name, other in others.items()}


def _effect_bars(effects: dict[str, float]) -> StateBars:
    return StateBars(
        "Effect of what steers the network",
        "How far the fused image moves, averaged over its pixels, if the attention were 0 everywhere, if both sources "
        "weighed the same, and without the step towards the weighted sources.",
        list(effects),
        {"mean change": torch.tensor(list(effects.values()))},
    )


def _score_words(scores: torch.Tensor, added: torch.Tensor) -> str:
    gained, sum_ = float(scores[-1] - scores[0]), float(added.sum())
    verb = "rose" if gained >= 0 else "fell"
    return (
        f"From the mean of the sources to the fused image the segmentation network's score {verb} by "
        f"{abs(gained):.3g}; the attention maps account for {sum_:.3g}."
    )


def _effect_words(effects: dict[str, float]) -> str:
    first = max(effects, key=lambda name: effects[name])
    return (
        f"Of what steers the network most depends on this: with {first} the fused image moves by {effects[first]:.4f}."
    )


def _facts(run: _Run, scores: torch.Tensor, added: torch.Tensor, effects: dict[str, float]) -> dict[str, float]:
    gaps = added - scores.diff()
    sizes = run.model.network.step_sizes.tolist()
    return {
        "Score of the first picture": float(scores[0]),
        "Score of the fused image": float(scores[-1]),
        **{f"Completeness gap of stage {number}": float(gap) for number, gap in enumerate(gaps, 1)},
        "Completeness gap of the path": float(gaps.sum()),
        "Smallest step size": min(sizes),
        "Largest step size": max(sizes),
        **{f"Mean change with {name}": value for name, value in effects.items()},
    }


def _settings(run: _Run) -> dict[str, object]:
    model = run.model
    return {
        "stages": len(model.network.stages), "steps": model.steps, "rule": model.rule, "attention": model.attention,
        "attention_scale": model.attention_scale, "path_samples": model.path_samples,
        "gradient_step": model.gradient_step, "segmenter": getattr(run.segmenter, "name", type(run.segmenter).__name__),
    }  # fmt: skip
