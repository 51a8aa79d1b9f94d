"""Alarms: what can be written, and which frames raise them, against plain loops."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuselens.batch.alarms import parse_alarms
from fuselens.batch.events import find_events
from fuselens.batch.plan import Plan, Region, parse_regions
from fuselens.batch.record import Record
from fuselens.core.errors import InputError, UnknownNameError

PLAN = Plan("average", ("infrared", "visible"), Path("out"), ("share",), regions=(Region("road", (0, 0, 8, 8)),))


def frame(number: int, **row: Any) -> Record:
    healthy = {"level_a": 0.4, "spread_a": 0.2, "pixels_a": f"a{number}", "level_b": 0.5, "spread_b": 0.2,
               "pixels_b": f"b{number}", "share": 0.5, "share_road": 0.5}  # fmt: skip
    return Record(number, f"{number:03}", "done", seconds=number / 10, row=healthy | row)


def events(rule: str, frames: list[Record]) -> list[tuple[int, int]]:
    return [(one.index, one.last_index) for one in find_events(frames, parse_alarms([rule], PLAN), PLAN)]


@given(
    st.lists(st.one_of(st.floats(0, 1), st.just(math.nan), st.none()), max_size=40), st.integers(1, 4),
    st.floats(0.1, 0.9).map(lambda value: round(value, 2)), st.sampled_from("<>"),
    st.sampled_from(["infrared", "visible"]),
)  # fmt: skip
def test_runs_of_shares_are_those_of_a_plain_loop(
    shares: list[float | None], length: int, limit: float, sign: str, source: str
) -> None:
    frames = [frame(i, share=share) for i, share in enumerate(shares)]
    own = [None if s is None else s if source == "infrared" else 1 - s for s in shares]
    raised = [s is not None and (s < limit if sign == "<" else s > limit) for s in own]
    expected = []
    for start in range(len(raised)):
        if raised[start] and (start == 0 or not raised[start - 1]):
            end = start
            while end + 1 < len(raised) and raised[end + 1]:
                end += 1
            if end - start + 1 >= length:
                expected.append((start, end))
    assert events(f"share {source} {sign} {limit} for {length}", frames) == expected


def test_a_region_has_its_own_share() -> None:
    frames = [frame(i, share_road=0.05 if i in (3, 4) else 0.5) for i in range(8)]
    assert events("share infrared < 0.1 in road for 2", frames) == [(3, 4)]
    assert events("share infrared < 0.1 for 2", frames) == []


def test_black_and_frozen_and_ignored_sensors() -> None:
    black = [frame(i, level_a=0.001 if i >= 5 else 0.3, spread_a=0.0 if i >= 5 else 0.1) for i in range(9)]
    assert events("black infrared", black) == [(5, 8)]
    assert events("black visible", black) == []
    frozen = [frame(i, pixels_b="b3" if 3 <= i < 7 else f"b{i}") for i in range(9)]
    assert events("frozen visible for 3", frozen) == [(4, 6)]  # frame 3 is the first of its kind
    assert events("frozen visible for 4", frozen) == []
    ignored = [frame(i, share=0.99 if i == 2 else 0.6) for i in range(5)]
    assert events("ignored visible", ignored) == [(2, 2)]


def test_a_drop_is_measured_against_the_frames_before_it() -> None:
    shares = [0.6, 0.58, 0.62, 0.6, 0.2, 0.2, 0.2, 0.6, 0.6, 0.31]
    frames = [frame(i, share=share) for i, share in enumerate(shares)]
    assert events("drop infrared 0.5", frames) == [(4, 6)]
    assert events("drop infrared 0.52", frames) == [(4, 6), (9, 9)]
    slow = [frame(i, share=0.6 * 0.93**i) for i in range(30)]
    assert events("drop infrared 0.5", slow) == []


def test_failures_raise_their_own_alarms_and_end_the_others() -> None:
    broken = Record(2, "002", "failed", "ir/002.png holds NaN at row 1; repair it.")
    other = Record(5, "005", "failed", "Cannot read vi/005.png.")
    frames = [frame(0), frame(1, share=0.0), broken, frame(3, share=0.0), frame(4), other]
    assert events("failed", frames) == [(2, 2), (5, 5)]
    assert events("nan", frames) == [(2, 2)]
    assert events("share infrared < 0.1 for 2", frames) == []
    found = next(iter(find_events(frames, parse_alarms(["failed"], PLAN), PLAN)))
    assert found.words == broken.reason
    assert found.first == "002"


def test_events_of_several_alarms_come_in_order_with_their_worst_value() -> None:
    frames = [frame(i, share=[0.5, 0.5, 0.09, 0.04, 0.08, 0.5][i], level_b=0.0, spread_b=0.0) for i in range(6)]
    rules = parse_alarms(["share infrared < 0.1", "black visible"], PLAN)
    first, second = find_events(frames, rules, PLAN)
    assert (first.alarm, first.index, first.frames) == ("black visible", 0, 6)
    assert (second.index, second.frames, second.value, second.seconds) == (2, 3, 0.04, 0.2)
    assert second.words == "the share of infrared is 4%, under 10%"


@pytest.mark.parametrize(
    "rule",
    ["", "share", "share infrared", "share infrared < ", "share infrared 0.1", "drop infrared", "drop infrared < 0.5",
     "black", "frozen infrared 0.5", "failed infrared", "share infrared < 0.1 for 0", "share infrared < 7",
     "black infrared for ever", "share < 0.1"],
)  # fmt: skip
def test_other_words_get_one_sentence(rule: str) -> None:
    with pytest.raises(InputError, match="alarm"):
        parse_alarms([rule], PLAN)


def test_names_must_be_known() -> None:
    with pytest.raises(UnknownNameError, match="radar"):
        parse_alarms(["black radar"], PLAN)
    with pytest.raises(UnknownNameError, match="sky"):
        parse_alarms(["share infrared < 0.1 in sky"], PLAN)
    with pytest.raises(UnknownNameError, match="road"):
        parse_alarms(["black infrared in road"], PLAN)
    with pytest.raises(InputError, match="add the work share"):
        parse_alarms(["share infrared < 0.1"], Plan("average", PLAN.names, Path("out")))


@pytest.mark.parametrize("text", ["road", "road=1,2,3", "road=5,0,5,9", "road=0,9,5,9", "1=0,0,1,1", "road=0,0,1,x"])
def test_regions_are_boxes_with_a_name(text: str) -> None:
    with pytest.raises(InputError):
        parse_regions([text])
    with pytest.raises(InputError, match="one name"):
        parse_regions(["r=0,0,1,1", "r=0,0,2,2"])
