"""The outbox: in order, the newest wins, and a reader that is slow is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from fuselens.viewer.outbox import ENOUGH_BYTES, ENOUGH_ITEMS, Outbox


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run on a thread of its own: a browser that an earlier test has opened keeps a loop running on this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(scenario())).result()


async def rest_of(outbox: Outbox) -> list[str | bytes]:
    found: list[str | bytes] = []
    while True:
        try:
            found += await asyncio.wait_for(outbox.take(), 0.05)
        except TimeoutError:
            return found


def test_only_the_newest_of_a_key_is_sent_and_all_else_in_order() -> None:
    async def scenario() -> None:
        outbox = Outbox()
        outbox.put("first")
        outbox.put("old", "old done", key="hover", if_replaced=["old superseded"])
        outbox.put("between")
        outbox.put("new", "new done", key="hover", if_replaced=["new superseded"])
        assert await rest_of(outbox) == ["first", "old superseded", "between", "new", "new done"]
        outbox.put("newest", key="hover")
        assert await rest_of(outbox) == ["newest"]

    run(scenario)


@pytest.mark.parametrize("payloads", [["x"] * (ENOUGH_ITEMS + 1), [b"x" * (ENOUGH_BYTES + 1)]])
def test_there_is_room_only_while_little_waits(payloads: list[str | bytes]) -> None:
    async def scenario() -> None:
        outbox = Outbox()
        await asyncio.wait_for(outbox.room(), 1)
        for payload in payloads:
            outbox.put(payload)
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(outbox.room(), 0.05)
        await rest_of(outbox)
        await asyncio.wait_for(outbox.room(), 1)

    run(scenario)


def test_threads_may_put() -> None:
    async def scenario() -> None:
        outbox = Outbox()
        waiting = asyncio.create_task(outbox.take())
        await asyncio.sleep(0)
        await asyncio.to_thread(outbox.put, "from a thread")
        assert await asyncio.wait_for(waiting, 5) == ("from a thread",)

    run(scenario)
