"""Attribution attention: which pixels of the picture raised a segmenter's score so far (paper 001, Eq. 9-12)."""

from __future__ import annotations

from typing import Literal

import torch

from fuselens.segmentation.path_attribution import Score, score_gradient, step_attribution
from fuselens.segmentation.protocol import Segmenter
from fuselens.segmentation.stations import Rule

Attention = Literal["path", "gradient", "none"]
Scale = Literal["std", "n", "none"]


class PathAttention:
    """The attention of one batch, stage by stage.

    Args:
        segmenter: whose score it is.
        score: of its logits, one number a picture.
        kind: `"path"` adds up gradient times change along the pictures so far; `"gradient"` takes the gradient at the
            last one.
        samples: gradients between two pictures of the path.
        rule: where they are taken, as for `stations`.
        mean: divide the sum by the number of changes, as the published code does.
        through: keep the graph.
    """

    def __init__(
        self,
        segmenter: Segmenter,
        score: Score,
        *,
        kind: Literal["path", "gradient"] = "path",
        samples: int = 1,
        rule: Rule = "gauss",
        mean: bool = False,
        through: bool = False,
    ) -> None:
        """Start with an empty path."""
        self.segmenter, self.score = segmenter, score
        self.kind, self.samples, self.rule, self.mean, self.through = kind, samples, rule, mean, through
        self.steps: list[torch.Tensor] = []
        self._last: torch.Tensor | None = None

    def at(self, picture: torch.Tensor) -> torch.Tensor:
        """Append a picture `[N, 1, H, W]` to the path and return the signed attention there; 0 at its beginning."""
        before, self._last = self._last, picture
        if self.kind == "gradient":
            return score_gradient(self.segmenter, picture, self.score, through=self.through)
        if before is None:
            return torch.zeros_like(picture)
        step = step_attribution(
            self.segmenter, before, picture, self.score, samples=self.samples, rule=self.rule, through=self.through
        )
        self.steps.append(step)
        total = torch.stack(self.steps).sum(dim=0)
        return total / len(self.steps) if self.mean else total


def scaled(attention: torch.Tensor, scale: Scale) -> torch.Tensor:
    """Return attention `[N, 1, H, W]` in a unit in which a sigmoid feels it.

    As the paper defines it, its pixels add up to the change of a mean of logits, so a single one is of the order of
    1 / (H W), and its sigmoid is 0.5 to five digits.

    Args:
        attention: signed.
        scale: `"std"` divides each picture's by its standard deviation, `"n"` multiplies by the number of pixels,
            `"none"` leaves it as the paper has it.
    """
    if scale == "none":
        return attention
    if scale == "n":
        return attention * attention[0].numel()
    spread = attention.std(dim=(-2, -1), keepdim=True, correction=0)
    return attention / torch.where(spread > 0, spread, 1.0)
