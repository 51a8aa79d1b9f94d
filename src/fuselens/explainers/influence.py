"""Influence: how much each part of a source moves each part of the fused image, from one sweep of occlusions."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Unpack

import torch

from fuselens.core.errors import InputError
from fuselens.core.files import prepare_folder, write_json, write_npz
from fuselens.core.locality import Box
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution, record, to_numpy
from fuselens.core.targets import RegionMean
from fuselens.core.targets.region import RegionLike
from fuselens.core.units import Units
from fuselens.explainers.hiding import HidingOptions, evaluator_for
from fuselens.explainers.sampling import Sampling


@dataclass(frozen=True, eq=False)
class Influence:
    """Who moves what: source units down, cells of the fused image across.

    Attributes:
        matrix: mean |fused - fused with the unit hidden| over each cell, `[units, cells]`.
        units: the segments that were hidden, one at a time.
        cells: the cell of each fused pixel, `[H, W]`.
        fused: the original fused luma, `[H, W]`.
        names: modality names of the sources.
        settings: what the result depends on.
        facts: `samples` (units hidden), `complete` and costs.
    """

    matrix: torch.Tensor
    units: Units
    cells: torch.Tensor
    fused: torch.Tensor
    names: tuple[str, str]
    settings: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def row_sum(self, region: RegionLike = None) -> Attribution:
        """Return how much hiding each unit moves the pixels of a region on average; None for the whole image.

        Exact for regions made of whole cells; elsewhere a cell's pixels count as alike.

        Raises:
            InputError: the region leaves the image, or a mask has another size.
        """
        target = RegionMean(region)
        inside = target.mask(self.units.size)
        share = torch.bincount(self.cells[inside], minlength=self.matrix.shape[1]) / inside.sum()
        moved = (self.matrix.double() @ share.double()).float()
        a, b = self.units.spread(moved)
        return Attribution(
            a, b, self.names, str(target), float(self.fused[inside].mean()), "influence", Box(0, 0, *self.units.size),
            self.settings, facts=self.facts, units=self.units, unit_scores=moved,
        )  # fmt: skip

    def stays(self) -> float:
        """Return the part of all influence that falls on cells where the unit itself has pixels; NaN without any."""
        own = torch.zeros_like(self.matrix, dtype=torch.bool)
        for labels in (self.units.labels_a, self.units.labels_b):
            hidden = labels >= 0
            own[labels[hidden], self.cells[hidden]] = True
        moved = self.matrix.double() * torch.bincount(self.cells.flatten())
        return float(moved[own].sum() / moved.sum())

    def save(self, folder: str | Path) -> Path:
        """Write `explanation.json` and `maps.npz` into `folder`.

        Raises:
            InputError: the folder cannot be made or written.
        """
        place = prepare_folder(folder)
        arrays = {
            "matrix": self.matrix, "cells": self.cells, "fused": self.fused,
            "units_a": self.units.labels_a, "units_b": self.units.labels_b,
        }  # fmt: skip
        write_npz(place / "maps.npz", {name: to_numpy(values) for name, values in arrays.items()})
        facts = {"size": list(self.fused.shape), "stays": self.stays(), **self.facts}
        write_json(place / "explanation.json", record("influence", self.names, facts, self.settings))
        return place


def influence(model: object, pair: ImagePair, *, cell: int = 16, **options: Unpack[HidingOptions]) -> Influence:
    """Hide every unit by itself and return how much each cell of the fused image moves.

    Models with a reach are computed only near the hidden unit.

    Args:
        model: any `(a, b) -> fused`.
        pair: the sources.
        cell: side of the cells in pixels, in the fused image and, without other `units`, in the sources.
        options: units, fill, budgets, device and so on; see `HidingOptions`.

    Raises:
        InputError: a setting that cannot be.
        UnknownNameError: an unknown unit, fill or setting.
        ModelError: NaN, wrong shapes, or a model that is not deterministic.
    """
    if cell < 1:
        raise InputError(f"Expected cells of at least 1 pixel but got {cell}.")
    squares: HidingOptions = {"units": f"grid:{cell}"}
    rows, columns = (torch.arange(side) // cell for side in pair.size)
    cells = rows[:, None] * (int(columns[-1]) + 1) + columns
    areas = torch.bincount(cells.flatten())
    with evaluator_for(model, pair, RegionMean(), squares | options) as evaluator:
        units = evaluator.units
        matrix = torch.zeros(units.count, len(areas))
        place = cells.flatten().to(evaluator.fused.device)
        sampling = Sampling(units.count)
        with sampling.until_stopped():
            for numbers in evaluator.affordable(range(units.count)):
                fused = evaluator.fused_for([units.everything & ~(1 << unit) for unit in numbers])
                moved = (fused - evaluator.fused).abs().flatten(1)
                sums = moved.new_zeros(len(moved), len(areas)).index_add_(1, place, moved)
                matrix[numbers] = sums.float().cpu() / areas
                sampling.used = numbers[-1] + 1
        settings = {"cell": cell} | evaluator.record()
        fused_luma = evaluator.fused[0, 0].cpu()
    return Influence(matrix, units, cells, fused_luma, pair.names, settings, sampling.facts(evaluator))
