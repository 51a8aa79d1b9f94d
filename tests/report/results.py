"""Results with planted answers, for tests of the page that shows them."""

from __future__ import annotations

from typing import Any

import torch

import fuselens as fl
from fuselens.core.explanation import SetExplanation
from fuselens.core.intrinsic import ModelState
from fuselens.core.locality import Box
from fuselens.core.model import FusionModel, WrappedModel
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution
from fuselens.core.targets import RegionMean, Target
from fuselens.core.units import make_units
from fuselens.explainers.ddfimage import ddfimage
from fuselens.report.results_page import ResultContents

NAMES = ("infrared", "visible")


def planted_model() -> FusionModel:
    """Return a model that takes the left half from a and mixes both, half and half, in the right."""

    def fuse(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        left = torch.arange(a.shape[-1]) < a.shape[-1] // 2
        return torch.where(left, a, (a + b) / 2)

    return WrappedModel(fuse, name="planted", reach=None, stride=1)


def bright_pair(size: tuple[int, int] = (24, 32), names: tuple[str, str] = NAMES) -> ImagePair:
    a, b = 0.5 + 0.4 * torch.rand(2, *size, generator=torch.Generator().manual_seed(3))
    return ImagePair.from_arrays(a, b, names)


def set_of(pair: ImagePair | None = None, target: Target | None = None, **settings: Any) -> SetExplanation:
    """Explain one cell of the left half, which rests on the one unit of a that lies there."""
    options: dict[str, Any] = {"units": "grid:8", "fill": "black"} | settings
    return ddfimage(planted_model(), pair or bright_pair(), target or RegionMean((0, 0, 8, 8)), **options)


def map_of(pair: ImagePair | None = None, method: str = "rise", target: str = "mean", **changes: Any) -> Attribution:
    """Return maps with three quarters of the influence in a: +3 on one pixel, and -1 on one of b."""
    pair = pair or bright_pair()
    a, b = torch.zeros(2, *pair.size)
    a[1, 2], b[pair.size[0] - 1, pair.size[1] - 1] = 3, -1
    values: dict[str, Any] = {"a": a, "b": b, "window": Box(0, 0, *pair.size)} | changes
    return Attribution(names=pair.names, target=target, value=0.625, method=method, **values)


def unit_map(pair: ImagePair, scores: dict[int, float], **changes: Any) -> Attribution:
    """Return an attribution of grid units with these scores."""
    units = make_units(pair, "grid:8")
    unit_scores = torch.zeros(units.count)
    for unit, score in scores.items():
        unit_scores[unit] = score
    a, b = units.spread(unit_scores)
    return map_of(pair, "lime", a=a, b=b, units=units, unit_scores=unit_scores, **changes)


def contents_of(*results: SetExplanation | Attribution | ModelState, **changes: Any) -> ResultContents:
    """Return contents with these results, all of `bright_pair()` unless a pair is given."""
    pair = changes.pop("pair", None) or bright_pair()
    model = changes.pop("model", None) or planted_model()
    first = results[0] if results else None
    explained = None
    if isinstance(first, SetExplanation) and first.kept:
        explained = fl.fuse(model, first.explained_pair())
    values: dict[str, Any] = {"explained": explained, "gamma": 0.5} | changes
    return ResultContents(pair, fl.fuse(model, pair), model, results, **values)
