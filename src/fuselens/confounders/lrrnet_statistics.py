"""Scene features from LRRNet: mean and spread of its low-rank and sparse codes over an image.

For paper 003 without the weights of a ResNet: the network that its own network starts from tells the scenes.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch.nn.functional import interpolate

from fuselens.confounders.features import Backbone, Features
from fuselens.models import load_model
from fuselens.models.layers.llrr import LowRankExtractor
from fuselens.models.lrrnet import LRRNet, stretched

_LONGEST = 128  # pixels that larger images are reduced to: those that the published LRRNet was trained on


def lrrnet_backbone(weights: str | None, device: torch.device) -> Backbone:
    """Return the codes' statistics as a backbone: each modality by its own extractor.

    Args:
        weights: of LRRNet, a `.safetensors` file or a shipped name; None for the shipped ones.
        device: where they are computed.

    Raises:
        UnknownNameError: no such weights are shipped.
        InputError: none are shipped, or the file holds no LRRNet.
    """
    model = load_model("lrrnet", weights or "auto", device=device)
    assert isinstance(model, LRRNet)
    stretch = model.output == "minmax"
    title = f"lrrnet:{Path(weights).name}" if weights else "lrrnet"
    facts = {"weights": model.title, "sha256": model.weights_info["sha256"]}
    return Backbone(title, _statistics(model.extract_a, stretch), _statistics(model.extract_b, stretch), facts)


def _statistics(extractor: LowRankExtractor, stretch: bool) -> Features:
    """Return the function from an image to the means of the 256 codes and their standard deviations, `[512]`."""

    def extract(image: torch.Tensor) -> torch.Tensor:
        small = _reduced(image)
        codes = extractor(stretched(small) if stretch else small)[0].flatten(1)
        return torch.cat([codes.mean(dim=1), codes.std(dim=1, correction=0)])

    return extract


def _reduced(image: torch.Tensor) -> torch.Tensor:
    scale = _LONGEST / max(image.shape[-2:])
    if scale >= 1:
        return image
    size = tuple(max(1, round(scale * side)) for side in image.shape[-2:])
    return interpolate(image, size=size, mode="bilinear", antialias=True, align_corners=False)
