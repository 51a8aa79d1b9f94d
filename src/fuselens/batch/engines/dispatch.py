"""Hand out chunks, a few ahead of the workers, and take care of those whose process died."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait

from fuselens.batch.items import Item
from fuselens.batch.record import Record
from fuselens.batch.worker import Chunk

AHEAD = 2  # chunks a worker: one at work, one waiting
TRIES = 2


def dispatch(
    chunks: Iterable[Sequence[Item]],
    submit: Callable[[Sequence[Item]], Future[Chunk]],
    workers: int,
    deaths: tuple[type[BaseException], ...],
) -> Iterator[Chunk]:
    """Yield what became of each chunk, in any order.

    Args:
        chunks: what is to be done; taken from only as far as there is room.
        submit: starts the work of a chunk elsewhere.
        workers: how many chunks are worked at at once.
        deaths: what a future raises whose process died.
    """
    source = iter(chunks)
    again: deque[Sequence[Item]] = deque()
    tries: dict[str, int] = {}
    flying: dict[Future[Chunk], Sequence[Item]] = {}
    while True:
        while len(flying) < AHEAD * workers and (items := again.popleft() if again else next(source, None)):
            flying[submit(items)] = items
        if not flying:
            return
        for future in wait(flying, return_when=FIRST_COMPLETED).done:
            items = flying.pop(future)
            try:
                yield future.result()
            except deaths as death:
                # Which of them it was is found out by trying each alone.
                for item in items:
                    tries[item.name] = tries.get(item.name, 0) + (len(items) == 1)
                    if tries[item.name] < TRIES:
                        again.append([item])
                    else:
                        yield Chunk([_dead(item, death)])


def _dead(item: Item, death: BaseException) -> Record:
    words = str(death).strip().split("\n")[0] or type(death).__name__
    reason = f"Its process died {TRIES} times ({words}); perhaps there was too little memory: use fewer workers."
    return Record(item.index, item.name, "failed", reason, item.seconds)
