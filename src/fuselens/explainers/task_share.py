"""Task share: which source helps a segmentation network, class by class (paper 001, Eq. 8, as a report).

For a pair alone the network looks at each source by itself, as in the paper. With a fusion model it looks at the fused
image, and the question goes through the model: what do the pixels of either source bring to the fused image's classes?
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn

from fuselens.core.errors import InputError
from fuselens.core.intrinsic import ModelState, StateMaps
from fuselens.core.model import FusionModel, as_model, device_and_dtype, explaining
from fuselens.core.pair import ImagePair
from fuselens.core.results import model_settings
from fuselens.core.run import checked_call, require_gradient
from fuselens.segmentation import segmenter_of
from fuselens.segmentation.class_account import ClassAccount, class_labels, own_map
from fuselens.segmentation.class_attribution import class_maps, class_scores, maps_of, regions_of
from fuselens.segmentation.class_weights import weigh
from fuselens.segmentation.folded import folded
from fuselens.segmentation.frozen import frozen
from fuselens.segmentation.protocol import Segmenter, check_segmenter
from fuselens.segmentation.stations import Rule

Maps = dict[int, torch.Tensor]
Images = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class ClassShare:
    """One class of the picture.

    Attributes:
        name: of the class.
        area: its part of the image.
        brought_a, brought_b: what the class's own pixels of either source bring to its score, signed.
        share_a: Eq. 8: a's part of what is brought, where what is negative counts as 0; 0.5 where neither helps.
        score: the class's mean logit over its pixels: of the fused image, or the mean over both sources.
        gap: how much all pixels' attributions add up to beyond the score's rise from black: 0 for endless steps.
    """

    name: str
    area: float
    brought_a: float
    brought_b: float
    share_a: float
    score: float
    gap: float


@dataclass(frozen=True, eq=False, kw_only=True)
class TaskShare(ModelState):
    """Shares by class, with `plot()` and `save(folder)`.

    Attributes:
        classes: the table, one row a class that is present.
        a, b: what each pixel of a source adds to its own class's score, `[H, W]`, signed.
        regions: class of each pixel, `[H, W]`; 255 for none.
    """

    classes: list[ClassShare]
    a: torch.Tensor
    b: torch.Tensor
    regions: torch.Tensor
    method: ClassVar[str] = "task_share"

    def sentences(self) -> list[str]:
        """Say which source helps the largest classes."""
        return list(self.summary)

    def record(self) -> dict[str, Any]:
        """Return the body of `explanation.json`, with the table."""
        return super().record() | {"classes": [vars(row) for row in self.classes]}


def task_share(
    pair: ImagePair,
    segmenter: Segmenter,
    *,
    model: object | None = None,
    regions: torch.Tensor | None = None,
    steps: int = 5,
    rule: Rule = "gauss",
) -> TaskShare:
    """Return which source helps `segmenter` with which class.

    Args:
        pair: the sources.
        segmenter: maps `[N, 1, H, W]` in `[0, 1]` to logits `[N, C, H, W]`.
        model: any differentiable `(a, b) -> fused`; None asks about the sources alone.
        regions: class of each pixel `[H, W]`, 255 for none; None takes the segmenter's own judgement of the fused
            image, or, without a model, of the mean of both sources.
        steps: gradients on the way from black.
        rule: where they are taken: `"gauss"`, `"midpoint"`, or `"right"`, at m / M as in the paper.

    Raises:
        InputError: the segmenter does not answer as one, an unknown rule, or regions that do not fit it or the pair, or
            name no class.
        ModelError: the model returns what is no fused image.

    Example:
        >>> pair = ImagePair.from_arrays(torch.full((9, 9), 0.8), torch.full((9, 9), 0.2), ("infrared", "visible"))
        >>> bright = lambda image: torch.cat((0 * image, image), dim=1)
        >>> task_share(pair, bright).sentences()
        ['In class 1 (100% of the image) infrared weighs 80%.']
    """
    operator = None if model is None else as_model(model)
    a, b = _inputs(pair, segmenter, operator)
    with ExitStack() as stack:
        stack.enter_context(frozen(segmenter, a.device))
        if operator is not None:
            stack.enter_context(explaining(operator))
        seen = (a + b) / 2 if operator is None else _fused(operator, a, b)
        where = regions_of(segmenter, seen) if regions is None else regions.to(a.device)[None]
        settings: dict[str, Any] = {"steps": steps, "rule": rule}
        if operator is None:
            by_a, by_b = (class_maps(segmenter, source, where, steps=steps, rule=rule) for source in (a, b))
            scores, rises = _of_sources(segmenter, (a, b), where)
        else:
            settings |= model_settings(operator)
            by_a, by_b = _through(operator, segmenter, (a, b), where, steps, rule)
            scores = class_scores(segmenter, seen, where)
            black = class_scores(segmenter, _fused(operator, torch.zeros_like(a), torch.zeros_like(b)), where)
            rises = {number: score - black[number] for number, score in scores.items()}
    if not by_a:
        raise InputError("The regions name no class: every pixel is 255; label some.")
    weights = weigh(where, list(by_a), *(_brought(maps, where) for maps in (by_a, by_b)))
    labels = class_labels(segmenter, weights.classes)
    account = ClassAccount(pair.names, weights, labels, own_map(by_a, where), own_map(by_b, where), seen.detach()[0, 0])
    rows = [
        ClassShare(
            label, float(account.areas[place]), float(weights.brought_a[0, place]), float(weights.brought_b[0, place]),
            float(weights.shares[0, place]), float(scores[number]),
            float(by_a[number].sum() + by_b[number].sum() - rises[number]),
        )
        for place, (number, label) in enumerate(zip(weights.classes, labels, strict=True))
    ]  # fmt: skip
    return TaskShare(
        pair.names, account.words(),
        [
            _pictures(pair, seen, operator), account.weight_maps(), account.brought_bars(), account.weight_bars(),
            account.maps(),
        ],
        {f"Completeness gap of {row.name}": row.gap for row in rows}, settings,
        classes=rows, a=account.a.cpu(), b=account.b.cpu(), regions=where[0].cpu(),
    )  # fmt: skip


def task_share_through(
    model: object,
    pair: ImagePair,
    *,
    segmenter: str | Segmenter = "deeplab",
    steps: int = 5,
    rule: Rule = "gauss",
    device: str | torch.device | None = None,
) -> TaskShare:
    """Return which source helps a segmentation network with which class of the image that the model fuses.

    This is `task_share` as the explainer of that name: `explain(model, pair, "task_share")`.

    Args:
        model: any differentiable `(a, b) -> fused`.
        pair: the sources.
        segmenter: what labels the fused image: `"NAME"` or `"NAME:WEIGHTS"` as `load_segmenter` knows them, or any
            `image -> logits`, which must be where the model computes.
        steps, rule: as `task_share` takes them.
        device: where to compute; None leaves the model where it is.

    Raises:
        UnknownNameError: no such segmenter.
        InputError, ModelError: as `task_share`.
    """
    operator = as_model(model)
    with explaining(operator, device):
        if isinstance(segmenter, str):
            segmenter = segmenter_of(segmenter, device_and_dtype(operator)[0])
        return task_share(pair, segmenter, model=operator, steps=steps, rule=rule)


def _inputs(pair: ImagePair, segmenter: Segmenter, model: FusionModel | None) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the sources where the networks live, in their number type; in the pair's own where neither is one."""
    for network in (segmenter, model):
        if isinstance(network, nn.Module) and any(True for _ in network.parameters()):
            device, dtype = device_and_dtype(network)
            return pair.tensors(dtype=dtype, device=device)
    return pair.tensors(dtype=pair.a.y.dtype)


def _fused(model: FusionModel, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return checked_call(model, a, b)


def _through(
    model: FusionModel, segmenter: Segmenter, sources: Images, regions: torch.Tensor, steps: int, rule: Rule
) -> tuple[Maps, Maps]:
    """Return the maps of both sources, of the segmenter behind the model."""

    def network(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        fused = checked_call(model, a, b)
        require_gradient(model, fused)
        return check_segmenter(quick, fused)

    quick = folded(segmenter)
    # A fusion network's graph is large; five of them at once filled the memory.
    maps = maps_of(network, sources, regions, steps=steps, rule=rule, at_once=False)
    return {number: first for number, (first, _) in maps.items()}, {n: second for n, (_, second) in maps.items()}


def _of_sources(segmenter: Segmenter, sources: Images, regions: torch.Tensor) -> tuple[Maps, Maps]:
    """Return the classes' scores, averaged over the sources, and their rises from black, added up."""
    a, b = (class_scores(segmenter, source, regions) for source in sources)
    black = class_scores(segmenter, torch.zeros_like(sources[0]), regions)
    return {n: (a[n] + b[n]) / 2 for n in a}, {n: a[n] + b[n] - 2 * black[n] for n in a}


def _pictures(pair: ImagePair, seen: torch.Tensor, model: FusionModel | None) -> StateMaps:
    """Return both sources, and the picture by which the segmenter named the classes."""
    caption = "their mean" if model is None else f"fused by {model.name}"
    return StateMaps(
        "What the network was asked about",
        "Both sources, and the picture by whose classes they are split, unless labels were given.",
        {pair.names[0]: pair.a.y, pair.names[1]: pair.b.y, caption: seen.detach()[0, 0]},
        "grey",
    )


def _brought(maps: Maps, regions: torch.Tensor) -> torch.Tensor:
    """Return what each class's own pixels bring, `[1, K]`."""
    sums = [(values[:, 0] * (regions == number)).sum((-2, -1)) for number, values in maps.items()]
    return torch.stack(sums, dim=1)
