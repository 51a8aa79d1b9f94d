"""Events: where in a batch an alarm was raised, found in one pass over its records."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from fuselens.batch.alarms import Alarm
from fuselens.batch.plan import Plan
from fuselens.batch.record import Record

BEFORE = 10  # frames that a drop is measured against
FEWEST = 3
DARK = 0.02  # levels, of 0 to 1


@dataclass(frozen=True)
class Event:
    """An alarm from its first frame to its last.

    Attributes:
        alarm: the rule, as it was written.
        first, last: names of the frames.
        index, last_index: their places in the batch.
        seconds: time of the first in its video; None elsewhere.
        frames: how many.
        value: the value farthest beyond the limit; NaN where the rule has none.
        words: what happened.
    """

    alarm: str
    first: str
    last: str
    index: int
    last_index: int
    seconds: float | None
    frames: int
    value: float
    words: str


def find_events(records: Iterable[Record], alarms: Sequence[Alarm], plan: Plan) -> Iterator[Event]:
    """Yield the events of all alarms by their first frame; records come in order, and are not kept.

    An event lasts as long as its rule holds in frame after frame; a frame that failed ends it.
    """
    watches = [_Watch(alarm, plan) for alarm in alarms]
    found: list[Event] = []
    for record in records:
        for watch in watches:
            found += watch.see(record)
    for watch in watches:
        found += watch.end()
    yield from sorted(found, key=lambda event: event.index)


class _Watch:
    """One alarm, and what it must remember of the frames before."""

    def __init__(self, alarm: Alarm, plan: Plan) -> None:
        self._alarm, self._plan = alarm, plan
        self._shares: deque[float] = deque(maxlen=BEFORE)
        self._pixels = ""
        self._event: Event | None = None

    def see(self, record: Record) -> list[Event]:
        """Return the event that ended before this frame, if one did."""
        value = self._value(record)
        if value is None:
            return self.end()
        if self._event is None:
            self._event = Event(self._alarm.text, record.name, record.name, record.index, record.index,
                                record.seconds, 1, value, self._words(value, record))  # fmt: skip
            return []
        beyond = min if self._alarm.below else max
        worst = beyond(self._event.value, value)
        self._event = replace(
            self._event, last=record.name, last_index=record.index, frames=self._event.frames + 1, value=worst,
            words=self._words(worst, record) if worst != self._event.value else self._event.words,
        )  # fmt: skip
        return []

    def end(self) -> list[Event]:
        """Return the event under way, if it was long enough."""
        event, self._event = self._event, None
        return [event] if event and event.frames >= self._alarm.frames else []

    def _value(self, record: Record) -> float | None:
        """Return the value that raises the alarm in this frame, or None where it is not raised."""
        kind, letter = self._alarm.kind, self._alarm.source
        if kind in ("failed", "nan"):
            return math.nan if record.status == "failed" and (kind == "failed" or "NaN" in record.reason) else None
        if record.status == "failed":
            return None
        if kind == "black":
            level, spread = record.row[f"level_{letter}"], record.row[f"spread_{letter}"]
            return level if level < DARK and spread < DARK else None
        if kind == "frozen":
            before, self._pixels = self._pixels, record.row[f"pixels_{letter}"]
            return math.nan if before == self._pixels else None
        return self._of_share(record)

    def _of_share(self, record: Record) -> float | None:
        of_a = record.row.get(f"share_{self._alarm.region}" if self._alarm.region else "share")
        if of_a is None or math.isnan(of_a):
            return None
        share = of_a if self._alarm.source == "a" else 1 - of_a
        if self._alarm.kind == "drop":
            usual = median(self._shares) if len(self._shares) >= FEWEST else math.nan
            fallen = share < self._alarm.limit * usual
            if not fallen:  # what is compared with is how it was before the fall
                self._shares.append(share)
            return share if fallen else None
        raised = share < self._alarm.limit if self._alarm.below else share > self._alarm.limit
        return share if raised else None

    def _words(self, value: float, record: Record) -> str:
        alarm = self._alarm
        source = dict(zip("ab", self._plan.names, strict=True)).get(alarm.source, "")
        place = f" in {alarm.region}" if alarm.region else ""
        side = "under" if alarm.below else "over"
        return {
            "share": f"the share of {source}{place} is {value:.0%}, {side} {alarm.limit:.0%}",
            "drop": f"the share of {source}{place} fell to {value:.0%}, under {alarm.limit:.0%} of what it was",
            "ignored": f"the fused image takes {value:.1%} from {source}{place}",
            "black": f"{source} is black: its mean level is {value:.1%}",
            "frozen": f"{source} repeats its frame, to the last bit",
            "failed": record.reason,
            "nan": record.reason,
        }[alarm.kind]
