"""A lane: one thread that does one job after the other. A page has several, so that what is long holds up nothing."""

from __future__ import annotations

import threading
from collections import deque

import torch

from fuselens.core.errors import InputError
from fuselens.viewer.jobs import Job

MOST_WAITING = 32


class Lane:
    """A queue of jobs and the thread that empties it; the thread starts with the first job.

    Args:
        name: of the thread.
        threads: how many threads of its own torch may use in this lane.
    """

    def __init__(self, name: str, threads: int) -> None:
        """Wait for jobs."""
        self._name, self._threads = name, threads
        self._jobs: deque[Job] = deque()
        self._running: Job | None = None
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, job: Job) -> None:
        """Queue a job; one of the same key that waits or runs is superseded.

        Raises:
            InputError: too many wait.
        """
        with self._changed:
            if job.key is not None:
                for older in (*self._jobs, *([self._running] if self._running else [])):
                    if older.key == job.key:
                        older.end("superseded")
            self._forget_ended()
            if len(self._jobs) >= MOST_WAITING:
                raise InputError(f"{MOST_WAITING} requests wait already; stop some of them first.")
            self._jobs.append(job)
            if self._thread is None:
                # A daemon: a model in the middle of an image must not hold up the end of the program.
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Stop everything; the thread ends as soon as its job notices."""
        with self._changed:
            self._closed = True
            for job in (*self._jobs, *([self._running] if self._running else [])):
                job.end("stopped")
            self._jobs.clear()
            self._changed.notify()

    def _forget_ended(self) -> None:
        self._jobs = deque(job for job in self._jobs if not job.is_ended)

    def _work(self) -> None:
        torch.set_num_threads(self._threads)
        while True:
            with self._changed:
                self._running = None
                while not self._jobs and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                self._running = self._jobs.popleft()
            self._running.run()
