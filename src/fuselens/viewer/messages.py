"""What a page may ask: every message becomes a frozen request, or a fault in one sentence.

Only form is checked here; whether a model or a pixel exists is for those who have them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fuselens.core.locality import Box
from fuselens.data.images import Window
from fuselens.viewer.fields import Fields

MESSAGE_BYTES = 2**20
LARGEST_ID = 2**53 - 1  # what a browser's numbers hold
MOST_PLACES = 24


class Fault(Exception):  # noqa: N818 - what a client did, not what went wrong here
    """A message that is no request.

    Attributes:
        id: the request's number, where it could be read.
    """

    def __init__(self, sentence: str, number: int | None = None) -> None:
        """Say what is wrong."""
        super().__init__(sentence)
        self.id = number


@dataclass(frozen=True)
class Open:
    """Show another pair: exactly one of the three is meant."""

    example: str | None
    given: bool
    uploads: tuple[str, str] | None
    names: tuple[str, str] | None
    window: Window


@dataclass(frozen=True)
class Fuse:
    """Fuse the pair."""

    model: str


@dataclass(frozen=True)
class Jacobian:
    """Explain one pixel."""

    model: str
    pixel: tuple[int, int]
    channel: str


@dataclass(frozen=True)
class Guidance:
    """Compute the guidance images."""

    model: str


@dataclass(frozen=True)
class Region:
    """Report on a region."""

    model: str
    box: Box


@dataclass(frozen=True)
class Explain:
    """Explain a region, or the whole image."""

    model: str
    box: Box | None
    method: str
    settings: dict[str, Any]


@dataclass(frozen=True)
class State:
    """Ask the model itself."""

    model: str


@dataclass(frozen=True)
class Snapshot:
    """Make pages to keep."""

    models: tuple[str, ...]
    probes: tuple[tuple[int, int], ...]
    boxes: tuple[Box, ...]
    explanations: tuple[int, ...]


@dataclass(frozen=True)
class Stop:
    """End another request."""

    target: int


@dataclass(frozen=True)
class Ping:
    """Are you there?"""


Request = Open | Fuse | Jacobian | Guidance | Region | Explain | State | Snapshot | Stop | Ping


def parse(message: str) -> tuple[int, Request]:
    """Return the number of a request and the request.

    Raises:
        Fault: it is none; the sentence says why.
    """
    if len(message) > MESSAGE_BYTES or len(message.encode(errors="replace")) > MESSAGE_BYTES:
        raise Fault("Expected a message of at most 1 MB; send files by upload.")
    try:
        found = json.loads(message)
    except (ValueError, RecursionError):
        raise Fault("Expected JSON but the message is none.") from None
    if not isinstance(found, dict):
        raise Fault("Expected a JSON object with id and kind.")
    number = found.get("id")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= LARGEST_ID:
        raise Fault("Expected id to be a whole number that is not negative.")
    kind = found.get("kind")
    if not isinstance(kind, str) or kind not in _READERS:
        raise Fault(f"Expected kind to be one of {', '.join(_READERS)}.", number)
    try:
        return number, _READERS[kind](Fields(found))
    except ValueError as error:
        raise Fault(str(error), number) from None


def _open(fields: Fields) -> Open:
    pair = fields.inner("pair")
    uploads = pair.texts("uploads", 2, 2) if pair.has("uploads") else None
    names = pair.texts("names", 2, 2) if pair.has("names") else None
    example = pair.text("example") if pair.has("example") else None
    given = pair.has("given")
    if (example is not None) + given + (uploads is not None) != 1:
        raise ValueError("Expected pair to have one of example, given and uploads.")
    return Open(example, given, uploads, names, _window(pair))  # type: ignore[arg-type]


def _window(pair: Fields) -> Window:
    if not pair.has("window"):
        return None
    if pair.is_text("window", "percentile"):
        return "percentile"
    return pair.interval("window")


def _snapshot(fields: Fields) -> Snapshot:
    return Snapshot(
        fields.texts("models", 1, MOST_PLACES),
        fields.pixels("probes", MOST_PLACES),
        fields.boxes("boxes", MOST_PLACES),
        fields.integers("explanations", MOST_PLACES) if fields.has("explanations") else (),
    )


_READERS: dict[str, Callable[[Fields], Request]] = {
    "open": _open,
    "fuse": lambda fields: Fuse(fields.text("model")),
    "jacobian": lambda fields: Jacobian(fields.text("model"), fields.pixel("pixel"), fields.text("channel", 40)),
    "guidance": lambda fields: Guidance(fields.text("model")),
    "region": lambda fields: Region(fields.text("model"), fields.box("box")),
    "explain": lambda fields: Explain(
        fields.text("model"), fields.optional_box("box"), fields.text("method"), fields.settings("settings")
    ),
    "state": lambda fields: State(fields.text("model")),
    "snapshot": _snapshot,
    "stop": lambda fields: Stop(fields.integer("target", LARGEST_ID)),
    "ping": lambda _: Ping(),
}
