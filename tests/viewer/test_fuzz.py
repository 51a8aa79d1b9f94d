"""Whatever a client sends, the server goes on and tells nothing about the machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

import fuselens
from fuselens.viewer.messages import MESSAGE_BYTES
from fuselens.viewer.server import Server
from tests.viewer.page_talk import Page, tab

ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["small", "average", "../x", "", "\0"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
FIELDS = ["model", "pixel", "box", "pair", "method", "settings", "channel", "target", "models", "probes", "boxes"]
REQUESTS = st.fixed_dictionaries(
    {
        "id": st.integers(-2, 30),
        "kind": st.sampled_from(["open", "fuse", "jacobian", "region", "stop", "snapshot", "?"]),
    },
    optional=dict.fromkeys(FIELDS, ODD),
)
NEARLY_RIGHT = st.fixed_dictionaries(
    {"id": st.integers(0, 30), "kind": st.just("jacobian"), "model": st.sampled_from(["small", "average", "nobody"]),
     "pixel": st.lists(st.integers(-2, 40), min_size=1, max_size=3), "channel": st.sampled_from(["hover", "p", ""])}
)  # fmt: skip
MESSAGES = st.lists(
    st.one_of(REQUESTS.map(json.dumps), NEARLY_RIGHT.map(json.dumps), st.text(max_size=30), st.binary(max_size=30)),
    max_size=12,
)


def check_silence(said: dict[str, Any]) -> None:
    words = json.dumps(said)
    for secret in (str(Path(fuselens.__file__).parent), str(Path.home()), "Traceback", "fuselens-view-", ".py"):
        assert secret not in words


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(MESSAGES)
def test_any_messages_in_any_order(server: Server, messages: list[str | bytes]) -> None:
    with tab(server.url) as page:
        page.first("open", pair={"given": True})
        page.last = 1000
        for message in messages:
            page.socket.send(message)
        assert page.ask("ping")[-1].kind == "done"
        for answer in page.heard:
            check_silence(answer.head)


def test_oversized_messages_are_refused_and_the_tab_goes_on(page: Page) -> None:
    page.socket.send(json.dumps({"id": 99, "kind": "fuse", "model": "x" * MESSAGE_BYTES}))
    assert page.next().kind == "trouble"
    assert page.ask("ping")[-1].kind == "done"


def test_after_much_trouble_the_tab_is_closed_but_no_other(page: Page, server: Server) -> None:
    with tab(server.url) as rude:
        for _ in range(20):
            rude.socket.send("nonsense")
            assert rude.next().kind == "trouble"
        with pytest.raises(ConnectionClosed):
            rude.next()
        assert rude.socket.close_code == 1008
    assert page.ask("ping")[-1].kind == "done"


def test_a_reader_that_is_slow_gets_the_newest_hover(page: Page) -> None:
    """Nothing is read while two hundred hovers are asked for: each still has exactly one end, the last its answer."""
    numbers = [page.send("jacobian", model="average", pixel=[y % 29, 3], channel="hover") for y in range(200)]
    ends = [page.until_end(number)[-1].kind for number in numbers]
    assert set(ends) <= {"done", "superseded"}
    assert ends[-1] == "done"
