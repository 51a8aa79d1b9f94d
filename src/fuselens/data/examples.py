"""Built-in example pairs: generated scenes, so there is nothing to download and the truth is known."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from fuselens.core.errors import UnknownNameError
from fuselens.core.pair import ImagePair

EXAMPLES = {
    "street": "fuselens.data.scenes.street:street_scene",
    "nature": "fuselens.data.scenes.nature:nature_scene",
    "brain": "fuselens.data.scenes.brain:brain_scene",
}
"""Name of an example and the function that draws it, as `module:function`; loaded when asked for."""


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
