"""The audit: spoil one source at a time, more and more, fuse again, and see how far everything moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch

from fuselens.core.errors import FuseLensError, InputError
from fuselens.core.model import as_model
from fuselens.core.pair import ImagePair
from fuselens.core.results import model_settings
from fuselens.core.ssim import ssim_map
from fuselens.metrics import chosen_metrics
from fuselens.metrics.score import score
from fuselens.robustness.measure import STATISTIC, Measured, measured
from fuselens.robustness.perturbations.perturbation import Perturbation, Shot
from fuselens.robustness.plan import plan_of
from fuselens.robustness.result import Audit, Case, LeftOut, Shown, Side

METRICS = ("en", "sf", "vif", "qabf", "ssim")
Progress = Callable[[int, int], None]


class _Step(NamedTuple):
    perturbation: Perturbation
    side: Side
    strength: float
    is_strongest: bool


def audit(
    model: object,
    pair: ImagePair,
    *,
    perturbations: Sequence[str] | None = None,
    earlier: ImagePair | None = None,
    metrics: Sequence[str] = METRICS,
    seed: int = 0,
    device: str | torch.device | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Spoil each source by each perturbation at each strength, and measure how far fusion, shares and scores move.

    The shares are those by hiding: how far the fused image moves where a whole source is replaced by its own blur. No
    gradient is needed. A case takes five fused images.

    Args:
        model: any `(a, b) -> fused`.
        pair: the undisturbed sources.
        perturbations: names such as `"noise"`, or with strengths, `"noise:0.05,0.1"`; None for all.
        earlier: the pair that the sensors recorded before, which a frozen sensor still shows; without it that is left
            out, and the result says so.
        metrics: names of metrics.
        seed: of everything random.
        device: where to compute; None leaves the model where it is.
        progress: called with (cases done, cases in all).

    Raises:
        InputError: strengths that cannot be, an earlier pair of another size, or images too small for a metric.
        UnknownNameError: no such perturbation or metric.
        ModelError: the model cannot fuse the undisturbed pair. On spoiled ones it may fail, and the result says so.

    Example:
        >>> import fuselens as fl
        >>> street = fl.example_pair("street", size=(64, 64))
        >>> found = fl.audit(fl.load_model("average"), street, perturbations=["black:1"])
        >>> [(case.source, round(case.passed_on, 2)) for case in found.cases]
        [('infrared', 0.5), ('visible', 0.5)]
    """
    operator, plan = as_model(model), plan_of(perturbations)
    chosen_metrics(metrics)
    if earlier is not None and earlier.size != pair.size:
        (height, width), (before_height, before_width) = pair.size, earlier.size
        raise InputError(
            f"The earlier pair is {before_width}x{before_height} pixels and this one {width}x{height}; give one of the "
            "same sensors."
        )
    clean = measured(operator, pair, device)
    scores = score(pair, clean.fused, metrics)
    cases, left_out, shown = list[Case](), list[LeftOut](), list[Shown]()
    steps = list(_steps(plan))
    for done, step in enumerate(steps):
        if progress:
            progress(done, len(steps))
        source = pair.a if step.side == "a" else pair.b
        try:
            spoiled = replace(source, y=step.perturbation(_shot(source.y, earlier, step.side, seed), step.strength))
            disturbed = replace(pair, a=spoiled) if step.side == "a" else replace(pair, b=spoiled)
            found = measured(operator, disturbed, device)
        except FuseLensError as error:
            left_out.append(LeftOut(step.perturbation.name, source.name, step.strength, str(error)))
            continue
        case = _case(step, pair, disturbed, clean, found, metrics)
        cases.append(case)
        if step.is_strongest:
            shown.append(Shown(case, spoiled.y.cpu(), found.fused))
    if progress:
        progress(len(steps), len(steps))
    settings = {**model_settings(operator), "statistic": STATISTIC, "metrics": list(metrics), "seed": seed}
    return Audit(pair, clean.fused, clean.share, scores, cases, left_out, shown, settings)


def _steps(plan: Sequence[tuple[Perturbation, tuple[float, ...]]]) -> Iterator[_Step]:
    sides: tuple[Side, Side] = ("a", "b")
    for perturbation, strengths in plan:
        for strength in strengths:
            for side in sides:
                yield _Step(perturbation, side, strength, strength == strengths[-1])


def _shot(y: torch.Tensor, earlier: ImagePair | None, side: Side, seed: int) -> Shot:
    before = None if earlier is None else (earlier.a if side == "a" else earlier.b).y
    return Shot(y, before, torch.Generator().manual_seed(seed))


def _case(
    step: _Step, pair: ImagePair, disturbed: ImagePair, clean: Measured, found: Measured, metrics: Sequence[str]
) -> Case:
    source, spoiled = ((each.a if step.side == "a" else each.b) for each in (pair, disturbed))
    moved = (found.fused.double() - clean.fused.double()).abs()
    return Case(
        perturbation=step.perturbation.name,
        side=step.side,
        source=source.name,
        strength=step.strength,
        spoiled=float((spoiled.y.double() - source.y.double()).abs().mean()),
        moved=float(moved.mean()),
        moved_most=float(moved.flatten().kthvalue(max(1, round(0.99 * moved.numel()))).values),
        likeness=float(ssim_map(found.fused[None, None], clean.fused[None, None]).mean()),
        share=found.share if step.side == "a" else 1 - found.share,
        share_moved=float((found.shares - clean.shares).abs().nanmean()),
        scores=score(pair, found.fused, metrics),
        scores_seen=score(disturbed, found.fused, metrics),
    )
