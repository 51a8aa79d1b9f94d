"""The report in a real Chromium: it renders, asks for nothing, logs nothing, and its script works."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuselens.cli.main import main

pytestmark = pytest.mark.browser


def test_report_renders_alone(tmp_path: Path, chromium: str) -> None:
    from playwright.sync_api import sync_playwright

    assert main(["explain", "--example", "brain", "--model", "laplacian_pyramid", "-o", str(tmp_path)]) == 0
    requests: list[str] = []
    troubles: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto((tmp_path / "report.html").as_uri())
        assert page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
        assert page.evaluate("[...document.querySelectorAll('figure img:not(.strip)')].every(i => i.alt.length > 3)")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.set_viewport_size({"width": 420, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        heading = page.locator("h1").inner_text()
        browser.close()
    assert "MRI" in heading
    assert "PET" in heading
    assert not troubles
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
