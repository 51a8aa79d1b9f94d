"""Where a layer's positions lie on the image: a model may continue its sources before its first layer sees them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.nn.functional import interpolate

from fuselens.core.locality import EVERY_SIDE
from fuselens.explainers.backward import ScoreOfSources


@dataclass(frozen=True, eq=False)
class LayerGrid:
    """The grid on which layers of a model work while it fuses the window of a score.

    It is taken to cover the window and the model's own frame round it evenly.

    Attributes:
        score: what is computed, and in which window.
    """

    score: ScoreOfSources

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the window with the model's frame round it."""
        return _framed(self._window, self._frame)

    def positions(self, values: torch.Tensor) -> float:
        """Return how many positions a layer that returned `values` `[N, C, h, w]` would have on the whole image."""
        score = self.score
        whole = _framed(score.size, score.model.frame(score.size, EVERY_SIDE))
        return math.prod(values.shape[-2:]) * math.prod(whole) / math.prod(self.size)

    def enlarged(self, values: torch.Tensor) -> torch.Tensor:
        """Return a layer's map `[h, w]` bilinearly enlarged to the window's pixels, without the frame."""
        (height, width), (top, left, _, _) = self._window, self._frame
        if tuple(values.shape) != self.size:
            values = interpolate(values[None, None], self.size, mode="bilinear", align_corners=False)[0, 0]
        return values[top : top + height, left : left + width]

    @property
    def _window(self) -> tuple[int, int]:
        return self.score.window.height, self.score.window.width

    @property
    def _frame(self) -> tuple[int, int, int, int]:
        return self.score.model.frame(self._window, self.score.window.borders(self.score.size))


def _framed(size: tuple[int, int], frame: tuple[int, int, int, int]) -> tuple[int, int]:
    top, left, bottom, right = frame
    return size[0] + top + bottom, size[1] + left + right
