"""A job: one request at work, with exactly one end, and all that it may say on the way.

A job that was stopped says nothing more at once, while its thread notices at its next report or operation on a tensor.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable
from contextlib import nullcontext
from typing import Any, Literal

from torch.overrides import TorchFunctionMode

from fuselens.core.errors import FuseLensError
from fuselens.viewer.frames import Arrays, frame, text
from fuselens.viewer.outbox import Outbox

logger = logging.getLogger("fuselens.viewer")
OUR_FAULT = "This is a fault of FuseLens, not of your input; the terminal in which the viewer was started says more."
NO_MEMORY = "There is not enough memory for this; take a smaller image or a local model."
SECONDS_BETWEEN_REPORTS = 0.1
End = Literal["done", "failed", "stopped", "superseded"]


class _Watched(TorchFunctionMode):
    """Leaves a stopped job at its next operation on a tensor: a first pass through a network reports nothing."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job

    def __torch_function__(self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self._job.check()
        return func(*args, **(kwargs or {}))


class Stopped(Exception):  # noqa: N818 - an outcome rather than a mistake
    """Leaves a job that was stopped, from wherever it is."""


class Job:
    """One request at work.

    Args:
        number: the request's id.
        work: what is to be done; it is given the job.
        outbox: where answers go.
        key: a newer job of the same key supersedes this one; None: none does.
        is_short: of a few milliseconds, which are not worth stopping half-way.
    """

    def __init__(
        self,
        number: int,
        work: Callable[[Job], None],
        outbox: Outbox,
        key: Hashable = None,
        *,
        is_short: bool = False,
    ) -> None:
        """Wait to be run."""
        self.number, self.key, self._is_short = number, key, is_short
        self._work, self._outbox = work, outbox
        self._lock = threading.Lock()
        self._ended = False
        self._words, self._reported = "", 0.0

    def run(self) -> None:
        """Do the work and say how it ended; raises nothing."""
        try:
            self.check()
            with nullcontext() if self._is_short else _Watched(self):
                self._work(self)
            self.end("done")
        except Stopped:
            pass  # whoever stopped it has said so
        except FuseLensError as error:
            self.end("failed", error=str(error))
        except MemoryError:
            self.end("failed", error=NO_MEMORY)
        except Exception:
            logger.exception("A request of the viewer failed.")
            self.end("failed", error=OUR_FAULT)

    def end(self, how: End, **fields: Any) -> bool:
        """End the job, once; return whether this was the end."""
        with self._lock:
            if self._ended:
                return False
            self._ended = True
            self._outbox.put(self._text(how, **fields))
            return True

    @property
    def is_ended(self) -> bool:
        """True where nothing more will be said."""
        return self._ended

    def check(self) -> None:
        """Leave the work if the job has ended.

        Raises:
            Stopped: it has.
        """
        if self._ended:
            raise Stopped

    def say(self, kind: str, arrays: Arrays | None = None, **fields: Any) -> None:
        """Answer.

        Raises:
            Stopped: the job has ended.
        """
        self._put(self._message(kind, arrays, fields))

    def preview(self, kind: str, arrays: Arrays, **fields: Any) -> None:
        """Answer what a later answer of the same kind makes useless; it is left out where the page is slow.

        Raises:
            Stopped: the job has ended.
        """
        self._put(self._message(kind, arrays, fields), key=(kind, self.number))

    def finish(self, kind: str, arrays: Arrays, **fields: Any) -> None:
        """Answer and end in one; where a newer job of the same key answers before this is sent, only that is sent."""
        answer = self._message(kind, arrays, fields)
        with self._lock:
            if not self._ended:
                self._ended = True
                self._outbox.put(
                    answer, self._text("done"), key=("answer", self.key), if_replaced=[self._text("superseded")]
                )

    def begin(self, words: str) -> None:
        """Say what is being done from now on.

        Raises:
            Stopped: the job has ended.
        """
        self._words, self._reported = words, 0.0
        self.progress(0, 0)

    def progress(self, done: int, total: int) -> None:
        """Report how far it is, a few times a second at the most; the callback that explainers take.

        Raises:
            Stopped: the job has ended.
        """
        self.check()
        now = time.monotonic()
        if now - self._reported >= SECONDS_BETWEEN_REPORTS:
            self._reported = now
            told = self._text("progress", done=done, total=total, words=self._words)
            self._put(told, key=("progress", self.number))

    def _put(self, payload: str | bytes, key: Hashable = None) -> None:
        with self._lock:
            self.check()
            self._outbox.put(payload, key=key)

    def _message(self, kind: str, arrays: Arrays | None, fields: dict[str, Any]) -> str | bytes:
        head = {"id": self.number, "kind": kind, **fields}
        return text(head) if arrays is None else frame(head, arrays)

    def _text(self, kind: str, **fields: Any) -> str:
        return text({"id": self.number, "kind": kind, **fields})
