"""Noise of the sensor: independent at each pixel, normally distributed."""

from __future__ import annotations

import torch

from fuselens.robustness.perturbations.perturbation import Perturbation, Shot


def _spoil(shot: Shot, strength: float) -> torch.Tensor:
    return shot.y + strength * torch.randn(shot.y.shape, generator=shot.generator).to(shot.y)


noise = Perturbation(
    "noise", "noise", "standard deviation, in parts of the range of values", "{:g}", (0.02, 0.05, 0.1, 0.2), 10, _spoil
)
