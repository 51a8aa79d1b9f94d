"""Back-door adjustment: what a network would see of a source if every known scene were as likely (paper 003).

Reference: paper 003, do(X) = W_h X + W_g E_z[g(z)], after CCIM (Yang et al., CVPR 2023).
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import torch
from torch import nn
from torch.nn.functional import conv2d

from fuselens.core.errors import InputError
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
        """Draw the projections by Xavier's normal rule, as CCIM does.

        Raises:
            InputError: fewer than two scenes, or an unknown attention or prior.
        """
        super().__init__()
        if scenes < 2 or attention not in get_args(Attention) or prior not in get_args(Prior):
            raise InputError(
                "Expected scenes >= 2, attention 'pixel' or 'pooled' and prior 'uniform' or 'frequency' but got "
                f"scenes={scenes}, attention='{attention}', prior='{prior}'."
            )
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
        scenes_of: BackdoorAdjustment | None = None,
        *,
        uniform: bool = False,
        without: int | None = None,
    ) -> torch.Tensor:
        """Return the term; `scenes_of` is a module whose scenes are taken, the rest as for `weights`."""
        weights = self.weights(self.scores(codes, scenes_of), uniform=uniform, without=without)
        return self.term(weights, scenes_of).expand(-1, -1, *codes.shape[-2:])

    def scores(self, codes: torch.Tensor, scenes_of: BackdoorAdjustment | None = None) -> torch.Tensor:
        """Return how alike codes and scenes are, `[N, scenes, H, W]`, or `[N, scenes, 1, 1]` where pooled."""
        keys = (scenes_of or self).centres @ self.key.T
        # The query is linear: projecting it onto the scenes' keys first spares the 64 channels between.
        scores = conv2d(codes, (keys @ self.query / math.sqrt(QUERY))[..., None, None])
        return scores.mean((-2, -1), keepdim=True) if self.attention == "pooled" else scores

    def weights(self, scores: torch.Tensor, *, uniform: bool = False, without: int | None = None) -> torch.Tensor:
        """Return lambda, shaped as the scores; it sums to 1 over the scenes.

        Args:
            scores: what `scores` returned.
            uniform: pay the same attention to every scene.
            without: number of a scene that gets no attention; the others share it in their proportions.

        Raises:
            InputError: no such scene.
        """
        if uniform:
            scores = torch.zeros_like(scores)
        if without is not None:
            if not 0 <= without < len(self.centres):
                raise InputError(
                    f"There is no scene {without}; the dictionary has scenes 0 to {len(self.centres) - 1}."
                )
            scores = scores.index_fill(1, torch.tensor(without, device=scores.device), -math.inf)
        return scores.softmax(1)

    def term(self, weights: torch.Tensor, scenes_of: BackdoorAdjustment | None = None) -> torch.Tensor:
        """Return `W_g sum_i lambda_i z_i P(z_i)` for lambda `[N, scenes, h, w]`."""
        known = scenes_of or self
        prior = known.frequencies if self.prior == "frequency" else 1 / len(known.centres)
        brought = self.bring @ (known.centres.T * prior)  # [outputs, scenes]
        return conv2d(weights, brought[..., None, None])
