"""The SSIM + L2 fusion loss of FuseVis (paper 002, equation 4): be like both sources.

L = lambda [gs (1 - SSIM(f, a)) + (1 - gs)(1 - SSIM(f, b))] + (1 - lambda) [g2 MSE(f, a) + (1 - g2) MSE(f, b)]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from fuselens.core.errors import InputError
from fuselens.training.losses import LABELS, partial_losses
from fuselens.training.objectives.objective import Objective
from fuselens.training.stores import Sample


@dataclass(frozen=True)
class Similarity(Objective):
    """Likeness to both sources; the L2 part is the mean squared error, as in the published code.

    Attributes:
        lambda_: share of the SSIM part; the rest is the L2 part. In YAML it is written `lambda`.
        gamma_ssim: share of source a in the SSIM part.
        gamma_l2: share of source a in the L2 part.
    """

    labels: ClassVar[dict[str, str]] = LABELS
    lambda_: float = 0.99
    gamma_ssim: float = 0.5
    gamma_l2: float = 0.5

    def __post_init__(self) -> None:
        """Refuse weights outside [0, 1]."""
        for name, value in self.as_dict().items():
            if not 0 <= value <= 1:
                raise InputError(f"Expected the loss weight {name} in [0, 1] but got {value}.")

    def loss(self, outputs: Sample, sample: Sample) -> tuple[torch.Tensor, dict[str, float]]:
        """Return the loss and its four parts (1 - SSIM and MSE against each source) for `[N, 1, H, W]` in `[0, 1]`."""
        parts = partial_losses(outputs[0], *sample)
        ssim = self.gamma_ssim * parts["ssim_a"] + (1 - self.gamma_ssim) * parts["ssim_b"]
        l2 = self.gamma_l2 * parts["l2_a"] + (1 - self.gamma_l2) * parts["l2_b"]
        total = self.lambda_ * ssim + (1 - self.lambda_) * l2
        return total, {name: float(value.detach()) for name, value in parts.items()}
