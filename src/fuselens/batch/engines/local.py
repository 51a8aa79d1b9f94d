"""Processes of this machine, by Pebble: the death of one concerns only what it was doing."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator, Sequence

from fuselens.batch.engines.dispatch import dispatch
from fuselens.batch.items import Item
from fuselens.batch.plan import Plan
from fuselens.batch.worker import Chunk, Worker, packed, run_chunk
from fuselens.core.errors import MissingExtraError


def run(plan: Plan, chunks: Iterable[Sequence[Item]], workers: int, address: str | None = None) -> Iterator[Chunk]:
    """Do the work in `workers` processes; 0: in this one.

    Raises:
        MissingExtraError: Pebble is not installed.
    """
    if not workers:
        worker = Worker(plan)
        for items in chunks:
            yield worker.run(items)
        return
    try:
        from pebble import ProcessExpired, ProcessPool
    except ImportError as error:
        raise MissingExtraError("A batch in several processes", "batch") from error
    shared = packed(plan)
    pool = ProcessPool(workers, initializer=_begin, context=multiprocessing.get_context("spawn"))
    try:
        yield from dispatch(
            chunks, lambda items: pool.schedule(run_chunk, args=[shared, items]), workers, (ProcessExpired,)
        )
        pool.close()
    finally:
        pool.stop()
        pool.join()


def _begin() -> None:
    """Leave Ctrl-C to the process that began all this, and end with it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)
