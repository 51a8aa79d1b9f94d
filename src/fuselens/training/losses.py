"""The SSIM + L2 fusion loss of FuseVis (paper 002, equation 4).

L = lambda [gs (1 - SSIM(f, a)) + (1 - gs)(1 - SSIM(f, b))] + (1 - lambda) [g2 MSE(f, a) + (1 - g2) MSE(f, b)]
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from fuselens.core.errors import InputError

SSIM_WINDOW = 11
PARTS = ("ssim_a", "ssim_b", "l2_a", "l2_b")


@dataclass(frozen=True)
class FusionLoss:
    """The weights of the four partial losses.

    Attributes:
        lambda_: share of the SSIM part; the rest is the L2 part (mean squared error, as in the published code).
        gamma_ssim: share of source a in the SSIM part.
        gamma_l2: share of source a in the L2 part.
    """

    lambda_: float = 0.99
    gamma_ssim: float = 0.5
    gamma_l2: float = 0.5

    def __post_init__(self) -> None:
        """Refuse weights outside [0, 1]."""
        for name in ("lambda_", "gamma_ssim", "gamma_l2"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise InputError(f"Expected the loss weight {name.rstrip('_')} in [0, 1] but got {value}.")

    def __call__(self, fused: torch.Tensor, a: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, dict[str, float]]:
        """Return the loss and its four parts (1 - SSIM and MSE against each source) for `[N, 1, H, W]` in `[0, 1]`."""
        parts = partial_losses(fused, a, b)
        ssim = self.gamma_ssim * parts["ssim_a"] + (1 - self.gamma_ssim) * parts["ssim_b"]
        l2 = self.gamma_l2 * parts["l2_a"] + (1 - self.gamma_l2) * parts["l2_b"]
        total = self.lambda_ * ssim + (1 - self.lambda_) * l2
        return total, {name: float(value.detach()) for name, value in parts.items()}


def partial_losses(fused: torch.Tensor, a: torch.Tensor, b: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return 1 - SSIM (Gaussian window 11, sigma 1.5, valid windows) and MSE of `fused` against each source.

    Raises:
        InputError: images smaller than the SSIM window.
    """
    if min(fused.shape[-2:]) < SSIM_WINDOW:
        raise InputError(
            f"Expected images of at least {SSIM_WINDOW}x{SSIM_WINDOW} for the SSIM loss but got "
            f"{fused.shape[-1]}x{fused.shape[-2]}; use larger crops."
        )
    parts: dict[str, torch.Tensor] = {}
    for letter, source in (("a", a), ("b", b)):
        similarity = structural_similarity_index_measure(fused, source, data_range=1.0)
        assert isinstance(similarity, torch.Tensor)
        parts[f"ssim_{letter}"] = 1 - similarity
        parts[f"l2_{letter}"] = torch.nn.functional.mse_loss(fused, source)
    return {name: parts[name] for name in PARTS}
