"""Registries: explicit lists in the package plus entry points of third parties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from fuselens.core.errors import UnknownNameError


class Registry(Mapping[str, Any]):
    """Names to objects, imported on first use so that listing stays cheap.

    Args:
        kind: the word for one entry in messages, such as `"model"`.
        built_in: name to `"package.module:object"`.
        group: entry-point group that third parties add to, such as `"fuselens.models"`.
    """

    def __init__(self, kind: str, built_in: dict[str, str], group: str) -> None:
        """Keep the explicit list; entry points are read when asked for."""
        self.kind = kind
        self._built_in = built_in
        self._group = group

    @cached_property
    def _places(self) -> dict[str, str]:
        """Names to places; entry points are read once, since reading them takes milliseconds."""
        foreign = {point.name: point.value for point in entry_points(group=self._group)}
        return foreign | self._built_in

    def __getitem__(self, name: str) -> Any:
        """Import and return the object called `name`.

        Raises:
            UnknownNameError: no such name; near names are suggested.
        """
        places = self._places
        if name not in places:
            raise UnknownNameError(self.kind, name, places)
        module, _, attribute = places[name].partition(":")
        return getattr(import_module(module), attribute)

    def __contains__(self, name: object) -> bool:
        """Say whether the name is known, without importing it."""
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        """Yield the names in alphabetical order."""
        return iter(sorted(self._places))

    def __len__(self) -> int:
        """Count the names."""
        return len(self._places)
