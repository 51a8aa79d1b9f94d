"""Targets in words: what the explained number is, from its name on the command line alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fuselens.core.errors import InputError
from fuselens.core.locality import Box

_NAME = re.compile(r"(pixel|region|mean|edges|same|image|closeness|towards)(?::([ab]))?(?::([\d,]+))?(.*)", re.DOTALL)
_MEASURES = {
    "": "similarity (SSIM)",
    "gradient_ssim": "similarity of edges (gradient SSIM)",
    "mae": "1 minus the mean absolute error",
    "mse": "1 minus the mean squared error",
}

_SUBJECTS = {
    "pixel": "brightness of the fused pixel",
    "region": "brightness of the fused image",
    "mean": "brightness of the fused image",
    "edges": "strength of edges in the fused image",
    "closeness": "likeness of the fused image to {source}",
    "same": "fused image",
    "image": "fused image",
    "towards": "fused image",
}
_LIKENESS = "how like the original a fused image is {there}: {measure}, 1 for the original itself"
_BRIGHTNESS = "the mean brightness {there}, 0 black to 1 white"
_SCORES = {
    "pixel": "the pixel's brightness, 0 black to 1 white",
    "region": _BRIGHTNESS,
    "mean": _BRIGHTNESS,
    "edges": "the mean strength of edges {there}, in brightness per pixel",
    "closeness": "how like {source} the fused image is {there}: {measure}, 1 if identical",
    "same": _LIKENESS,
    "image": _LIKENESS,
    "towards": "where a fused image lies {there} between the original, 1, and the one that {source} alone gives, 0",
}


@dataclass(frozen=True)
class ReadTarget:
    """A target's name, taken apart.

    Attributes:
        name: all of it.
        kind: its first word; empty for names that the command line does not know.
        source: `"a"`, `"b"`, or empty.
        box: its pixels; of a mask, the bounding box; None for the whole image.
        is_mask: whether it is a mask.
        measure: the measure of a similarity, empty for SSIM.
    """

    name: str
    kind: str = ""
    source: str = ""
    box: Box | None = None
    is_mask: bool = False
    measure: str = ""

    @classmethod
    def of(cls, name: str, size: tuple[int, int]) -> ReadTarget:
        """Read a name for images of `size`.

        Example:
            >>> read = ReadTarget.of("closeness:b:1,2,5,6 (mask) (mae)", (8, 8))
            >>> read.kind, read.source, read.box, read.is_mask, read.measure
            ('closeness', 'b', Box(top=1, left=2, bottom=5, right=6), True, 'mae')
        """
        found = _NAME.fullmatch(name)
        if found is None:
            return cls(name)
        kind, source, edges, rest = found.groups(default="")
        extras = re.findall(r" \((\w+)\)", rest)
        measure = next((extra for extra in extras if extra != "mask"), "")
        if "".join(f" ({extra})" for extra in extras) != rest or measure not in _MEASURES:
            return cls(name)
        try:
            box = _box(kind, edges, size)
        except (InputError, ValueError):
            return cls(name)
        return cls(name, kind, source, box, "mask" in extras, measure)

    def place(self) -> str:
        """Return ` in rows 1 to 4, columns 2 to 5` with a space before it; nothing for the whole image.

        Example:
            >>> ReadTarget.of("edges:1,2,5,6", (8, 8)).place()
            ' in rows 1 to 4, columns 2 to 5'
        """
        if self.box is None:
            return ""
        if self.kind == "pixel":
            return f" in row {self.box.top}, column {self.box.left}"
        within = " in the marked region within" if self.is_mask else " in"
        return (
            f"{within} {_span('row', self.box.top, self.box.bottom)}, {_span('column', self.box.left, self.box.right)}"
        )

    def subject(self, names: tuple[str, str]) -> str:
        """Return what is explained, to go on with: "the brightness of the fused image in rows 1 to 4 ...".

        Args:
            names: of the sources, as people write them.
        """
        place = self.place()
        if self.kind not in _SUBJECTS:
            return f"the number '{self.name.removeprefix('downstream:')}'"
        return f"the {_SUBJECTS[self.kind]}{place}".replace("{source}", self._source(names))

    def score(self, names: tuple[str, str]) -> str:
        """Say what the score is, without a full stop.

        Args:
            names: of the sources, as people write them.
        """
        there = "over the whole image" if self.box is None else "there"
        words = _SCORES.get(self.kind, "what the function returns for a fused image")
        filled = words.replace("{there}", there).replace("{measure}", _MEASURES[self.measure])
        return f"The score is {filled}".replace("{source}", self._source(names))

    def _source(self, names: tuple[str, str]) -> str:
        return names["ab".index(self.source)] if self.source else "the source"


def _box(kind: str, edges: str, size: tuple[int, int]) -> Box | None:
    numbers = [int(edge) for edge in edges.split(",")] if edges else []
    if kind == "pixel":
        y, x = numbers
        return Box(y, x, y + 1, x + 1).checked(size)
    if not numbers and kind not in ("region", "same"):
        return None
    top, left, bottom, right = numbers
    return Box(top, left, bottom, right).checked(size)


def _span(word: str, start: int, stop: int) -> str:
    return f"{word} {start}" if stop - start == 1 else f"{word}s {start} to {stop - 1}"
