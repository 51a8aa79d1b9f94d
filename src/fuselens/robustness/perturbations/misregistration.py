"""A sensor that has moved against the other: its image lies further to the right, its left edge repeated."""

from __future__ import annotations

import torch

from fuselens.core.errors import InputError
from fuselens.robustness.perturbations.perturbation import Perturbation, Shot


def _spoil(shot: Shot, strength: float) -> torch.Tensor:
    pixels, width = round(strength), shot.y.shape[1]
    if pixels != strength or pixels >= width:
        raise InputError(
            f"Expected a misregistration by whole pixels, fewer than the {width} of a row, but got {strength:g}."
        )
    return torch.cat((shot.y[:, :1].expand(-1, pixels), shot.y[:, : width - pixels]), dim=1)


misregistration = Perturbation(
    "misregistration", "misregistration", "shift to the right, in pixels", "{:g} px", (1, 2, 4, 8), 10**4, _spoil
)
