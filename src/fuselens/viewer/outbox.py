"""What waits to be sent to one page: in order, and never more than a page that reads slowly can catch up with.

Threads put, the event loop takes. Where only the newest is of use, as with the answers to a moving mouse, it replaces
what still waits.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

Payload = str | bytes
ENOUGH_ITEMS = 64
ENOUGH_BYTES = 2**25


@dataclass
class _Item:
    payloads: Sequence[Payload]
    key: Hashable = None
    if_replaced: Sequence[Payload] = ()

    @property
    def size(self) -> int:
        return sum(len(payload) for payload in self.payloads)


class Outbox:
    """The queue of one page; made inside the event loop that empties it."""

    def __init__(self) -> None:
        """Start empty."""
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._items: deque[_Item] = deque()
        self._waiting: dict[Hashable, _Item] = {}
        self._filled, self._has_room = asyncio.Event(), asyncio.Event()
        self._has_room.set()

    def put(self, *payloads: Payload, key: Hashable = None, if_replaced: Sequence[Payload] = ()) -> None:
        """Send these after all that waits; safe from any thread.

        Args:
            payloads: sent one after the other.
            key: an item that still waits under the same key is dropped.
            if_replaced: what is sent in the place of this item, should that happen to it.
        """
        item = _Item(payloads, key, if_replaced)
        with self._lock:
            if key is not None:
                older = self._waiting.get(key)
                if older is not None:
                    older.payloads, older.key = older.if_replaced, None
                self._waiting[key] = item
            self._items.append(item)
        self._tell()

    async def take(self) -> Sequence[Payload]:
        """Wait for the next item and return what is to be sent."""
        while True:
            with self._lock:
                if self._items:
                    item = self._items.popleft()
                    if item.key is not None:
                        self._waiting.pop(item.key, None)
                    break
                self._filled.clear()
            await self._filled.wait()
        self._note()
        return item.payloads

    async def emptied(self) -> None:
        """Wait until everything was taken."""
        while self._items:
            await asyncio.sleep(0.01)

    async def room(self) -> None:
        """Wait until so little is left to send that more may be asked for."""
        await self._has_room.wait()

    def _tell(self) -> None:
        # The loop is closed where a thread ends its job after the server.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._note)

    def _note(self) -> None:
        """Set both events by what waits; runs in the loop."""
        with self._lock:
            if self._items:
                self._filled.set()
            is_full = len(self._items) > ENOUGH_ITEMS or sum(item.size for item in self._items) > ENOUGH_BYTES
        if is_full:
            self._has_room.clear()
        else:
            self._has_room.set()
