"""A worker: the model, loaded once, and what it makes of one pair after another. Failures become records."""

from __future__ import annotations

import errno
import hashlib
import logging
import pickle
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from fuselens.batch.items import Item
from fuselens.batch.plan import Plan
from fuselens.batch.reading import Reader
from fuselens.batch.record import FileFact, Record
from fuselens.batch.scene import Scene
from fuselens.batch.work import work_of
from fuselens.core.errors import FuseLensError, InputError
from fuselens.core.model import FusionModel, as_model, resolve_device
from fuselens.core.pair import ImagePair
from fuselens.models.spec import load_spec

logger = logging.getLogger("fuselens.batch")
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


@dataclass(frozen=True)
class Chunk:
    """What a worker made of some pairs.

    Attributes:
        records: in the order of the items; fewer where nothing more can be written.
        stopped: why nothing more can be written, in a sentence; empty otherwise.
    """

    records: list[Record] = field(default_factory=list)
    stopped: str = ""


class NoRoom(Exception):  # noqa: N818 - the disk's state rather than a mistake
    """Leaves a chunk: results cannot be written any more."""


class Worker:
    """Does a plan's work, pair after pair.

    Args:
        plan: what is done.

    Raises:
        InputError, UnknownNameError: the model cannot be loaded.
    """

    def __init__(self, plan: Plan) -> None:
        """Load the model."""
        self.plan = plan
        self.model = model_of(plan)
        self._reader = Reader(plan.names, keep_colour=plan.keep_colour, normalize=plan.normalize, window=plan.window)
        self._videos: dict[Path, FileFact] = {}

    def run(self, items: Sequence[Item]) -> Chunk:
        """Do the work of some items; the next pair is read while one is worked at."""
        made = Chunk()
        for item, read in self._read_ahead(items):
            try:
                made.records.append(self._record(item, read))
            except NoRoom as full:
                return Chunk(made.records, str(full))
        return made

    def _read_ahead(self, items: Sequence[Item]) -> Iterator[tuple[Item, Callable[[], _Read]]]:
        with ThreadPoolExecutor(1, "fuselens-reader") as thread:
            waiting = [thread.submit(self._read, item) for item in items[:1]]
            for place, item in enumerate(items):
                waiting += [thread.submit(self._read, one) for one in items[place + 1 : place + 2]]
                yield item, waiting.pop(0).result

    def _read(self, item: Item) -> _Read:
        started = time.perf_counter()
        inputs = tuple(self._fact(frame.path, frame.number) for frame in (item.a, item.b))
        pair = self._reader.read(item)
        return _Read(pair, inputs, time.perf_counter() - started)

    def _fact(self, path: Path, number: int | None) -> FileFact:
        if number is None:
            return FileFact.of(path)
        if path not in self._videos:
            self._videos[path] = FileFact.of(path)
        return self._videos[path]

    def _record(self, item: Item, read: Callable[[], _Read]) -> Record:
        """Do the work of one item; what goes wrong with it stays with it."""
        try:
            return self._done(item, read())
        except FuseLensError as error:
            if isinstance(error.__cause__, OSError) and error.__cause__.errno in NO_ROOM:
                raise NoRoom(str(error)) from error
            reason = str(error)
        except OSError as error:
            reason = f"Cannot read {error.filename or item.a.path}: {error.strerror or error}; check the file."
        except MemoryError:
            reason = "There is not enough memory for this pair; use fewer workers or smaller images."
        except Exception as error:
            logger.exception("Work on %s failed.", item.name)
            reason = f"{type(error).__name__}: {error}"
        return Record(item.index, item.name, "failed", reason, item.seconds)

    def _done(self, item: Item, read: _Read) -> Record:
        scene = Scene(item.name, read.pair, self.model, self.plan.out, self.plan.keep_colour)
        row, files, took = health_of(read.pair), [], {"read": read.took}
        for word in self.plan.work:
            function, detail = work_of(word)
            started = time.perf_counter()
            made = function(scene, self.plan, detail)
            took[word] = time.perf_counter() - started
            row |= made.row
            files += made.files
        outputs = tuple(FileFact.of(path, self.plan.out) for path in files)
        return Record(item.index, item.name, "done", "", item.seconds, read.inputs, outputs, row, took)


@dataclass(frozen=True)
class _Read:
    pair: ImagePair
    inputs: tuple[FileFact, ...]
    took: float


def model_of(plan: Plan) -> FusionModel:
    """Return the plan's model, on its device.

    Raises:
        InputError, UnknownNameError: it cannot be loaded.
    """
    if isinstance(plan.model, str):
        return load_spec(plan.model, plan.names, plan.device)
    return as_model(plan.model).to(resolve_device(plan.device))


def health_of(pair: ImagePair) -> dict[str, Any]:
    """Return what tells a dead sensor: mean and standard deviation of each source, and a hash of its pixels.

    Hashes are equal where all pixels are: noise makes that impossible for a sensor that lives.
    """
    row: dict[str, Any] = {"height": pair.size[0], "width": pair.size[1]}
    for letter, source in zip("ab", pair, strict=True):
        row[f"level_{letter}"] = float(source.y.mean())
        row[f"spread_{letter}"] = float(source.y.std())
        row[f"pixels_{letter}"] = hashlib.sha256(source.y.contiguous().numpy().tobytes()).hexdigest()[:16]
    return row


def packed(plan: Plan) -> bytes:
    """Return the plan as other processes get it.

    Raises:
        InputError: its model cannot be sent to another process.
    """
    try:
        return pickle.dumps(plan)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise InputError(
            f"This model cannot be sent to other processes ({error}); give it as 'path.py:factory', or take workers=0."
        ) from error


def run_chunk(plan: bytes, items: Sequence[Item]) -> Chunk:
    """Do a packed plan's work on some items, in a process that keeps the model for the next ones."""
    return _worker(plan).run(items)


@lru_cache(maxsize=1)
def _worker(packed_plan: bytes) -> Worker:
    plan: Plan = pickle.loads(packed_plan)
    if plan.device == "cpu":
        torch.set_num_threads(1)  # processes fill the cores; and one thread gives the same bits everywhere
    return Worker(plan)
