"""The four losses that every fusion network reports, whatever it is trained for: how unlike each source it is."""

from __future__ import annotations

import torch

from fuselens.core.ssim import ssim_map

PARTS = ("ssim_a", "ssim_b", "l2_a", "l2_b")
LABELS = {"ssim": "1 − SSIM", "l2": "mean squared error"}


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
