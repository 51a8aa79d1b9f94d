"""A sensor exposed too long: values beyond white are cut off."""

from __future__ import annotations

import torch

from fuselens.robustness.perturbations.perturbation import Perturbation, Shot


def _spoil(shot: Shot, strength: float) -> torch.Tensor:
    return (1 + strength) * shot.y


saturation = Perturbation(
    "saturation", "saturation", "brightness gained, in parts of what there was", "+{:.0%}", (0.25, 0.5, 1), 1000, _spoil
)
