"""LRRNet: two learned low-rank extractors and a linear decoder (Li et al., TPAMI 2023, as built for paper 003).

49,204 parameters, reach 11 (global with `output="minmax"`).
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import nn

from fuselens.core.errors import InputError
from fuselens.core.model import FusionModel
from fuselens.models.layers.llrr import FILTERS, LowRankExtractor
from fuselens.models.layers.reflect_conv import ReflectConv

Decoder = Literal["concat", "add"]
Output = Literal["raw", "minmax"]
RANGE_FLOOR = 1e-5  # what the published code adds to every range


class LRRNet(FusionModel):
    """Low-rank and sparse codes of both sources, learned by unfolding an optimiser; fused and decoded linearly.

    Args:
        decoder: `"concat"` mixes the decoded parts of the sources by a convolution of both, `"add"` of their sum.
        output: `"raw"` is what the decoder makes: the fused image, for weights that were trained for it.
            `"minmax"` is the published behaviour, which the published weights need: the sources are stretched to
            [0, 1], and so is the result. That makes every fused pixel depend on the whole image.
    """

    name = "lrrnet"
    reach: int | None = 11

    def __init__(self, decoder: Decoder = "concat", output: Output = "raw") -> None:
        """Build the layers with PyTorch's default initialisation.

        Raises:
            InputError: an unknown decoder or output.
        """
        super().__init__()
        if decoder not in get_args(Decoder) or output not in get_args(Output):
            raise InputError(
                f"Expected decoder 'concat' or 'add' and output 'raw' or 'minmax' but got '{decoder}' and '{output}'."
            )
        self.output = output
        if output == "minmax":
            self.reach = None
        self.extract_a = LowRankExtractor()
        self.extract_b = LowRankExtractor()
        self.decode = _Decoder(decoder)

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Fuse two batches `[N, 1, H, W]` in `[0, 1]`."""
        if self.output == "minmax":
            a, b = (stretched(255 * source) for source in (a, b))
            return stretched(self.network(a, b))
        return self.network(a, b)

    def network(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Return what the decoder makes of both codes; no activation bounds it."""
        fused: torch.Tensor = self.decode(self.extract_a(a), self.extract_b(b))
        return fused


class _Decoder(nn.Module):
    """Each part of each source to one channel, the two sources' channels to one, and the sum of both parts."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.add = decoder == "add"
        self.low_a, self.sparse_a, self.low_b, self.sparse_b = (ReflectConv(FILTERS, 1) for _ in range(4))
        self.low, self.sparse = (ReflectConv(1 if self.add else 2, 1) for _ in range(2))

    def forward(self, codes_a: torch.Tensor, codes_b: torch.Tensor) -> torch.Tensor:
        low_a, sparse_a = torch.split(codes_a, FILTERS, dim=1)
        low_b, sparse_b = torch.split(codes_b, FILTERS, dim=1)
        low = self._together(self.low_a(low_a), self.low_b(low_b))
        sparse = self._together(self.sparse_a(sparse_a), self.sparse_b(sparse_b))
        fused: torch.Tensor = self.low(low) + self.sparse(sparse)
        return fused

    def _together(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return a + b if self.add else torch.cat((a, b), dim=1)


def stretched(image: torch.Tensor) -> torch.Tensor:
    """Stretch each image of `[N, 1, H, W]` to `[0, 1]` by its own extremes."""
    low, high = image.amin((-2, -1), keepdim=True), image.amax((-2, -1), keepdim=True)
    return (image - low) / (high - low + RANGE_FLOOR)
