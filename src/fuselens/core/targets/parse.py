"""Targets as the command line writes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fuselens.core.errors import InputError
from fuselens.core.targets.closeness import Closeness
from fuselens.core.targets.gradient_energy import GradientEnergy
from fuselens.core.targets.pixel import Pixel
from fuselens.core.targets.region import RegionLike, RegionMean
from fuselens.core.targets.similarity import Similarity
from fuselens.core.targets.target import Target

TARGET_FORMS = (
    "pixel:y,x, region:y0,x0,y1,x1, edges[:y0,x0,y1,x1], same:y0,x0,y1,x1, image, mean or closeness:a[:y0,x0,y1,x1]"
)


def parse_target(text: str) -> Target:
    """Read a target: one of the forms in `TARGET_FORMS`; rows y0 to y1 - 1, columns x0 to x1 - 1.

    Raises:
        InputError: anything else.

    Example:
        >>> str(parse_target("pixel:3,4")), str(parse_target("closeness:b:0,0,8,8"))
        ('pixel:3,4', 'closeness:b:0,0,8,8')
    """
    kind, _, rest = text.partition(":")
    source = None
    if kind == "closeness":
        source, _, rest = rest.partition(":")
    numbers = _integers(rest)
    if kind == "pixel" and numbers is not None and len(numbers) == 2:
        return Pixel(*numbers)
    if numbers is not None and len(numbers) == 4:
        box: RegionLike = (numbers[0], numbers[1], numbers[2], numbers[3])
        if kind in _OF_REGION:
            return _OF_REGION[kind](box)
        if source in ("a", "b"):
            return Closeness(source, box)  # type: ignore[arg-type]
    if not rest:
        if text in _OF_IMAGE:
            return _OF_IMAGE[text]()
        if source in ("a", "b"):
            return Closeness(source)  # type: ignore[arg-type]
    raise InputError(f"Expected a target like {TARGET_FORMS} but got '{text}'.")


_OF_REGION: dict[str, Callable[[RegionLike], Target]] = {
    "region": RegionMean,
    "edges": GradientEnergy,
    "same": Similarity,
}
_OF_IMAGE: dict[str, Callable[[], Target]] = {"mean": RegionMean, "edges": GradientEnergy, "image": Similarity}


def _integers(text: str) -> Sequence[int] | None:
    try:
        return [int(number) for number in text.split(",")]
    except ValueError:
        return None
