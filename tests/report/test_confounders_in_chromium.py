"""The page of a confounder dictionary in a real Chromium: it renders alone and fits."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuselens.confounders import SceneSettings, find_scenes
from fuselens.report.confounders_page import ConfoundersContents, write_confounders_page
from tests.confounders.planted_scenes import cells, write_pairs

pytestmark = pytest.mark.browser

LONG = "a_name_that_is_longer_than_any_telephone_is_wide_" * 3


def test_it_fits_and_shows_its_pictures(chromium: str, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    kinds = [number % 4 for number in range(20)]
    found = find_scenes(write_pairs(tmp_path, kinds, kinds), SceneSettings(scenes=4, dim=4, backbone=cells))
    path = write_confounders_page(tmp_path / "page.html", ConfoundersContents(found, LONG, [LONG]))
    troubles: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for width in (360, 1280):
            for scheme in ("light", "dark"):
                page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
                page.on("console", lambda message: troubles.append(message.text))
                page.on("pageerror", lambda error: troubles.append(str(error)))
                page.goto(path.as_uri())
                assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
                assert page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
                inks = page.evaluate(
                    "[...document.querySelectorAll('.map')].map("
                    "map => new Set([...map.querySelectorAll('path')].map(p => getComputedStyle(p).stroke)).size)"
                )
                assert inks == [4, 4]
                page.close()
        browser.close()
    assert not troubles
