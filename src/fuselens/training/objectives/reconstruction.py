"""Auto-encoders: a network learns features on single images, and fuses by a rule that is not trained.

SwinFuse (Wang et al. 2022): L1 + 1000 (1 - SSIM). CAMF (Tang et al. 2023): 5 MSE + MSE of the images' Laplacians.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch.nn import functional as F

from fuselens.core.ssim import ssim_map
from fuselens.training.objectives.objective import Objective
from fuselens.training.stores import Sample


@dataclass(frozen=True)
class Reconstruction(Objective):
    """Give back the image that went in, by the network's `reconstruct(image)`.

    Attributes:
        l1, mse: weights of the absolute and the squared difference.
        ssim: weight of 1 - SSIM.
        laplacian: weight of the squared difference of Laplacians (four neighbours, centre -4).
    """

    labels: ClassVar[dict[str, str]] = {
        "l1": "mean absolute error",
        "mse": "mean squared error",
        "ssim": "1 − SSIM",
        "laplacian": "squared error of Laplacians",
    }
    images: ClassVar = "single"
    l1: float = 0.0
    mse: float = 1.0
    ssim: float = 0.0
    laplacian: float = 0.0

    def outputs(self, model: Any, sample: Sample) -> Sample:
        """Return the reconstructed images `[N, 1, H, W]`."""
        return (model.reconstruct(*sample),)

    def loss(self, outputs: Sample, sample: Sample) -> tuple[torch.Tensor, dict[str, float]]:
        """Return the weighted sum and its four parts."""
        made, image = outputs[0], sample[0]
        parts = {
            "l1": F.l1_loss(made, image),
            "mse": F.mse_loss(made, image),
            "ssim": 1 - ssim_map(made, image).mean(),
            "laplacian": F.mse_loss(laplacian(made), laplacian(image)),
        }
        total = torch.stack([getattr(self, name) * value for name, value in parts.items()]).sum()
        return total, {name: float(value.detach()) for name, value in parts.items()}


def laplacian(images: torch.Tensor) -> torch.Tensor:
    """Return the sum of the four neighbours minus four times the pixel, for the inner pixels of `[N, 1, H, W]`."""
    kernel = images.new_tensor([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]])
    return F.conv2d(images, kernel[None, None])
