"""One viewer and one Chromium for all tests of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

import fuselens as fl
from tests.viewer.browser.tab import Tab

SIDES = (56, 72)


@pytest.fixture(scope="session")
def small_pair() -> fl.ImagePair:
    """A corner of the built-in street, so that guidance takes a second."""
    street = fl.example_pair("street")
    cut = slice(120, 120 + SIDES[0]), slice(170, 170 + SIDES[1])
    return fl.ImagePair.from_arrays(street.a.y[cut], street.b.y[cut], street.names)


@pytest.fixture(scope="session")
def viewer(small_pair: fl.ImagePair) -> Iterator[str]:
    """The address of a viewer that has the small pair open."""
    pytest.importorskip("uvicorn", reason="the extra 'view' is not installed")
    from fuselens.viewer.server import Server

    before = torch.get_num_threads()
    server = Server((), small_pair)
    yield server.url
    server.close()
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@pytest.fixture
def open_tab(viewer: str, browser: Any) -> Iterator[Callable[..., Tab]]:
    """Open tabs of their own context; at the end none may have logged anything or asked another host."""
    tabs: list[Tab] = []

    def opened(hash_text: str = "model=average", url: str = viewer, **settings: Any) -> Tab:
        tabs.append(Tab(browser, url, hash_text, **settings))
        return tabs[-1]

    yield opened
    for tab in tabs:
        tab.page.context.close()
    for tab in tabs:
        assert tab.foreign_requests == []
        assert [words for words in tab.troubles if not tab.may_be_cut_off or "WebSocket" not in words] == []
