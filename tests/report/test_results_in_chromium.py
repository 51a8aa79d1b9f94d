"""The results page in a real Chromium: it renders alone, fits a phone, and logs nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from fuselens.report.results_page import write_result_report
from tests.report.results import bright_pair, contents_of, map_of, set_of, unit_map

pytestmark = pytest.mark.browser

LONG = "a_name_that_is_longer_than_any_line_on_any_telephone_" * 3


def test_page_renders_alone_and_fits(tmp_path: Path, chromium: str) -> None:
    from playwright.sync_api import sync_playwright

    pair = bright_pair()
    scored = unit_map(pair, {0: 1e-7, 5: -12345.678, 20: 3.0}, facts={"unit_std": [1e-7] * 24, LONG: LONG})
    told = map_of(target=f"downstream:{LONG}", error_a=torch.full(pair.size, 1e-9), facts={"warning": LONG})
    profile = [(0.25, 1), (0.5, 3), (0.9, 4096)]
    contents = contents_of(set_of(), scored, told, profile=profile, command=LONG, notes=[LONG])
    path = write_result_report(tmp_path / "report.html", contents)
    requests: list[str] = []
    troubles: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
            page.on("request", lambda request: requests.append(request.url))
            page.on("console", lambda message: troubles.append(message.text))
            page.on("pageerror", lambda error: troubles.append(str(error)))
            page.goto(path.as_uri())
            assert page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
            for width in (1280, 820, 360):
                page.set_viewport_size({"width": width, "height": 800})
                assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (scheme, width)
            inside = """[...document.querySelectorAll('svg.plot text')].every(t => {
                const [a, b] = [t.getBoundingClientRect(), t.closest('svg').getBoundingClientRect()];
                return a.left >= b.left - 1 && a.right <= b.right + 1;
            })"""
            assert page.evaluate(inside)
        page.locator(".panel").first.click()
        assert page.locator("dialog img").is_visible()
        browser.close()
    assert not troubles
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
