"""SwinFuse: transformer features of each source, merged by their mean magnitudes (Wang et al. 2022; kin of paper 000).

337,376 parameters as published, 2,020,891 in full. Global: the row part of its fusion rule weighs channels by their
mean over the whole image.

The paper describes three stages of six Swin blocks. The published code leaves each stage after its first block, so its
results come from three blocks whose windows never shift: a pixel's features know the 7 x 7 window it lies in and
nothing else. Only layers that act are built here; the code's full 2,021,276 parameters hold 385 that nothing reads, of
a norm and a PReLU. The code also cuts images into tiles of 224 x 224; here they run whole, at any size.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import nn

from fuselens.core.errors import InputError
from fuselens.core.model import FusionModel
from fuselens.models.layers.fusion_rules import Combine, l1_mean
from fuselens.models.layers.swin_block import SwinBlock

DIM = 96
HEADS = (1, 2, 4)  # of the three stages
DEPTH = 6
DROP = 0.2  # stochastic depth of the last of all 18 blocks; the first has none


class SwinFuse(FusionModel):
    """Swin features of each source, merged by channel and by pixel after their mean magnitude, and decoded by pixel.

    Trained on single images by `reconstruct`.

    Args:
        blocks: `"published"`, the three blocks that the authors' code runs, or `"full"`, the eighteen of their paper.
        combine: `"mean"` halves the sum of the rule's two parts, so that equal sources fuse to what the decoder learnt
            to make of one; `"sum"` is the published rule, which doubles the features before the decoder and so drives
            dark and bright pixels into the tanh's ends.

    Raises:
        InputError: another word than these.
    """

    name = "swinfuse"

    def __init__(self, blocks: Literal["published", "full"] = "published", combine: Combine = "mean") -> None:
        """Build the layers; weights of linear layers from a normal distribution of width 0.02, cut at 2."""
        super().__init__()
        if blocks not in ("published", "full") or combine not in get_args(Combine):
            raise InputError(
                f"Expected swinfuse's blocks 'published' or 'full' and combine 'mean' or 'sum' but got '{blocks}' and "
                f"'{combine}'."
            )
        self.combine = combine
        self.embed = nn.Conv2d(1, DIM, 1)
        self.embed_norm = nn.LayerNorm(DIM)
        self.stages = nn.ModuleList(_stage(index, 1 if blocks == "published" else DEPTH) for index in range(len(HEADS)))
        self.norm = nn.LayerNorm(DIM)
        self.head = nn.Conv2d(DIM, 1, 1)
        for module in self.stages.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Fuse two batches `[N, 1, H, W]` in `[0, 1]`."""
        return self.decode(l1_mean(self.encode(a), self.encode(b), self.combine))

    def reconstruct(self, image: torch.Tensor) -> torch.Tensor:
        """Return the network's copy of single images `[N, 1, H, W]`, the aim of its training."""
        return self.decode(self.encode(image))

    def encode(self, image: torch.Tensor) -> torch.Tensor:
        """Return the features `[N, 96, H, W]` of images `[N, 1, H, W]` in `[0, 1]`."""
        # Autocast would round the grey levels themselves, here and in `decode`.
        with torch.autocast(image.device.type, enabled=False):
            embedded = self.embed((2 * image - 1).to(memory_format=torch.channels_last))
            tokens = self.embed_norm(embedded.permute(0, 2, 3, 1))
        for stage in self.stages:
            tokens = tokens + stage(tokens)
        features: torch.Tensor = self.norm(tokens)
        return features.permute(0, 3, 1, 2)

    def decode(self, features: torch.Tensor) -> torch.Tensor:
        """Return the images `[N, 1, H, W]` in `[0, 1]` of features `[N, 96, H, W]`."""
        with torch.autocast(features.device.type, enabled=False):
            return self.head(features).tanh() / 2 + 0.5  # type: ignore[no-any-return]


def _stage(index: int, depth: int) -> nn.Sequential:
    rates = torch.linspace(0, DROP, len(HEADS) * DEPTH).tolist()[index * DEPTH :]
    return nn.Sequential(
        *(SwinBlock(DIM, HEADS[index], shifted=place % 2 == 1, drop=rates[place]) for place in range(depth))
    )
