"""Generated scenes with a class for every pixel: truth without annotators, and without their mistakes.

Persons in the dark and in the glare are seen in the infrared only; persons in insulated clothes, road marking and signs
in the visible only (`data/scenes/README.md`). No single image can show all classes, so fusion has something to win.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.pair import ImagePair
from fuselens.data.examples import example_pair
from fuselens.segmentation.classes import ROAD, SCENES
from fuselens.segmentation.labelled import LabelledPairs, Sample


def generated_scenes(
    seeds: Sequence[int],
    size: tuple[int, int] = (192, 256),
    *,
    kinds: Sequence[str] = ("street",),
    settings: Mapping[str, Any] | None = None,
) -> LabelledPairs:
    """Return generated scenes with the classes of `ROAD`, drawn when they are asked for.

    Drawing takes about a second a scene; `held()` draws all of them once.

    Args:
        seeds: one scene each; kinds take turns.
        size: height and width, at least 64 each.
        kinds: of `SCENES`.
        settings: further settings of the scenes, such as `{"noise": 0.02}`.

    Raises:
        UnknownNameError: a kind without classes here.
        InputError: no seed or no kind; on drawing, a setting out of range.
    """
    if not len(seeds) or not kinds:
        raise InputError("Expected at least one seed and one kind of generated scene but got none.")
    for kind in kinds:
        if kind not in SCENES:
            raise UnknownNameError("labelled scene", kind, SCENES)
    chosen = [(kinds[place % len(kinds)], int(seed)) for place, seed in enumerate(seeds)]

    def read(index: int) -> Sample:
        kind, seed = chosen[index]
        pair = example_pair(kind, seed=seed, size=size, **(settings or {}))
        return pair.a.y[None], pair.b.y[None], scene_labels(pair, kind)

    return LabelledPairs([f"{kind}-{seed}" for kind, seed in chosen], read, ROAD)


def scene_labels(pair: ImagePair, kind: str = "street") -> torch.Tensor:
    """Return the label map `[H, W]` of a generated pair in the numbers of `ROAD`."""
    table = torch.zeros(256, dtype=torch.int64)
    for number, name in pair.truth["classes"].items():
        table[number] = ROAD.index(SCENES[kind][name])
    return table[torch.from_numpy(pair.truth["labels"])]
