"""Back-door adjustment: what a network would see of a source if every known scene were as likely (paper 003).

Reference: paper 003, do(X) = W_h X + W_g E_z[g(z)], after CCIM (Yang et al., CVPR 2023).
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import nn
from torch.nn.functional import conv2d

from fuselens.models.confounder_dictionary import PICTURE_SIDE, Scenes

Attention = Literal["pixel", "pooled"]
Prior = Literal["uniform", "frequency"]
QUERY = 64


class BackdoorAdjustment(nn.Module):
    """The term `W_g sum_i lambda_i z_i P(z_i)` of one modality: codes `[N, C, H, W]` to `[N, outputs, H, W]`.

    lambda is the attention of the codes to the scenes, `softmax_i((W_q x) . (W_k z_i) / sqrt(64))`.

    Args:
        channels: of the codes, C.
        outputs: channels of the term.
        scenes: entries of the dictionary, N.
        dim: length of an entry.
        attention: `"pixel"` gives every pixel its own lambda, `"pooled"` one to the whole image.
        prior: P(z_i): `"uniform"`, or the `"frequency"` of the scene among the images of the dictionary.

    Attributes:
        centres: `[N, dim]`, the entries; a fixed draw of normal numbers until a dictionary is set.
        frequencies: `[N]`, shares of the scenes.
        pictures: `[N, 64, 64]` uint8, an example of each scene, for display; black where there is none.
    """

    centres: torch.Tensor
    frequencies: torch.Tensor
    pictures: torch.Tensor

    def __init__(
        self, channels: int, outputs: int, *, scenes: int, dim: int, attention: Attention, prior: Prior
    ) -> None:
        """Draw the projections by Xavier's normal rule, as CCIM does."""
        super().__init__()
        self.attention = attention
        self.prior = prior
        self.query, self.key, self.bring = (
            nn.Parameter(nn.init.xavier_normal_(torch.empty(rows, columns)))
            for rows, columns in ((QUERY, channels), (QUERY, dim), (outputs, dim))
        )
        self.register_buffer("centres", torch.randn(scenes, dim, generator=torch.Generator().manual_seed(0)))
        self.register_buffer("frequencies", torch.full((scenes,), 1 / scenes))
        self.register_buffer("pictures", torch.zeros(scenes, PICTURE_SIDE, PICTURE_SIDE, dtype=torch.uint8))

    def set_scenes(self, scenes: Scenes) -> None:
        """Take over the scenes of one modality; their centres are scaled to a root mean square of 1.

        The scale is the backbone's unit, which W_k and W_g absorb; without it training would depend on that unit.
        """
        scale = scenes.centres.square().mean().sqrt().clamp(min=1e-12)
        self.centres.copy_(scenes.centres / scale)
        self.frequencies.copy_(scenes.frequencies)
        pictures = torch.zeros(1) if scenes.pictures is None else scenes.pictures.float()
        self.pictures.copy_(pictures.mean(-1).round() if pictures.ndim == 4 else pictures)

    def forward(
        self,
        codes: torch.Tensor,
        *,
        scenes_of: BackdoorAdjustment | None = None,
        uniform: bool = False,
        without: int | None = None,
    ) -> torch.Tensor:
        """Return the term; the arguments after the codes are those of `weights`."""
        known = scenes_of or self
        weights = self.weights(codes, scenes_of=scenes_of, uniform=uniform, without=without)
        prior = known.frequencies if self.prior == "frequency" else 1 / len(known.centres)
        rows = self.bring @ (known.centres.T * prior)  # [outputs, N]: W_g z_i P(z_i)
        term: torch.Tensor = conv2d(weights, rows[..., None, None])
        return term.expand(-1, -1, *codes.shape[-2:])

    def weights(
        self,
        codes: torch.Tensor,
        *,
        scenes_of: BackdoorAdjustment | None = None,
        uniform: bool = False,
        without: int | None = None,
    ) -> torch.Tensor:
        """Return lambda `[N, scenes, H, W]`, or `[N, scenes, 1, 1]` where pooled; it sums to 1 over the scenes.

        Args:
            codes: `[N, C, H, W]`.
            scenes_of: take the scenes of this module instead of one's own.
            uniform: pay the same attention to every scene.
            without: number of a scene that gets no attention.
        """
        centres = (scenes_of or self).centres
        rows = (centres @ self.key.T) @ self.query / math.sqrt(QUERY)  # [N, C]: (W_k z_i)^T W_q
        # The query is linear, so attention of the mean code is the mean of the scores.
        scores = conv2d(codes, rows[..., None, None])
        if self.attention == "pooled":
            scores = scores.mean((-2, -1), keepdim=True)
        if uniform:
            scores = torch.zeros_like(scores)
        if without is not None:
            scores = scores.index_fill(1, torch.tensor(without, device=scores.device), -math.inf)
        return scores.softmax(1)
