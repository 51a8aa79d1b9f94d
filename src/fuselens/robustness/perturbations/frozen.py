"""A sensor that is frozen: it still shows what it recorded before, while the scene has gone on."""

from __future__ import annotations

import torch

from fuselens.robustness.perturbations.perturbation import Perturbation, Shot


def _spoil(shot: Shot, _: float) -> torch.Tensor:
    assert shot.earlier is not None
    return shot.earlier


frozen = Perturbation("frozen", "a frozen image", "frozen, or not", "frozen", (1,), 1, _spoil, needs_earlier=True)
