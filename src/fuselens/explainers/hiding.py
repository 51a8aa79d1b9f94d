"""What all methods that hide pixels share: their settings, the evaluator made of them, and the certificate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypedDict

import torch

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.evaluator import Evaluator
from fuselens.core.explanation import Mode, SetExplanation, Status
from fuselens.core.pair import ImagePair
from fuselens.core.targets import Similarity, Target
from fuselens.core.units import Units, Which, make_units
from fuselens.search import Found

WHOLE_LEVEL, REGION_LEVEL = 0.5, 0.9  # see docs: whole images are inherently large, regions are not


class HidingOptions(TypedDict, total=False):
    """Settings that every method which hides pixels takes.

    Attributes:
        units: `"slic:COUNT"`, `"grid:CELL"`, `"quickshift"`, or `Units` made before. Default `"slic:100"`.
        which: `"a"`, `"b"` or `"both"`: the sources in which units lie; the others are always shown. Default `"both"`.
        guide: the image that is segmented; see `make_units`.
        fill: what replaces hidden pixels; see `make_fill`. Default `"blur"`.
        device: where to compute; None leaves the model where it is.
        batch_size: composites a call of the model.
        locality: compute only what can have changed, for models with a reach. Default True.
        max_images, max_seconds: budgets.
        repeats: average so many runs of a model that is not deterministic.
        seed: of everything random.
        progress: called with (composites fused, budget or 0).
    """

    units: str | Units
    which: Which
    guide: Literal["own", "a", "b", "mean"] | torch.Tensor
    fill: str
    device: str | torch.device | None
    batch_size: int
    locality: bool
    max_images: int | None
    max_seconds: float | None
    repeats: int
    seed: int
    progress: Callable[[int, int], None] | None


_FOR_UNITS = ("units", "which", "guide")
_STOPPED: dict[str, Status] = {"": "EXPLAINED", "budget": "BUDGET_EXHAUSTED", "interrupted": "INTERRUPTED"}


def evaluator_for(model: object, pair: ImagePair, target: Target | None, options: HidingOptions) -> Evaluator:
    """Return the evaluator of these settings; use it as a context manager.

    Args:
        model: any `(a, b) -> fused`.
        pair: the sources.
        target: what is explained; None for the similarity of the whole fused image to the original.
        options: see `HidingOptions`.

    Raises:
        InputError: settings that cannot be.
        UnknownNameError: an unknown setting, unit, fill or source.
    """
    unknown = set(options) - set(HidingOptions.__annotations__)
    if unknown:
        raise UnknownNameError("setting", min(unknown), HidingOptions.__annotations__)
    units = options.get("units", "slic:100")
    if isinstance(units, str):
        units = make_units(pair, units, which=options.get("which", "both"), guide=options.get("guide", "own"))
    rest: dict[str, Any] = {name: value for name, value in options.items() if name not in _FOR_UNITS}
    return Evaluator(model, pair, target or Similarity(), units, **rest)


def level_for(evaluator: Evaluator, level: float | None, *, is_relative: bool = True) -> float:
    """Return the level asked for, or the default: 0.5 for whole images, 0.9 for regions.

    Raises:
        InputError: a relative level outside (0, 1].
    """
    if level is None:
        box = evaluator.target.box(evaluator.pair.size)
        return WHOLE_LEVEL if (box.height, box.width) == evaluator.pair.size else REGION_LEVEL
    if is_relative and not 0 < level <= 1:
        raise InputError(
            f"Expected a level above 0 and at most 1 but got {level}; 0.9 means nine tenths of the effect."
        )
    return level


def certified(
    evaluator: Evaluator,
    method: str,
    kept: int,
    status: Status,
    *,
    level: float,
    mode: Mode = "both",
    is_relative: bool = True,
    trace: tuple[Any, ...] = (),
    **settings: Any,
) -> SetExplanation:
    """Return a set with its certificate; scores come from the evaluator's cache where they are known."""
    if kept:
        score_kept, score_removed = evaluator.certificate(kept)
    else:
        score_kept, score_removed = evaluator.score_nothing, evaluator.score_everything
    counts = evaluator.counts
    return SetExplanation(
        method=method,
        status=status,
        target=str(evaluator.target),
        mode=mode,
        level=level,
        is_relative=is_relative,
        units=evaluator.units,
        kept=kept,
        score_full=evaluator.score_everything,
        score_empty=evaluator.score_nothing,
        score_kept=score_kept,
        score_removed=score_removed,
        pair=evaluator.pair,
        fused=evaluator.fused[0, 0].cpu(),
        fill_a=evaluator.fill_a.cpu(),
        fill_b=evaluator.fill_b.cpu(),
        model_images=counts.model_images,
        model_pixels=counts.model_pixels,
        seconds=counts.seconds,
        trace=trace,
        settings=settings | evaluator.record(),
    )


def certified_search(evaluator: Evaluator, method: str, found: Found, **claim_and_settings: Any) -> SetExplanation:
    """Return what a search found with its certificate, its trace, and how it ended; see `certified` for the rest."""
    trace = tuple((s.granularity, s.size, s.family, s.index, hex(s.kept_after)) for s in found.trace)
    return certified(
        evaluator, method, found.kept, _STOPPED[found.stopped], trace=trace, tests=found.tests,
        one_minimal=found.complete, **claim_and_settings,
    )  # fmt: skip
