"""The connection and the address: permalink, two tabs, a server that goes and comes back."""

from __future__ import annotations

import secrets
import time
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.browser

ADDRESS = (
    "pair=given&models=average,maximum&model=maximum&mode=models&pixel=7,9&box=2,3,20,30&probes=1,2;3,4&zoom=2,0.5,0.5"
)
LOOK = "gamma=0.7&gamma2=1.1&preset=paper&theme=dark"
KEYS = (
    "models",
    "model",
    "mode",
    "pixel",
    "box",
    "probes",
    "zoom",
    "gammaJacobian",
    "gammaGuidance",
    "preset",
    "theme",
)


def test_permalink(open_tab) -> None:
    tab = open_tab(f"{ADDRESS}&{LOOK}")
    chosen = [tab.js(f"fuselens.state.{key}") for key in KEYS]
    assert chosen == [
        ["average", "maximum"], "maximum", "models", [7, 9], [2, 3, 20, 30], [[1, 2], [3, 4]],
        {"scale": 2, "x": 0.5, "y": 0.5}, 0.7, 1.1, "paper", "dark",
    ]  # fmt: skip
    tab.page.keyboard.press("ArrowDown")
    tab.until("location.hash.includes('pixel=8,9')")
    address = tab.page.url
    again = open_tab(urlsplit(address).fragment)
    assert [again.js(f"fuselens.state.{key}") for key in KEYS] == [tab.js(f"fuselens.state.{key}") for key in KEYS]


def test_nonsense_in_the_address_is_left_out(open_tab) -> None:
    tab = open_tab(
        "models=nothing,<script>&pixel=9999,-1&probes=a;b&zoom=NaN,0,0&gamma=77&mode=x&pair=example:none&box=1,2"
    )
    assert tab.js("fuselens.state.model") == tab.js("fuselens.state.hello.default_model")
    assert tab.js("[fuselens.state.probes, fuselens.state.box, fuselens.state.gammaJacobian]") == [[], None, 0.3]
    tab.page.keyboard.press("Escape")


def test_two_tabs_do_not_disturb_each_other(open_tab) -> None:
    first, second = open_tab("models=average"), open_tab("models=maximum")
    for pixel in ((3, 4), (40, 60)):
        first.hover(pixel)
        second.hover((pixel[1] % 50, pixel[0]))
        assert first.js("fuselens.state.pixel") == list(pixel)
        assert list(first.js("fuselens.state.jacobians")) == ["average"]
        assert list(second.js("fuselens.state.jacobians")) == ["maximum"]


def test_server_gone_and_back(open_tab, small_pair, monkeypatch) -> None:
    from fuselens.viewer.server import Server

    monkeypatch.setattr(secrets, "token_urlsafe", lambda *_: "the-same-token")
    server = Server((), small_pair)
    tab = open_tab("models=average&pixel=5,6", url=server.url)
    tab.may_be_cut_off = True
    tab.until_jacobian((5, 6))
    server.close()
    tab.until("fuselens.state.link === 'gone'")
    assert "server is gone" in tab.page.locator("#notice").inner_text()
    tab.page.keyboard.press("ArrowRight")
    port = urlsplit(server.url).port
    time.sleep(0.3)
    server = Server((), small_pair, port=port)
    try:
        tab.until("fuselens.state.link === 'open'")
        tab.until_jacobian((5, 7))
        assert not tab.page.locator("#notice").is_visible()
        assert tab.js("fuselens.state.model") == "average"
    finally:
        server.close()
    tab.troubles = [words for words in tab.troubles if "ERR_CONNECTION" not in words and "WebSocket" not in words]
