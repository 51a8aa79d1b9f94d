"""What all searches share: the question they ask, the trail they leave, how they cut a set, and how they stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Literal, Protocol

Family = Literal["part", "complement", "prefix", "removal", "expansion"]
Stopped = Literal["", "budget", "interrupted"]
Progress = Callable[[int, int], None]


class BudgetExhausted(Exception):  # noqa: N818 - an outcome rather than a mistake: every search catches it
    """Raised by a judge that may not answer any more."""


class Judge(Protocol):
    """Says which of some sets have the property P that is searched for."""

    def __call__(self, sets: Sequence[int], /) -> list[bool]:
        """Return a verdict for each set, a bitmask of units; a pure function of that set.

        Raises:
            BudgetExhausted: the search is to end with what it has.
        """
        ...


@dataclass(frozen=True)
class Step:
    """One accepted change of the set at hand, or one granularity at which nothing was accepted.

    Attributes:
        granularity: into how many pieces the set was cut; for `prefix` the units taken away at once; for `expansion`
            the units of each combination.
        size: units in the set before.
        family: what the candidates were: pieces (`part`), the set without a piece (`complement`), without the units
            least likely needed (`prefix`), without one unit (`removal`), or with one unit more (`expansion`).
        index: place of the accepted candidate in its family; -1 where none was accepted.
        kept_after: the set at hand afterwards. It has P, except in failed expansions: those grow a set without P.
    """

    granularity: int
    size: int
    family: Family
    index: int
    kept_after: int


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes:
        kept: the set, a bitmask; it has P.
        complete: the search ended by itself, so no single unit can be taken from the set without losing P.
        stopped: why it did not.
        trace: the steps, in order; enough to replay the search.
        tests: distinct sets judged.
    """

    kept: int
    complete: bool
    stopped: Stopped
    trace: tuple[Step, ...]
    tests: int


class Search:
    """The state of one search: the best set so far, its trail, and every verdict heard.

    Args:
        order: the units, in the order in which they are cut and tried.
        judge: the property. The caller vouches that all units together have it; the empty set is taken not to.
        batch: how many candidates are judged at once at the most; None: one by one.
        progress: called with (tests so far, best set so far) after every judgement and every change.

    Raises:
        ValueError: no units, a unit twice, or a batch below 1.
    """

    def __init__(
        self, order: Sequence[int], judge: Judge, *, batch: int | None = None, progress: Progress | None = None
    ) -> None:
        """Begin with all units."""
        if not order:
            raise ValueError("There are no units to search; give at least one.")
        if len(set(order)) != len(order):
            raise ValueError("A unit stands twice in the order; name each unit once.")
        if batch is not None and batch < 1:
            raise ValueError(f"Expected a batch of at least 1 but got {batch}; None judges one candidate at a time.")
        self.order = tuple(order)
        self.kept = mask_of(order)
        self.trace: list[Step] = []
        self._judge, self._batch, self._progress = judge, batch or 1, progress
        self._verdicts = {0: False}
        self._stopped: Stopped = ""

    def ask(self, sets: Sequence[int]) -> list[bool]:
        """Return the verdicts; only sets never asked before are judged, all at once."""
        fresh = list(dict.fromkeys(each for each in sets if each not in self._verdicts))
        if fresh:
            self._verdicts.update(zip(fresh, self._judge(fresh), strict=True))
            self._report()
        return [self._verdicts[each] for each in sets]

    def take(self, family: Family, granularity: int, candidates: Sequence[int]) -> int | None:
        """Go on with the first candidate that has P and return its index; None where none has.

        One is judged first, then twice as many each time, up to the batch: the first often has P, the rest are in vain.
        """
        start, count = 0, 1
        while start < len(candidates):
            verdicts = self.ask(candidates[start : start + count])
            if True in verdicts:
                index = start + verdicts.index(True)
                self.accept(Step(granularity, self.kept.bit_count(), family, index, candidates[index]))
                return index
            start, count = start + count, min(2 * count, self._batch)
        return None

    def accept(self, step: Step) -> None:
        """Go on with the set after this step, which has P."""
        self.kept = step.kept_after
        self.trace.append(step)
        self._report()

    def fail(self, family: Family, granularity: int) -> None:
        """Note that nothing of this granularity had P."""
        self.trace.append(Step(granularity, self.kept.bit_count(), family, -1, self.kept))

    @contextmanager
    def until_stopped(self) -> Iterator[None]:
        """End the block quietly when the judge's budget is used up or the user interrupts."""
        try:
            yield
        except BudgetExhausted:
            self._stopped = "budget"
        except KeyboardInterrupt:
            self._stopped = "interrupted"

    def found(self) -> Found:
        """Return the best set so far."""
        return Found(self.kept, not self._stopped, self._stopped, tuple(self.trace), len(self._verdicts) - 1)

    def _report(self) -> None:
        if self._progress is not None:
            self._progress(len(self._verdicts) - 1, self.kept)


def mask_of(units: Sequence[int]) -> int:
    """Return the bitmask of units."""
    return reduce(or_, (1 << unit for unit in units), 0)


def chosen(order: Sequence[int], kept: int) -> list[int]:
    """Return the units of `order` that are in the bitmask, in order."""
    return [unit for unit in order if kept >> unit & 1]


def split(units: Sequence[int], pieces: int) -> list[Sequence[int]]:
    """Cut into consecutive pieces as equal as possible; later pieces take the surplus.

    >>> split([7, 3, 5, 1, 0], 2)
    [[7, 3], [5, 1, 0]]
    """
    parts: list[Sequence[int]] = []
    start = 0
    for index in range(pieces):
        end = start + (len(units) - start) // (pieces - index)
        parts.append(units[start:end])
        start = end
    return parts
