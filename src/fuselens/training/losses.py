"""The SSIM + L2 fusion loss of FuseVis (paper 002, equation 4).

L = lambda [gs (1 - SSIM(f, a)) + (1 - gs)(1 - SSIM(f, b))] + (1 - lambda) [g2 MSE(f, a) + (1 - g2) MSE(f, b)]
"""

from __future__ import annotations

import torch

from fuselens.core.ssim import ssim_map
from fuselens.training.recipe import LossWeights

PARTS = ("ssim_a", "ssim_b", "l2_a", "l2_b")


class FusionLoss(LossWeights):
    """The loss, with its weights; the L2 part is the mean squared error, as in the published code."""

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
    parts: dict[str, torch.Tensor] = {}
    for letter, source in (("a", a), ("b", b)):
        parts[f"ssim_{letter}"] = 1 - ssim_map(fused, source).mean()
        parts[f"l2_{letter}"] = torch.nn.functional.mse_loss(fused, source)
    return {name: parts[name] for name in PARTS}
