"""Columns of the sensor that read nothing: black, at random places."""

from __future__ import annotations

import torch

from fuselens.robustness.perturbations.perturbation import Perturbation, Shot


def _spoil(shot: Shot, strength: float) -> torch.Tensor:
    width = shot.y.shape[1]
    order = torch.randperm(width, generator=shot.generator)
    dead = order[: max(1, round(strength * width))]
    spoiled = shot.y.clone()
    spoiled[:, dead] = 0
    return spoiled


dead_columns = Perturbation(
    "dead_columns", "dead columns", "part of the columns, at least one", "{:.0%}", (0.01, 0.05, 0.2), 1, _spoil
)
