"""What a model that is interpretable by design says about itself: the numbers and images it decided with.

`FusionModel.explain_state(pair)` returns a `ModelState`; the explainer `intrinsic` shows it for any such model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch


@dataclass(frozen=True, eq=False)
class StateMaps:
    """Images that the model made on the way, side by side on one scale.

    Attributes:
        title: a few words, such as `"Class activation maps"`.
        words: one or two sentences that say how to read them.
        maps: `[H, W]` by caption; sizes may differ from the pair's, but not between the maps of one part.
        display: `"grey"` for images in `[0, 1]`, `"unsigned"` for 0 and up, `"signed"` for a scale symmetric round 0.
    """

    title: str
    words: str
    maps: Mapping[str, torch.Tensor]
    display: Literal["grey", "unsigned", "signed"] = "unsigned"


@dataclass(frozen=True, eq=False)
class StateBars:
    """Numbers that the model decided with, one a channel, scene, stage or class, for one or more series.

    Attributes:
        title: a few words, such as `"Channel weights"`.
        words: one or two sentences that say how to read them.
        labels: what each bar stands for, in the order in which they are drawn.
        series: the bars `[len(labels)]` by name, such as one series a modality.
        pictures: a small image `[h, w]` or `[h, w, 3]` in `[0, 1]` for each label; empty where there is nothing to show.
    """

    title: str
    words: str
    labels: Sequence[str]
    series: Mapping[str, torch.Tensor]
    pictures: Sequence[torch.Tensor] = ()


@dataclass(frozen=True, eq=False)
class ModelState:
    """A model's own account of how it fused one pair.

    Attributes:
        names: modality names of the sources.
        summary: the account in words, one sentence each.
        parts: maps and bars, in the order in which they are read.
        facts: single numbers by name, such as a classifier's accuracy.
        settings: what the account depends on, for the record.
    """

    names: tuple[str, str]
    summary: Sequence[str]
    parts: Sequence[StateMaps | StateBars]
    facts: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
