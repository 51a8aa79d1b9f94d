"""The search for a set, replayed as a strip of small pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from fuselens.core.display import Rgb, dimmed
from fuselens.core.explanation import SetExplanation
from fuselens.core.units import as_matrix
from fuselens.report.pictures import CRISP_BELOW, Picture, photograph
from fuselens.report.results_words import segments
from fuselens.report.words import Names

MOST_FRAMES = 12
# What an accepted step kept, by the family of its candidates; `{n}` is its granularity.
_FAMILIES = {
    "part": "one of {n} pieces was enough",
    "complement": "one of {n} pieces was left out",
    "prefix": "{n} at once were left out",
    "removal": "one was left out",
    "expansion": "one was added",
}


@dataclass(frozen=True)
class Frame:
    """The set after one accepted step."""

    pictures: Sequence[Picture]
    size: str
    step: str
    words: str


@dataclass(frozen=True)
class Replay:
    """The strip.

    Attributes:
        frames: the first and last accepted step, and some between, evenly chosen.
        accepted: how many steps were accepted.
        tested: how many rounds the search took, those in vain included.
        start: how many units it began with.
        is_wide: whether each step shows both sources, side by side.
    """

    frames: Sequence[Frame]
    accepted: int
    tested: int
    start: int
    is_wide: bool

    @property
    def words(self) -> str:
        """Say how the search went, and what part of it is shown."""
        tried = "" if self.tested == self.accepted else f" and {self.tested - self.accepted} more in vain"
        shown = "all of them" if len(self.frames) == self.accepted else f"{len(self.frames)} of them"
        steps = f"{self.accepted} step{'s' * (self.accepted != 1)}"
        return f"From {segments(self.start)} to {self.frames[-1].size} in {steps}{tried}; {shown} shown."

    @classmethod
    def of(cls, found: SetExplanation, names: Names) -> Replay | None:
        """Draw the steps of a trace; None where there are none, or they are not those of a search."""
        steps = [step for step in found.trace if isinstance(step, tuple | list) and len(step) == 5]
        accepted = [step for step in steps if step[3] >= 0]
        if not accepted:
            return None
        chosen = sorted({round(i) for i in np.linspace(0, len(accepted) - 1, min(MOST_FRAMES, len(accepted)))})
        which = [i for i in (0, 1) if bool((found.units.source_of() == i).any())]
        frames = [_frame(found, accepted[i], i + 1, which, names) for i in chosen]
        return cls(frames, len(accepted), len(steps), found.units.count, len(which) == 2)


def _frame(found: SetExplanation, step: Sequence[Any], number: int, which: Sequence[int], names: Names) -> Frame:
    granularity, _, family, _, kept = step
    mask = int(str(kept), 16)
    keep = found.units.keep_maps(as_matrix([mask], found.units.count))
    sizes = found.units.source_of()[[unit for unit in range(found.units.count) if mask >> unit & 1]]
    made = []
    for i in which:
        alt = f"{names[i]} after step {number}: {int((sizes == i).sum())} segments shown."
        made.append(photograph(_thumbnail(list(found.pair)[i].y, keep[i][0]), alt))
    words = _FAMILIES.get(str(family), str(family)).format(n=granularity)
    return Frame(made, segments(mask.bit_count()), f"Step {number}", words)


def _thumbnail(image: torch.Tensor, keep: torch.Tensor) -> Rgb:
    """Dim a reduced image, so that the line round what is kept stays one pixel wide."""
    scale = min(1.0, CRISP_BELOW / image.shape[1])
    size = [max(1, round(side * scale)) for side in image.shape]
    small = torch.nn.functional.interpolate(image[None, None].float().cpu(), size=size, mode="area")[0, 0]
    shown = torch.nn.functional.interpolate(keep[None, None].float().cpu(), size=size, mode="nearest")[0, 0]
    return dimmed(small, shown > 0)
