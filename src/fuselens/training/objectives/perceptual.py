"""The fusion loss of LRRNet (Li et al., TPAMI 2023, and its published code): like the sources to a VGG-16 network.

L = w_p MSE(f, b) + w_1 MSE(v1(f), v1(b)) + w_2 MSE(v2(f), s_a v2(a) + s_b v2(b))
  + w_3 MSE(v3(f), s_a v3(a) + s_b v3(b)) + w_g MSE(G(f), G(a)),
images in 0..255, v1, v2, v3 what VGG-16 has after relu1_2, relu2_2, relu3_3, G = v v^T / (c h w) after relu4_3.
Source a is the infrared image, b the visible one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch.nn import functional as F

from fuselens.models.lrrnet import stretched
from fuselens.training.losses import LABELS, partial_losses
from fuselens.training.objectives.objective import Objective
from fuselens.training.objectives.vgg import load_vgg, vgg_for
from fuselens.training.stores import Sample

LEVELS = 255


@dataclass(frozen=True)
class Perceptual(Objective):
    """Pixels and shallow features of source b, deeper features of both, textures of source a.

    Attributes:
        pixels: weight of the squared difference from source b.
        relu1_2: weight of the squared difference from b's shallow features.
        relu2_2, relu3_3: weights of the squared difference from both sources' features, `share_a` of a's and `share_b`
            of b's.
        gram: weight of the squared difference from a's Gram matrix of relu4_3.
        share_a, share_b: how much of either source's features the fused image is to have.
        stretch: whether the fused images are spread over all grey levels first, each by its own extremes, as published.
        vgg: file of VGG-16's weights; empty: torchvision's are downloaded.
    """

    labels: ClassVar[dict[str, str]] = {
        "pixels": "squared error, 255 levels",
        "relu1_2": "relu1_2",
        "relu2_2": "relu2_2",
        "relu3_3": "relu3_3",
        "gram": "Gram matrices of relu4_3",
        **LABELS,
    }
    pixels: float = 10.0
    relu1_2: float = 1.5
    relu2_2: float = 0.01
    relu3_3: float = 0.5
    gram: float = 2000.0
    share_a: float = 3.0
    share_b: float = 0.5
    stretch: bool = True
    vgg: str = ""

    def prepare(self) -> None:
        """Load VGG-16.

        Raises:
            InputError: as `load_vgg`.
        """
        load_vgg(self.vgg)

    def loss(self, outputs: Sample, sample: Sample) -> tuple[torch.Tensor, dict[str, float]]:
        """Return the loss, its five parts, and the four losses that all fusion networks report."""
        (fused,), (a, b) = outputs, sample
        likeness = partial_losses(fused, a, b)
        made = LEVELS * (stretched(fused) if self.stretch else fused)
        a, b = LEVELS * a, LEVELS * b
        network = vgg_for(fused, self.vgg)
        made_1, made_2, made_3, made_4 = network(made)
        with torch.no_grad():
            _, a_2, a_3, a_4 = network(a)
            b_1, b_2, b_3 = network(b, 3)
        parts = {
            "pixels": F.mse_loss(made, b),
            "relu1_2": F.mse_loss(made_1, b_1),
            "relu2_2": F.mse_loss(made_2, self.share_a * a_2 + self.share_b * b_2),
            "relu3_3": F.mse_loss(made_3, self.share_a * a_3 + self.share_b * b_3),
            "gram": F.mse_loss(gram(made_4), gram(a_4)),
        }
        total = torch.stack([getattr(self, name) * value for name, value in parts.items()]).sum()
        return total, {name: float(value.detach()) for name, value in (parts | likeness).items()}


def gram(features: torch.Tensor) -> torch.Tensor:
    """Return the Gram matrices `[N, C, C]` of features `[N, C, H, W]`, divided by C H W."""
    rows = features.flatten(2)
    return rows @ rows.mT / rows[0].numel()
