"""A pair as one page has it open: the sources, what was computed of them so far, and what the page is told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

import torch

from fuselens.core.explanation import SetExplanation
from fuselens.core.model import FusionModel, device_and_dtype
from fuselens.core.pair import ImagePair, Source
from fuselens.core.results import Attribution
from fuselens.data.fused import FusedImage
from fuselens.data.fused import fuse as fuse_pair
from fuselens.explainers.guidance import Guidance
from fuselens.report.pictures import source_rgb
from fuselens.viewer.frames import Arrays

Found = SetExplanation | Attribution
MOST_FOUND = 24
DARK = 0.25  # a deep image that uses no more of its range than this looks black


@dataclass(eq=False)
class Opened:
    """A pair and what is known of it, by the models' keys.

    Attributes:
        pair: the sources; their origins are names of files, never paths.
        guides: exact or finished guidance.
        fused: fused images.
        found: the latest explanations, as (model, explanation) by the ids of their requests.
    """

    pair: ImagePair
    guides: dict[str, Guidance] = field(default_factory=dict)
    fused: dict[str, FusedImage] = field(default_factory=dict)
    found: dict[int, tuple[str, Found]] = field(default_factory=dict)
    _near: dict[torch.device, ImagePair] = field(default_factory=dict)

    @classmethod
    def of(cls, pair: ImagePair) -> Opened:
        """Open a pair; of the paths it came from only the names of the files are kept."""
        a, b = (replace(source, origin=file_name(source)) for source in pair)
        return cls(replace(pair, a=a, b=b))

    def near(self, model: FusionModel) -> ImagePair:
        """Return the pair on the model's device, so that a moving mouse does not copy it each time."""
        device, _ = device_and_dtype(model)
        if device.type == "cpu":
            return self.pair
        if device not in self._near:
            a, b = (replace(source, y=source.y.to(device)) for source in self.pair)
            self._near[device] = replace(self.pair, a=a, b=b)
        return self._near[device]

    def fused_by(self, key: str, model: FusionModel) -> FusedImage:
        """Return the fused image, computed once."""
        if key not in self.fused:
            self.fused[key] = fuse_pair(model, self.pair)
        return self.fused[key]

    def keep(self, number: int, key: str, found: Found) -> None:
        """Remember an explanation for a page to keep; the oldest makes room."""
        self.found.pop(number, None)
        self.found[number] = key, found
        for old in list(self.found)[:-MOST_FOUND]:
            self.found.pop(old)

    def answer(self) -> tuple[dict[str, Any], Arrays]:
        """Return the fields and arrays of the `pair` frame."""
        a, b = self.pair
        fields = {
            "names": list(self.pair.names),
            "size": list(self.pair.size),
            "sources": [_about(source) for source in self.pair],
            "note": " ".join(note for note in map(_note, self.pair) if note),
        }
        return fields, {"a": a.y, "b": b.y, "rgb_a": source_rgb(a), "rgb_b": source_rgb(b)}


def file_name(source: Source) -> str:
    """Return the name of the file that a source came from, without its folder; empty where there was none."""
    return PurePath(source.origin).name


def _about(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "file": source.origin,
        "depth": source.depth,
        "low": source.low,
        "high": source.high,
        "coloured": source.is_coloured,
    }


def _note(source: Source) -> str:
    top = float(source.y.max())
    if source.depth == "uint8" or top >= DARK:
        return ""
    return (
        f"The {source.name} image uses only the lowest {top:.0%} of its range and looks black; open it stretched "
        "between its extremes."
    )
