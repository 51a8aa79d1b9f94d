"""Ray: processes of this machine or of many; Ray places them, starts them again, and asks for more machines."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any

from fuselens.batch.engines.dispatch import dispatch
from fuselens.batch.items import Item
from fuselens.batch.plan import Plan
from fuselens.batch.worker import Chunk, packed, run_chunk
from fuselens.core.errors import InputError, MissingExtraError

RETRIES = 2
PATIENCE = 5.0  # seconds


def run(plan: Plan, chunks: Iterable[Sequence[Item]], workers: int, address: str | None = None) -> Iterator[Chunk]:
    """Do the work as Ray tasks, `workers` at a time, each on a core, and on a GPU if the plan's device is one.

    Args:
        plan, chunks, workers: as for every engine; sources and results lie where all machines see them.
        address: of a running cluster, such as `auto` or `ray://head:10001`; None starts Ray here for this batch.

    Raises:
        MissingExtraError: Ray is not installed.
        InputError: no cluster answers at the address.
    """
    try:
        import ray
        from ray.exceptions import OutOfMemoryError, WorkerCrashedError
    except ImportError as error:
        raise MissingExtraError("The engine ray", "scale") from error
    if address:
        _refuse_silence(address)
    started = not ray.is_initialized()
    if started:
        try:
            # Without an address: no dashboard, and no more processes than are asked for.
            ours: dict[str, Any] = {"num_cpus": max(1, workers), "include_dashboard": False} if address is None else {}
            ray.init(address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **ours)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise InputError(
                f"No Ray cluster answers at {address}: {error}; start one with `ray start --head`."
            ) from error
    try:
        task = ray.remote(num_cpus=1, num_gpus=int(plan.device.startswith("cuda")), max_retries=RETRIES)(run_chunk)
        shared = ray.put(packed(plan))

        def submit(items: Sequence[Item]) -> Future[Chunk]:
            future: Future[Chunk] = task.remote(shared, items).future()
            return future

        yield from dispatch(chunks, submit, max(1, workers), (WorkerCrashedError, OutOfMemoryError))
    finally:
        if started:
            ray.shutdown()


def _refuse_silence(address: str) -> None:
    """Look whether anybody listens at HOST:PORT; Ray itself would try for minutes.

    Raises:
        InputError: nobody does.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        return  # `auto` and the like
    try:
        socket.create_connection((host, int(port)), PATIENCE).close()
    except OSError as error:
        raise InputError(
            f"No Ray cluster answers at {address} ({error.strerror or error}); start one with `ray start --head`."
        ) from error
