"""Messages: requests are what they say, and everything else is a fault in one sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuselens.core.locality import Box
from fuselens.viewer.messages import MESSAGE_BYTES, Explain, Fault, Jacobian, Open, Snapshot, parse


def parsed(**fields: Any) -> Any:
    return parse(json.dumps({"id": 7, **fields}))[1]


def test_requests_are_read() -> None:
    assert parsed(kind="jacobian", model="m", pixel=[3, 4], channel="hover") == Jacobian("m", (3, 4), "hover")
    assert parsed(kind="open", pair={"uploads": ["k", "l"], "names": ["ir", "vi"]}) == Open(
        None, False, ("k", "l"), ("ir", "vi"), None
    )
    assert parsed(kind="open", pair={"uploads": ["k", "l"], "window": "percentile"}).window == "percentile"
    assert parsed(kind="open", pair={"uploads": ["k", "l"], "window": [-40, 120.5]}).window == (-40, 120.5)
    assert parsed(kind="explain", model="m", box=[1, 2, 3, 4], method="lime", settings={"samples": 9}) == Explain(
        "m", Box(1, 2, 3, 4), "lime", {"samples": 9}
    )
    assert parsed(kind="explain", model="m", box=None, method="lime").box is None
    assert parsed(kind="snapshot", models=["m"], probes=[[1, 2]], boxes=[]) == Snapshot(("m",), ((1, 2),), (), ())
    assert parsed(kind="snapshot", models=["m"], probes=[], boxes=[], explanations=[3, 9]).explanations == (3, 9)


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("{", None), ("[]", None), ("null", None), ("{}", None), ("[" * 100_000, None), ('{"id": true}', None),
        ('{"id": -1, "kind": "ping"}', None), ('{"id": 1.5, "kind": "ping"}', None), ('{"id": 1e999}', None),
        ('{"id": 9007199254740993, "kind": "ping"}', None), ('{"id": 1}', 1), ('{"id": 1, "kind": "eval"}', 1),
        ('{"id": 1, "kind": ["ping"]}', 1), ('{"id": 1, "kind": "fuse"}', 1),
        ('{"id": 1, "kind": "fuse", "model": 3}', 1), ('{"id": 1, "kind": "fuse", "model": "a\\u0000b"}', 1),
        ('{"id": 1, "kind": "jacobian", "model": "m", "pixel": [1], "channel": "c"}', 1),
        ('{"id": 1, "kind": "jacobian", "model": "m", "pixel": [1, -2], "channel": "c"}', 1),
        ('{"id": 1, "kind": "jacobian", "model": "m", "pixel": [1, 1e400], "channel": "c"}', 1),
        ('{"id": 1, "kind": "jacobian", "model": "m", "pixel": [1, 99999999999], "channel": "c"}', 1),
        ('{"id": 1, "kind": "region", "model": "m", "box": [1, 2, 3]}', 1),
        ('{"id": 1, "kind": "open"}', 1), ('{"id": 1, "kind": "open", "pair": {}}', 1),
        ('{"id": 1, "kind": "open", "pair": {"given": true, "example": "street"}}', 1),
        ('{"id": 1, "kind": "open", "pair": {"uploads": ["k"]}}', 1),
        *[
            (f'{{"id": 1, "kind": "open", "pair": {{"uploads": ["k", "l"], "window": {window}}}}}', 1)
            for window in ('"minmax"', "1", "[1]", "[5, 5]", "[9, 1]", "[NaN, 1]", "[0, true]", '["0", "1"]')
        ],
        ('{"id": 1, "kind": "snapshot", "models": ["m"], "probes": [], "boxes": [], "explanations": ["x"]}', 1),
        ('{"id": 1, "kind": "explain", "model": "m", "box": null, "method": "lime", "settings": {"a": [1]}}', 1),
        ('{"id": 1, "kind": "explain", "model": "m", "box": null, "method": "lime", "settings": {"a": NaN}}', 1),
        ('{"id": 1, "kind": "stop", "target": "1"}', 1), ("x" * (MESSAGE_BYTES + 1), None),
    ],
)  # fmt: skip
def test_faults_name_the_request_where_they_can(message: str, number: int | None) -> None:
    with pytest.raises(Fault) as fault:
        parse(message)
    assert fault.value.id == number
    assert str(fault.value).startswith("Expected ")
    assert len(str(fault.value)) < 200


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)
KINDS = ["open", "fuse", "jacobian", "guidance", "region", "explain", "state", "snapshot", "stop", "ping"]


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(["model", "pixel", "box", "pair", "settings"]), PLAIN))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_fields_are_read_or_refused(kind: str, fields: dict[str, Any]) -> None:
    try:
        number: int | None = parse(json.dumps({"id": 3, "kind": kind, **fields}))[0]
    except Fault as fault:
        number = fault.id
    assert number == 3
