"""CMCFFuse: cross-modal fusion of shallow and deep features (paper 000, section "proposed network").

554,849 parameters at width 64, 141,237 at width 32. Global: attention between channels and squeeze-excitation mix
statistics of the whole image. The paper leaves widths, heads and output open; they are CDDFuse's, its closest kin.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn

from fuselens.core.errors import InputError
from fuselens.core.model import FusionModel
from fuselens.models.layers.base_features import BaseFeatures
from fuselens.models.layers.invertible import InvertibleBlock
from fuselens.models.layers.squeeze_excitation import SqueezeExcitation
from fuselens.models.layers.transposed_attention import ChannelNorm, TransposedAttention


class CMCFFuse(FusionModel):
    """One encoder for both sources; shallow features meet in a transformer block, deep ones in an invertible block.

    Args:
        width: channels, a multiple of 16: 64 (8 heads) as its kin, 32 (4 heads) for CPUs.
        wiring: `"eq7"` fuses shallow with shallow and deep with deep features, as the paper's equation 7;
            `"cross"` the shallow of one source with the deep of the other, as the paper's text.
        vi_skip: adds source b before the output, as CDDFuse does. Off by default: it is a path by which every
            explanation finds b important.
        lt_depthwise: the transformer block's attention with depthwise convolutions: 60 % fewer parameters.
    """

    name = "cmcffuse"
    reach = None

    def __init__(
        self,
        width: int = 64,
        wiring: Literal["eq7", "cross"] = "eq7",
        vi_skip: bool = False,
        lt_depthwise: bool = False,
    ) -> None:
        """Build the layers with PyTorch's default initialisation.

        Raises:
            InputError: a width or wiring that cannot be.
        """
        super().__init__()
        if width < 16 or width % 16:
            raise InputError(f"Expected cmcffuse's width to be a multiple of 16 but got {width}; take 64 or 32.")
        if wiring not in ("eq7", "cross"):
            raise InputError(f"Expected cmcffuse's wiring to be 'eq7' or 'cross' but got '{wiring}'.")
        heads = width // 8
        self.wiring, self.vi_skip = wiring, vi_skip
        self.shallow = nn.Sequential(_conv(1, width // 2), nn.LeakyReLU(), _conv(width // 2, width), nn.LeakyReLU())
        self.deep = _DeepFeatures(width, heads)
        self.reduce_first, self.reduce_second, self.reduce_both = (
            nn.Conv2d(2 * width, width, 1, bias=False) for _ in range(3)
        )
        self.base = BaseFeatures(width, heads, depthwise=lt_depthwise)
        self.detail = InvertibleBlock(width)
        self.decode = nn.Sequential(
            _conv(width, width), nn.LeakyReLU(), _conv(width, width), nn.LeakyReLU(), _DeepFeatures(width, heads),
            _conv(width, width // 2), nn.LeakyReLU(), _conv(width // 2, 1),
        )  # fmt: skip

    def shallow_and_deep(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the shallow and deep features `[N, width, H, W]` of images `[N, 1, H, W]` (H1 and H2 of the paper)."""
        shallow = self.shallow(image)
        return shallow, self.deep(shallow)

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Fuse two batches `[N, 1, H, W]` in `[0, 1]`; the sigmoid keeps the result in (0, 1)."""
        (shallow_a, deep_a), (shallow_b, deep_b) = self.shallow_and_deep(a), self.shallow_and_deep(b)
        first, second = ((shallow_a, shallow_b), (deep_a, deep_b))
        if self.wiring == "cross":
            first, second = ((shallow_a, deep_b), (shallow_b, deep_a))
        base = self.base(self.reduce_first(torch.cat(first, dim=1)))
        detail = self.detail(self.reduce_second(torch.cat(second, dim=1)))
        raw = self.decode(self.reduce_both(torch.cat((base, detail), dim=1)))
        return torch.sigmoid(raw + b if self.vi_skip else raw)


class _DeepFeatures(nn.Module):
    """Attention between channels with a residual, then squeeze-excitation."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm = ChannelNorm(width)
        self.attention = TransposedAttention(width, heads)
        self.excite = SqueezeExcitation(width)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.excite(features + self.attention(self.norm(features)))  # type: ignore[no-any-return]


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)
