"""Telling pixels: where a reader should look first when no pixel was asked for."""

from __future__ import annotations

import torch
from torch.nn.functional import avg_pool2d

from fuselens.explainers.guidance import Guidance


def telling_pixels(guide: Guidance) -> list[tuple[int, int]]:
    """Return three pixels `(y, x)`: where source a leads most, where b does, and where both pull hardest together.

    Influence is averaged over a neighbourhood (about 3 % of the shorter side), so that no lone noisy pixel is chosen.
    """
    side = max(3, min(guide.a.shape) // 32 | 1)
    first, second = (
        avg_pool2d(m.abs()[None, None], side, 1, side // 2, count_include_pad=False)[0, 0] for m in (guide.a, guide.b)
    )
    chosen: list[tuple[int, int]] = []
    for score in (first - second, second - first, torch.minimum(first, second)):
        y, x = divmod(int(score.argmax()), score.shape[1])
        if (y, x) not in chosen:
            chosen.append((y, x))
    return chosen
