"""A recording of a street: a camera that pans over a scene drawn once, with fresh noise in every frame.

One of its two sensors may fail on the way, at a known frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.modalities import canonical_modality
from fuselens.core.pair import ImagePair, Source
from fuselens.data.colour import join_colour
from fuselens.data.scenes import sensor
from fuselens.data.scenes.street import street_scene

Failure = Literal["black", "frozen"]
NOISE = 0.01
PAN = 0.25
"""How far the camera pans, in widths of a frame."""
PERIOD = 48
"""Frames in which it pans to the right and back."""
_GAMMA = np.float32(2.2)


def street_sequence(
    frames: int, size: tuple[int, int], seed: int, fails: str | None, at: int | None, how: Failure
) -> Iterator[ImagePair]:
    """Draw the frames of a street one after another; arguments and errors are those of `example_sequence`."""
    if frames < 1:
        raise InputError(f"Expected at least 1 frame but got {frames}.")
    sensor.check_settings(seed, size, NOISE, 0.0)
    height, width = size
    canvas = _Canvas.of(street_scene(seed, (height, width + round(PAN * width)), noise=0.0), size, seed)
    fails = _checked_failure(canvas.names, frames, fails, at, how)
    return _with_failure((canvas.frame(number) for number in range(frames)), fails, at, how)


@dataclass(frozen=True)
class _Canvas:
    """The whole scene without noise, and the frame that is cut out of it.

    Attributes:
        grey: display levels `[H, W]` of the first sensor.
        light: linear light `[3, H, W]` of the second.
        scene: the pair they came from, for names and truth.
        size: height and width of a frame.
        seed: of the noise.
    """

    grey: NDArray[np.float32]
    light: NDArray[np.float32]
    scene: ImagePair
    size: tuple[int, int]
    seed: int

    @classmethod
    def of(cls, scene: ImagePair, size: tuple[int, int], seed: int) -> _Canvas:
        grey, coloured = scene
        assert coloured.chroma is not None
        light = join_colour(coloured.y, coloured.chroma).numpy() ** _GAMMA
        return cls(grey.y.numpy(), light.astype(np.float32), scene, size, seed)

    @property
    def names(self) -> tuple[str, str]:
        return self.scene.names

    def frame(self, number: int) -> ImagePair:
        height, width = self.size
        room = self.grey.shape[1] - width
        left = round(room * (1 - np.cos(2 * np.pi * number / PERIOD)) / 2)
        view = np.s_[..., left : left + width]
        shot = np.random.default_rng([self.seed, 3, number])
        # The bolometer's noise is added to what it sees: taken of an empty view, the scene is not softened again.
        noise = sensor.microbolometer(np.zeros((height, width), np.float32), NOISE, 0.0, shot)
        photons = sensor.display(sensor.count_photons(self.light[view], NOISE, shot))
        truth = self.scene.truth
        origin = f"example_sequence(seed={self.seed}), frame {number}"
        return ImagePair(
            sensor.grey_source(self.grey[view] + noise, self.names[0], origin),
            sensor.coloured_source(photons, self.names[1], origin),
            truth=sensor.truth_of(truth["labels"][view], truth["classes"], truth["carried_by"]),
        )


def _checked_failure(
    names: tuple[str, str], frames: int, fails: str | None, at: int | None, how: Failure
) -> str | None:
    """Return the name of the source that fails, as the pair has it."""
    if (fails is None) != (at is None):
        raise InputError(
            "A failure needs both the source that fails and the frame at which it does; give both or none."
        )
    if fails is None or at is None:
        return None
    if how not in ("black", "frozen"):
        raise UnknownNameError("failure", how, ("black", "frozen"))
    if canonical_modality(fails) not in names:
        raise UnknownNameError("source", fails, names)
    first = 1 if how == "frozen" else 0
    if not first <= at < frames:
        raise InputError(f"Expected at to be {first} to {frames - 1}, a frame of the sequence, but got {at}.")
    return canonical_modality(fails)


def _with_failure(pairs: Iterator[ImagePair], fails: str | None, at: int | None, how: Failure) -> Iterator[ImagePair]:
    last: Source | None = None
    for number, pair in enumerate(pairs):
        if fails is None or at is None or number < at:
            last = next((source for source in pair if source.name == fails), None)
            yield pair
            continue
        a, b = (_failed(source, last, how) if source.name == fails else source for source in pair)
        yield replace(pair, a=a, b=b)


def _failed(source: Source, last: Source | None, how: Failure) -> Source:
    """Return black, or the last picture before the failure, under the frame's own origin."""
    if how == "frozen" and last is not None:
        return replace(last, origin=source.origin)
    chroma = None if source.chroma is None else torch.zeros_like(source.chroma)
    return replace(source, y=torch.zeros_like(source.y), chroma=chroma)
