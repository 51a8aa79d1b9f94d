"""Built-in example pairs: generated scenes, so there is nothing to download and the truth is known."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any, Literal

from fuselens.core.errors import UnknownNameError
from fuselens.core.pair import ImagePair

EXAMPLES = {
    "street": "fuselens.data.scenes.street:street_scene",
    "nature": "fuselens.data.scenes.nature:nature_scene",
    "brain": "fuselens.data.scenes.brain:brain_scene",
}
"""Name of an example and the function that draws it, as `module:function`; loaded when asked for."""
SEQUENCES = {"street": "fuselens.data.scenes.sequence:street_sequence"}
"""Name of a recording and the function that draws it, likewise."""


def example_pair(
    name: str = "street", *, seed: int = 0, size: tuple[int, int] | None = None, **settings: Any
) -> ImagePair:
    """Draw a built-in example pair.

    Args:
        name: `"street"` (infrared and visible, at night), `"nature"` (the same sensors, a meadow by day) or `"brain"`
            (MRI and PET, an axial slice).
        seed: other seeds give other scenes with the same kinds of objects.
        size: height and width in pixels, at least 64 each; None for the scene's own size.
        **settings: further settings of the scene, such as `noise` and `blur`.

    Returns:
        The pair; `truth` holds the class map `labels`, the names `classes`, and `carried_by`.

    Raises:
        UnknownNameError: no example has this name.
        InputError: a setting is out of range.

    Example:
        >>> example_pair("brain", size=(64, 64)).names
        ('mri', 'pet')
    """
    if name not in EXAMPLES:
        raise UnknownNameError("example", name, EXAMPLES)
    module, function = EXAMPLES[name].split(":")
    if size is not None:
        settings["size"] = size
    pair: ImagePair = getattr(import_module(module), function)(seed=seed, **settings)
    return pair


def example_sequence(
    name: str = "street",
    *,
    frames: int = 48,
    size: tuple[int, int] = (240, 320),
    seed: int = 0,
    fails: str | None = None,
    at: int | None = None,
    how: Literal["black", "frozen"] = "black",
) -> Iterator[ImagePair]:
    """Draw a built-in recording, frame by frame: a camera pans over a scene and back, and noise is fresh in each frame.

    Args:
        name: `"street"`.
        frames: how many; the camera comes back after 48 and goes again.
        size: height and width in pixels, at least 64 each.
        seed: other seeds give other scenes with the same kinds of objects.
        fails: name of the source that fails, such as `"infrared"`; None for a recording without failure.
        at: the first frame, counted from 0, in which it has failed.
        how: `"black"`, all pixels 0, or `"frozen"`, frame `at - 1` again and again, bit for bit.

    Returns:
        The pairs one after another, each with the `truth` of `example_pair`, which moves along.

    Raises:
        UnknownNameError: no recording or source has this name.
        InputError: a setting is out of range, or only one of `fails` and `at` was given.

    Example:
        >>> pairs = list(example_sequence(frames=3, size=(64, 64), fails="infrared", at=2))
        >>> [bool(pair.a.y.any()) for pair in pairs]
        [True, True, False]
    """
    if name not in SEQUENCES:
        raise UnknownNameError("sequence", name, SEQUENCES)
    module, function = SEQUENCES[name].split(":")
    pairs: Iterator[ImagePair] = getattr(import_module(module), function)(frames, size, seed, fails, at, how)
    return pairs
