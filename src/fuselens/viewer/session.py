"""One page at work: its pair, its lanes, and which request goes where. Pages share models and uploads, nothing else."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Hashable

from fuselens.core.errors import FuseLensError, InputError
from fuselens.viewer.frames import text
from fuselens.viewer.hello import hello
from fuselens.viewer.jobs import Job
from fuselens.viewer.lanes import Lane
from fuselens.viewer.messages import (
    Explain,
    Fault,
    Fuse,
    Guidance,
    Jacobian,
    Open,
    Ping,
    Region,
    Request,
    Snapshot,
    State,
    Stop,
    parse,
)
from fuselens.viewer.opened import Opened
from fuselens.viewer.outbox import Outbox
from fuselens.viewer.shared import Shared
from fuselens.viewer.work import explain, fuse, guidance, jacobian, region, snapshot, state

MOST_TROUBLE = 20

# Each lane is a thread; what a moving mouse asks for waits for nothing else, least of all for a global model.
_LANES = ("hover", "hover-global", "quick", "long")
_WORK: dict[type, tuple[str, Callable[..., None]]] = {
    Jacobian: ("hover", jacobian.answer),
    Fuse: ("quick", fuse.answer),
    Region: ("quick", region.answer),
    Guidance: ("long", guidance.answer),
    Explain: ("long", explain.answer),
    State: ("long", state.answer),
    Snapshot: ("long", snapshot.answer),
}


class Session:
    """One page.

    Args:
        shared: what all pages share.
        outbox: where answers go.
    """

    def __init__(self, shared: Shared, outbox: Outbox) -> None:
        """Greet the page."""
        self._shared, self._outbox = shared, outbox
        # The mouse's windows are small: two threads halve the slowest networks' time, more would wait for each other.
        cores = os.cpu_count() or 2
        threads = {"hover": min(2, cores), "long": max(1, cores - 1)}
        self._lanes = {name: Lane(f"fuselens-{name}", threads.get(name, 1)) for name in _LANES}
        self._jobs: dict[int, Job] = {}
        self._opened: Opened | None = None
        self._trouble = 0
        outbox.put(text(hello(shared)))

    async def receive(self, message: str | None) -> bool:
        """Take a message, None for one that is no text; return whether the page may go on."""
        try:
            if message is None:
                raise Fault("Expected a text but got a binary message; send files by upload.")
            number, request = parse(message)
            self._jobs = {other: job for other, job in self._jobs.items() if not job.is_ended}
            if number in self._jobs:
                raise Fault(f"The request {number} is still at work; count upwards.")
        except Fault as fault:
            return self._complain(fault)
        try:
            await self._start(number, request)
        except FuseLensError as error:
            self._outbox.put(text({"id": number, "kind": "failed", "error": str(error)}))
        return True

    def close(self) -> None:
        """Stop everything."""
        for lane in self._lanes.values():
            lane.close()

    def _complain(self, fault: Fault) -> bool:
        if fault.id is not None:
            self._outbox.put(text({"id": fault.id, "kind": "failed", "error": str(fault)}))
            return True
        self._trouble += 1
        self._outbox.put(text({"kind": "trouble", "error": str(fault)}))
        return self._trouble < MOST_TROUBLE

    async def _start(self, number: int, request: Request) -> None:
        match request:
            case Ping():
                self._outbox.put(text({"id": number, "kind": "done"}))
            case Stop(target):
                if target in self._jobs:
                    self._jobs[target].end("stopped")
                self._outbox.put(text({"id": number, "kind": "done"}))
            case Open():
                await self._open(number, request)
            case _:
                self._submit(number, request)

    async def _open(self, number: int, request: Open) -> None:
        """Read the pair before anything of the old one is stopped: what cannot be read changes nothing."""
        job = Job(number, lambda _: None, self._outbox)
        job.begin("reading")
        opened = await asyncio.to_thread(self._shared.open, request)
        for other in self._jobs.values():
            other.end("stopped")
        self._opened = opened
        fields, arrays = opened.answer()
        job.say("pair", arrays, default_model=self._shared.catalogue.default(opened.pair.names), **fields)
        job.end("done")

    def _submit(self, number: int, request: Request) -> None:
        if self._opened is None:
            raise InputError("No pair is open; open one first.")
        lane, key, work = self._plan(request, self._opened)
        job = Job(number, work, self._outbox, key, is_short=lane == "hover")
        self._jobs[number] = job
        self._lanes[lane].submit(job)

    def _plan(self, request: Request, opened: Opened) -> tuple[str, Hashable, Callable[[Job], None]]:
        """Return the lane of a request, what supersedes it, and its work."""
        models = self._shared.catalogue
        lane, answer = _WORK[type(request)]
        key = None
        if isinstance(request, Jacobian):
            key = (request.channel, request.model)
            lane = "hover" if models.is_local(request.model) else "hover-global"
        return lane, key, lambda job: answer(job, models, opened, request)
