"""BAFFM: LRRNet's extractors, adjusted for the scenes of the training images by a back-door sum (paper 003).

144,011 parameters with 25 scenes of dim 128, reach 10 (global with `attention="pooled"`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import torch
from torch import nn

from fuselens.core.errors import InputError
from fuselens.core.model import FusionModel
from fuselens.models.confounder_dictionary import ConfounderDictionary
from fuselens.models.layers.backdoor import Attention, BackdoorAdjustment, Prior
from fuselens.models.layers.llrr import FILTERS, LowRankExtractor
from fuselens.models.layers.reflect_conv import ReflectConv

if TYPE_CHECKING:
    from fuselens.core.intrinsic import ModelState
    from fuselens.core.pair import ImagePair

Side = Literal["a", "b"]
FEATURES = 64  # of each source, after the adjustment


class BAFFM(FusionModel):
    """Codes of both sources, weighed against a dictionary of scenes so that frequent scenes do not decide; decoded.

    Of every source: `W_h x + W_g sum_i lambda_i z_i P(z_i)`, with the scenes z_i of its confounder dictionary.
    The tanh keeps the result in (-1, 1); the sizes, which the paper leaves open, are those of its closest kin (CCIM).

    Args:
        scenes: entries of the dictionary of each modality.
        dim: length of an entry.
        attention: `"pixel"` gives every pixel its own lambda, `"pooled"` one to the whole image, which makes the
            network global. The paper does not say.
        prior: P(z): `"uniform"` as in the paper, or the `"frequency"` of each scene as in CCIM.
        adjust: False leaves the sum out: the ablation "w/o BAFFM".
    """

    name = "baffm"
    reach: int | None = 10

    def __init__(
        self,
        scenes: int = 25,
        dim: int = 128,
        attention: Attention = "pixel",
        prior: Prior = "uniform",
        adjust: bool = True,
    ) -> None:
        """Build the layers; until `set_dictionary` the scenes are a fixed draw of random numbers."""
        super().__init__()
        if adjust and attention == "pooled":
            self.reach = None
        codes = 2 * FILTERS
        self.extract_a, self.extract_b = (LowRankExtractor() for _ in range(2))
        self.keep_a, self.keep_b = (nn.Conv2d(codes, FEATURES, 1, bias=False) for _ in range(2))
        self.adjust = adjust
        # Drawn in any case, so that one seed gives the ablation the same weights everywhere else.
        adjustments = [
            BackdoorAdjustment(codes, FEATURES, scenes=scenes, dim=dim, attention=attention, prior=prior)
            for _ in range(2)
        ]
        if adjust:
            self.backdoor_a, self.backdoor_b = adjustments
        self.reconstruct = nn.Sequential(ReflectConv(2 * FEATURES, 1), nn.Tanh())

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Fuse two batches `[N, 1, H, W]` in `[0, 1]`."""
        return self.fuse_with(a, b)

    def fuse_with(
        self,
        a: torch.Tensor,
        b: torch.Tensor,
        *,
        without: Mapping[Side, int] | None = None,
        uniform: bool = False,
        swap: bool = False,
    ) -> torch.Tensor:
        """Fuse with the scenes tampered with: what would have come out if ...

        Args:
            a, b: sources `[N, 1, H, W]` in `[0, 1]`.
            without: number of a scene that gets no attention, by modality: `{"a": 3}`.
            uniform: every scene gets the same attention.
            swap: each modality is compared with the scenes of the other one.

        Raises:
            InputError: the network was built without the adjustment, or has no such scene.
        """
        return self.decode(self.extract_a(a), self.extract_b(b), without=without, uniform=uniform, swap=swap)

    def decode(
        self,
        codes_a: torch.Tensor,
        codes_b: torch.Tensor,
        *,
        without: Mapping[Side, int] | None = None,
        uniform: bool = False,
        swap: bool = False,
    ) -> torch.Tensor:
        """Return what `fuse_with` makes of the extractors' codes `[N, 256, H, W]` of both sources.

        Raises:
            InputError: as `fuse_with`.
        """
        features = [self.keep_a(codes_a), self.keep_b(codes_b)]
        without = without or {}
        if self.adjust:
            a, b = self.backdoor_a, self.backdoor_b
            features[0] = features[0] + a(
                codes_a, scenes_of=b if swap else a, uniform=uniform, without=without.get("a")
            )
            features[1] = features[1] + b(
                codes_b, scenes_of=a if swap else b, uniform=uniform, without=without.get("b")
            )
        elif without or uniform or swap:
            raise InputError("This network was built without the adjustment, so it has no scenes to tamper with.")
        fused: torch.Tensor = self.reconstruct(torch.cat(features, dim=1))
        return fused

    def set_dictionary(self, dictionary: ConfounderDictionary) -> None:
        """Take over the scenes of both modalities; they become part of the weights.

        Raises:
            InputError: another number of scenes or another dim, or a network without the adjustment.
        """
        if not self.adjust:
            raise InputError("This network was built without the adjustment, so it takes no confounder dictionary.")
        sizes = tuple(self.backdoor_a.centres.shape)
        if (dictionary.scenes, dictionary.dim) != sizes:
            raise InputError(
                f"The confounder dictionary has {dictionary.scenes} scenes of dim {dictionary.dim}, but the network "
                f"takes {sizes[0]} of dim {sizes[1]}; build it with scenes={dictionary.scenes}, dim={dictionary.dim}."
            )
        self.backdoor_a.set_scenes(dictionary.a)
        self.backdoor_b.set_scenes(dictionary.b)

    def start_from_lrrnet(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Take over both extractors of an LRRNet, given its `state_dict()`.

        Raises:
            InputError: tensors of the extractors are missing or of another shape.
        """
        for name, extractor in (("extract_a.", self.extract_a), ("extract_b.", self.extract_b)):
            own = {key.removeprefix(name): value for key, value in tensors.items() if key.startswith(name)}
            try:
                extractor.load_state_dict(own)
            except RuntimeError as error:
                raise InputError("These are not the weights of an LRRNet: its extractors do not fit.") from error

    def explain_state(self, pair: ImagePair) -> ModelState:
        """Return the attention to each scene, and what each scene does to the fused image."""
        from fuselens.models.baffm_state import account

        return account(self, pair)
