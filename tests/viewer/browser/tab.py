"""A tab with the viewer's page: hands and eyes for the tests."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

SECONDS = 60


class Tab:
    """One page in a context of its own.

    Attributes:
        page: Playwright's page.
        troubles: what the console said, and errors of scripts.
        foreign_requests: addresses of other hosts that were asked for.
        may_be_cut_off: whether the test takes the server away.
    """

    def __init__(self, browser: Any, url: str, hash_text: str = "", **settings: Any) -> None:
        """Open the page, and wait until the pair is there."""
        self.troubles: list[str] = []
        self.foreign_requests: list[str] = []
        self.may_be_cut_off = False
        host = urlsplit(url).netloc
        settings = {"viewport": {"width": 1280, "height": 720}} | settings
        self.page = browser.new_context(accept_downloads=True, **settings).new_page()
        self.page.on("console", lambda message: self.troubles.append(message.text))
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("request", lambda request: self._note(request.url, host))
        self.page.goto(f"{url}#{hash_text}")
        self.until("fuselens.state.link === 'open' && fuselens.state.opened !== null")

    def _note(self, url: str, host: str) -> None:
        if urlsplit(url).netloc not in ("", host):
            self.foreign_requests.append(url)

    def js(self, code: str) -> Any:
        """Return what an expression is in the page."""
        return self.page.evaluate(code)

    def until(self, condition: str, seconds: float = SECONDS) -> None:
        """Wait until an expression is true. The page's content policy forbids Playwright's own way."""
        end = time.monotonic() + seconds
        while not self.js(f"Boolean({condition})"):
            assert time.monotonic() < end, f"not within {seconds} s: {condition}"
            time.sleep(0.03)

    def view(self, kind: str) -> Any:
        """Return the picture of a kind of panel."""
        return self.page.locator(f".panel[data-kind='{kind}'] .view").first

    def hover(self, pixel: tuple[int, int], kind: str = "fused") -> None:
        """Move the mouse onto a pixel, and wait for its Jacobian."""
        self.page.mouse.move(*self.place(pixel, kind))
        self.until_jacobian(pixel)

    def place(self, pixel: tuple[int, int], kind: str = "fused") -> tuple[float, float]:
        """Return where the middle of a pixel stands on the screen, with the whole image in view."""
        edge = self.view(kind).bounding_box()
        height, width = self.js("fuselens.state.opened.size")
        factor = min(edge["width"] / width, edge["height"] / height)
        left = edge["x"] + (edge["width"] - factor * width) / 2
        top = edge["y"] + (edge["height"] - factor * height) / 2
        return left + (pixel[1] + 0.5) * factor, top + (pixel[0] + 0.5) * factor

    def until_jacobian(self, pixel: tuple[int, int]) -> None:
        """Wait until the active model's Jacobian is that of a pixel."""
        known = "fuselens.state.jacobians[fuselens.state.model]"
        self.until(f"{known} && {known}.pixel.join() === '{pixel[0]},{pixel[1]}'")

    def jacobian(self, letter: str) -> np.ndarray:
        """Return the Jacobian on show as a whole image."""
        answer = self.js(
            f"(() => {{ const j = fuselens.state.jacobians[fuselens.state.model];"
            f" return {{window: j.window, shape: j.shapes.{letter}, values: [...j.data.{letter}]}}; }})()"
        )
        whole = np.zeros(self.js("fuselens.state.opened.size"), dtype=np.float32)
        top, left, bottom, right = answer["window"]
        whole[top:bottom, left:right] = np.array(answer["values"], dtype=np.float32).reshape(answer["shape"])
        return whole

    def brush(self, first: tuple[int, int], last: tuple[int, int]) -> None:
        """Draw a region from one pixel to another."""
        self.page.keyboard.down("Shift")
        self.page.mouse.move(*self.place(first))
        self.page.mouse.down()
        self.page.mouse.move(*self.place(last), steps=4)
        self.page.mouse.up()
        self.page.keyboard.up("Shift")


def saved(tab: Tab, act: Callable[[], None]) -> tuple[str, bytes]:
    """Return name and content of what an act downloads."""
    with tab.page.expect_download() as waiting:
        act()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def export(tab: Tab, name: str) -> tuple[str, bytes]:
    """Return what an item of the export menu downloads."""
    tab.page.get_by_role("button", name="Export").click()
    return saved(tab, lambda: tab.page.locator("#export-menu").get_by_role("button", name=name).click())
