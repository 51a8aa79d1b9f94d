"""A lens out of focus, or dirty: a Gaussian over the image."""

from __future__ import annotations

import torch

from fuselens.core.fills import blurred
from fuselens.robustness.perturbations.perturbation import Perturbation, Shot


def _spoil(shot: Shot, strength: float) -> torch.Tensor:
    return blurred(shot.y, strength)


blur = Perturbation("blur", "blur", "sigma of the Gaussian, in pixels", "{:g} px", (0.5, 1, 2, 4), 1000, _spoil)
