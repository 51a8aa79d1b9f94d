"""Engines: where the workers of a batch run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from fuselens.batch.items import Item
from fuselens.batch.plan import Plan
from fuselens.batch.worker import Chunk
from fuselens.core.registry import Registry

ENGINES = Registry(
    "engine",
    {"local": "fuselens.batch.engines.local:run", "ray": "fuselens.batch.engines.ray:run"},
    "fuselens.engines",
)
"""Functions that do the work of chunks of items."""


class Engine(Protocol):
    """Does a plan's work on chunks of items, somewhere."""

    def __call__(
        self, plan: Plan, chunks: Iterable[Sequence[Item]], workers: int, address: str | None
    ) -> Iterator[Chunk]:
        """Yield what became of each chunk as soon as it is known, in any order.

        No more than a few chunks a worker are taken from `chunks` ahead of what was yielded. An item whose process
        dies is tried again by itself; where it dies again, its record says so, and the rest goes on.

        Raises:
            MissingExtraError: the engine's package is not installed.
            InputError: there is no such address.
        """
        ...
