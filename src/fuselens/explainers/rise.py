"""RISE: a pixel matters as much as the target gains, on average, from masks that show it.

Reference: Petsiuk, Das, Saenko, "RISE: randomized input sampling for explanation of black-box models", BMVC 2018. What
differs: hidden pixels turn into the fill instead of black; scores are averaged with the masks as weights and their mean
is subtracted, so that a source without influence gets 0; both sources are masked independently; maps have a standard
error.
"""

from __future__ import annotations

from typing import Unpack

import torch

from fuselens.core.errors import InputError
from fuselens.core.locality import Box
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution
from fuselens.core.targets import Target
from fuselens.explainers.hiding import HidingOptions, evaluator_for
from fuselens.explainers.sampling import Sampling
from fuselens.explainers.soft_masks import SoftMasks

GROUPS, FEWEST = 20, 10  # of samples, for the jackknife


def rise(
    model: object,
    pair: ImagePair,
    target: Target | None = None,
    *,
    samples: int = 4000,
    cells: int = 8,
    chance: float = 0.5,
    **options: Unpack[HidingOptions],
) -> Attribution:
    """Return, for each pixel, the target's mean over masks that show it less its mean over all masks.

    Args:
        model: any `(a, b) -> fused`.
        pair: the sources.
        target: what is explained; None for the similarity of the whole fused image to the original.
        samples: how many masks a source.
        cells: cells of a mask along each side.
        chance: of a cell to be shown.
        options: fill, budgets, device and so on; see `HidingOptions`. RISE has cells of its own: of `units` counts only
            which pixels they cover; all others are always shown.

    Returns:
        Maps in the target's own units, with standard errors of a jackknife over 20 groups of masks; these are missing
        where a budget left fewer than 10 masks. Facts: `mean_score`, `samples`, `complete`.

    Raises:
        InputError: a setting that cannot be.
        UnknownNameError: an unknown unit, fill or setting.
        ModelError: NaN, wrong shapes, or a model that is not deterministic.
    """
    if samples < FEWEST or cells < 1 or not 0 < chance < 1:
        raise InputError(
            f"Expected at least {FEWEST} samples, 1 cell and a chance between 0 and 1 but got samples={samples}, "
            f"cells={cells}, chance={chance}."
        )
    whole: HidingOptions = {"units": f"grid:{max(pair.size)}"}
    generator = torch.Generator().manual_seed(options.get("seed", 0))
    with evaluator_for(model, pair, target, whole | options) as evaluator:
        device = evaluator.a.device
        sources = (evaluator.a[0], evaluator.b[0])
        fills = (evaluator.fill_a, evaluator.fill_b)
        shown = [labels.to(device) < 0 for labels in (evaluator.units.labels_a, evaluator.units.labels_b)]
        masks = [SoftMasks.draw(samples, pair.size, cells, chance, generator, device) for _ in sources]
        tallies = [Tally(pair.size, device) for _ in sources]
        sampling = Sampling(samples)
        with sampling.until_stopped():
            for numbers in evaluator.affordable(range(samples)):
                stop = numbers[-1] + 1
                soft = [
                    torch.where(always, 1.0, mask.made(numbers[0], stop))
                    for mask, always in zip(masks, shown, strict=True)
                ]
                a, b = (
                    torch.lerp(fill, source, mask.to(source))
                    for source, fill, mask in zip(sources, fills, soft, strict=True)
                )
                gains = evaluator.score_sources(a, b).float() - evaluator.score_everything  # small numbers round less
                for tally, mask in zip(tallies, soft, strict=True):
                    tally.add(numbers[0], mask, gains)
                sampling.used = stop
        maps = [torch.where(always, 0.0, tally.means()).cpu() for tally, always in zip(tallies, shown, strict=True)]
        errors = [
            torch.where(always, 0.0, tally.errors()).cpu() if sampling.used >= FEWEST else None
            for tally, always in zip(tallies, shown, strict=True)
        ]
        facts = {"mean_score": evaluator.score_everything + tallies[0].mean_score, **sampling.facts(evaluator)}
        settings = evaluator.record() | {"samples": samples, "cells": cells, "chance": chance}
        return Attribution(
            maps[0], maps[1], pair.names, str(evaluator.target), evaluator.score_everything, "rise",
            Box(0, 0, *pair.size), settings, facts=facts, error_a=errors[0], error_b=errors[1],
        )  # fmt: skip


class Tally:
    """Running sums over groups of masks, from which the map and its standard error come.

    Sample n is in group n modulo 20, so that a run cut short fills all groups.
    """

    def __init__(self, size: tuple[int, int], device: torch.device) -> None:
        """Start from nothing."""
        self._shown = torch.zeros(GROUPS, *size, device=device)
        self._gained = torch.zeros(GROUPS, *size, device=device)
        self._gains, self._counts = torch.zeros(2, GROUPS, dtype=torch.float64)

    def add(self, start: int, masks: torch.Tensor, gains: torch.Tensor) -> None:
        """Take in masks `[n, H, W]`, the first of which is number `start`, and their scores `[n]`."""
        groups = torch.arange(start, start + len(masks)) % GROUPS
        there = groups.to(masks.device)
        self._shown.index_add_(0, there, masks)
        self._gained.index_add_(0, there, masks * gains[:, None, None])
        self._gains.index_add_(0, groups, gains.cpu().double())
        self._counts += torch.bincount(groups, minlength=GROUPS)

    @property
    def mean_score(self) -> float:
        """The mean of all scores; 0 without any."""
        return float(self._gains.sum() / self._counts.sum().clamp(min=1))

    def means(self) -> torch.Tensor:
        """Return the mask-weighted mean of the scores less their mean, `[H, W]`; 0 where no mask showed a pixel."""
        return _lift(self._gained.sum(0), self._shown.sum(0), self._gains.sum(), self._counts.sum())

    def errors(self) -> torch.Tensor:
        """Return the standard error of `means`, by leaving out one group of masks at a time."""
        sums = (self._gained, self._shown, self._gains, self._counts)
        filled = torch.nonzero(self._counts).flatten().tolist()
        left = torch.stack([_lift(*(each.sum(0) - each[group] for each in sums)) for group in filled])
        error: torch.Tensor = left.std(dim=0, correction=0) * (len(filled) - 1) ** 0.5
        return error


def _lift(gained: torch.Tensor, shown: torch.Tensor, gains: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    mean = (gains / counts.clamp(min=1)).float()
    return torch.where(shown > 0, gained / shown.clamp(min=torch.finfo(torch.float32).tiny) - mean, 0.0)
