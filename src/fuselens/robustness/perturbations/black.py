"""A sensor that goes dark, and in the end is black: off, covered, or its shutter stuck."""

from __future__ import annotations

import torch

from fuselens.robustness.perturbations.perturbation import Perturbation, Shot


def _spoil(shot: Shot, strength: float) -> torch.Tensor:
    return (1 - strength) * shot.y


black = Perturbation("black", "darkening", "part of the brightness lost", "{:.0%}", (0.5, 0.9, 1), 1, _spoil)
