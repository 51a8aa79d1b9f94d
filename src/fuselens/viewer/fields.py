"""Read the fields of a message: each reader returns what it promises or says in one sentence what it expected."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fuselens.core.locality import Box

LONGEST_TEXT = 200
LARGEST_NUMBER = 2**31 - 1
MOST_SETTINGS = 40


class Fields:
    """The fields of one JSON object. Every method raises ValueError where a field is not what it should be."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        """Keep the object."""
        self._values = values

    def has(self, name: str) -> bool:
        """Say whether a field is there and is not null or false."""
        return self._values.get(name) not in (None, False)

    def inner(self, name: str) -> Fields:
        """Return an object in the object."""
        value = self._values.get(name)
        if not isinstance(value, dict):
            raise ValueError(f"Expected {name} to be an object.")
        return Fields(value)

    def text(self, name: str, longest: int = LONGEST_TEXT) -> str:
        """Return a short text."""
        return _text(self._values.get(name), name, longest)

    def is_text(self, name: str, text: str) -> bool:
        """Say whether a field is this text."""
        return self._values.get(name) == text

    def texts(self, name: str, fewest: int, most: int) -> tuple[str, ...]:
        """Return a list of short texts."""
        return tuple(_text(value, name, LONGEST_TEXT) for value in self._items(name, fewest, most))

    def integer(self, name: str, largest: int) -> int:
        """Return a whole number that is not negative."""
        return _integer(self._values.get(name), name, largest)

    def interval(self, name: str) -> tuple[float, float]:
        """Return two numbers, the lower first."""
        values = self._values.get(name)
        if not isinstance(values, list) or len(values) != 2 or not all(map(_is_number, values)):
            raise ValueError(f"Expected {name} to be [low, high].")
        if not values[0] < values[1]:
            raise ValueError(f"Expected the first number of {name} to be below the second.")
        return float(values[0]), float(values[1])

    def integers(self, name: str, most: int) -> tuple[int, ...]:
        """Return a list of whole numbers that are not negative."""
        return tuple(_integer(value, name) for value in self._items(name, 0, most))

    def pixel(self, name: str) -> tuple[int, int]:
        """Return a pixel `(y, x)`."""
        return _pixel(self._values.get(name), name)

    def pixels(self, name: str, most: int) -> tuple[tuple[int, int], ...]:
        """Return a list of pixels."""
        return tuple(_pixel(value, name) for value in self._items(name, 0, most))

    def box(self, name: str) -> Box:
        """Return a box."""
        return _box(self._values.get(name), name)

    def optional_box(self, name: str) -> Box | None:
        """Return a box, or None for null."""
        return None if self._values.get(name) is None else self.box(name)

    def boxes(self, name: str, most: int) -> tuple[Box, ...]:
        """Return a list of boxes."""
        return tuple(_box(value, name) for value in self._items(name, 0, most))

    def settings(self, name: str) -> dict[str, Any]:
        """Return plain values by name; none where the field is missing."""
        found = self._values.get(name)
        values = {} if found is None else found
        if not isinstance(values, dict) or len(values) > MOST_SETTINGS or not all(map(_is_plain, values.values())):
            raise ValueError(f"Expected {name} to be an object of numbers and short texts.")
        return values

    def _items(self, name: str, fewest: int, most: int) -> list[Any]:
        values = self._values.get(name)
        if not isinstance(values, list) or not fewest <= len(values) <= most:
            raise ValueError(f"Expected {name} to be a list of {fewest} to {most} items.")
        return values


def _text(value: Any, name: str, longest: int) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise ValueError(f"Expected {name} to be a text of 1 to {longest} characters.")
    return value


def _integer(value: Any, name: str, largest: int = LARGEST_NUMBER) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= largest:
        raise ValueError(f"Expected {name} to hold whole numbers that are not negative.")
    return value


def _pixel(value: Any, name: str) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"Expected {name} to be [y, x].")
    return _integer(value[0], name), _integer(value[1], name)


def _box(value: Any, name: str) -> Box:
    if not isinstance(value, list) or len(value) != 4:
        raise ValueError(f"Expected {name} to be [top, left, bottom, right].")
    return Box(*(_integer(edge, name) for edge in value))


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_TEXT and value.isprintable()
    return value is None or isinstance(value, bool) or _is_number(value)


def _is_number(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_NUMBER
