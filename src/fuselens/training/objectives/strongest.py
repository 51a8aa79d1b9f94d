"""The fusion loss of CDDFuse (Zhao et al., CVPR 2023, phase II): the brighter pixel and the stronger edge of both.

L = w_i mean |f - max(a, b)| + w_g mean |S(f) - max(S(a), S(b))| + w_s (1 - SSIM(f, a)/2 - SSIM(f, b)/2) + w_d D,
S = |Sobel_x| + |Sobel_y|; D rewards shallow features that the sources share and deep ones that they do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch.nn import functional as F

from fuselens.core.errors import InputError
from fuselens.metrics.parts.gradients import sobel
from fuselens.training.losses import LABELS, partial_losses
from fuselens.training.objectives.objective import Objective
from fuselens.training.stores import Sample


@dataclass(frozen=True)
class Strongest(Objective):
    """Brightness and edges of whichever source has more of them.

    Attributes:
        intensity: weight of the brightness part.
        gradient: weight of the edge part.
        ssim: weight of the structural part, which the paper's loss does not have.
        decomposition: weight of the feature part, for networks with a method `shallow_and_deep(image)` that returns the
            features of both kinds.
    """

    labels: ClassVar[dict[str, str]] = {
        "intensity": "|fused − brighter source|",
        "gradient": "|edges − stronger edges|",
        **LABELS,
    }
    intensity: float = 1.0
    gradient: float = 10.0
    ssim: float = 0.0
    decomposition: float = 0.0

    def outputs(self, model: Any, sample: Sample) -> Sample:
        """Fuse the pairs; with a feature part, return the features of both sources too."""
        fused = model(*sample)
        if not self.decomposition:
            return (fused,)
        if not hasattr(model, "shallow_and_deep"):
            raise InputError(f"'{model.name}' has no shallow and deep features; set loss.decomposition to 0.")
        return (fused, *(part for source in sample for part in model.shallow_and_deep(source)))

    def loss(self, outputs: Sample, sample: Sample) -> tuple[torch.Tensor, dict[str, float]]:
        """Return the loss, its parts, and the four losses that all fusion networks report."""
        (fused, *features), (a, b) = outputs, sample
        likeness = partial_losses(fused, a, b)
        parts = {
            "intensity": F.l1_loss(fused, torch.maximum(a, b)),
            "gradient": F.l1_loss(edges(fused), torch.maximum(edges(a), edges(b))),
        }
        total = self.intensity * parts["intensity"] + self.gradient * parts["gradient"]
        total = total + self.ssim * (likeness["ssim_a"] + likeness["ssim_b"]) / 2
        if features:
            parts["decomposition"] = decomposition(*features)
            total = total + self.decomposition * parts["decomposition"]
        return total, {name: float(value.detach()) for name, value in (parts | likeness).items()}


def edges(images: torch.Tensor) -> torch.Tensor:
    """Return |Sobel_x| + |Sobel_y| of `[N, 1, H, W]`, zeros beyond the border."""
    across, down = sobel(images, "zero")
    return across.abs() + down.abs()


def decomposition(
    shallow_a: torch.Tensor, deep_a: torch.Tensor, shallow_b: torch.Tensor, deep_b: torch.Tensor
) -> torch.Tensor:
    """Return cc(deep)^2 / (1.01 + cc(shallow)), cc the mean correlation of two sources' channels over the pixels."""
    return _correlation(deep_a, deep_b).square() / (1.01 + _correlation(shallow_a, shallow_b))


def _correlation(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    one, other = (part.flatten(2) - part.flatten(2).mean(dim=2, keepdim=True) for part in (one, other))
    return F.cosine_similarity(one, other, dim=2).mean()
