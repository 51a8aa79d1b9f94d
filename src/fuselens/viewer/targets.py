"""What a page wants explained, of a region or of the whole image, as a target."""

from __future__ import annotations

from fuselens.core.locality import Box
from fuselens.core.targets import Target, parse_target

_OF_IMAGE = {"same": "image", "mean": "mean", "edges": "edges"}
_OF_REGION = {"mean": "region"}


def target_of(kind: str, box: Box | None) -> Target:
    """Return the target of a kind that a page was offered.

    Example:
        >>> str(target_of("mean", Box(1, 2, 5, 6))), str(target_of("closeness:b", None))
        ('region:1,2,5,6', 'closeness:b')
    """
    if box is None:
        return parse_target(_OF_IMAGE.get(kind, kind))
    return parse_target(f"{_OF_REGION.get(kind, kind)}:{box.top},{box.left},{box.bottom},{box.right}")
