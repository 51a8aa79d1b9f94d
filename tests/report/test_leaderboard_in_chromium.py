"""The leaderboard in a real Chromium: it renders alone and fits, its tables sort, its filter filters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fuselens as fl
from fuselens.report.leaderboard import LeaderboardContents, write_leaderboard
from fuselens.scoring.statistics import compare_all
from fuselens.scoring.table import Column, Failure, ScoreTable
from fuselens.scoring.worst import WorstCase, worst_images

pytestmark = pytest.mark.browser

LONG = "a_method_whose_name_is_longer_than_any_table_on_any_telephone_" * 3
BETTER = ("higher", "lower", "zero", "higher", "lower", "zero", "higher", "higher", "higher", "higher", "higher")


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ScoreTable]:
    random = np.random.default_rng(0)
    columns = tuple(Column(f"m{k}", f"M{k}", better) for k, better in enumerate(BETTER))  # type: ignore[arg-type]
    values = random.normal(size=(3, 15, len(columns)))
    values[1, 4] = np.nan
    values[2, ::2, 0] = np.nan
    images = tuple(f"i{i}{LONG}" for i in range(15))
    failures = (Failure(images[4], LONG, "It is missing."),)
    table = ScoreTable(("average", LONG, "maximum"), images, columns, values, failures, ("infrared", "visible"))
    pair = fl.example_pair("street")
    fused = fl.fuse(fl.load_model("average"), pair)
    worst = [WorstCase(*case, pair, fused) for case in worst_images(table, 1)]
    path = tmp_path_factory.mktemp("board") / "leaderboard.html"
    return write_leaderboard(path, LeaderboardContents(table, compare_all(table), worst, LONG, [LONG])), table


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Any, board: tuple[Path, ScoreTable]) -> Iterator[Any]:
    """The open page; whatever it logs or asks for fails the test."""
    requests: list[str] = []
    troubles: list[str] = []
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    opened.on("request", lambda request: requests.append(request.url))
    opened.on("console", lambda message: troubles.append(message.text))
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.goto(board[0].as_uri())
    yield opened
    opened.close()
    assert not troubles
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []


def column(page: Any, table: str, index: int) -> list[str]:
    texts: list[str] = page.evaluate(
        "([name, index]) => [...document.querySelectorAll(`#${name} tbody tr`)].map(r => r.cells[index].innerText)",
        [table, index],
    )
    return texts


def numbers(texts: list[str]) -> list[float]:
    return [float(text.split()[0].replace("−", "-")) for text in texts if text != "–"]


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_shows_its_pictures(page: Any, width: int, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
    assert page.evaluate("document.querySelectorAll('svg.boxes').length") == len(BETTER)


def test_a_click_puts_the_best_on_top_and_a_second_one_the_worst(page: Any) -> None:
    first = 3  # after method, rank and wins
    for k, better in enumerate(BETTER[:3]):
        head = page.locator("#summary thead th").nth(first + k)
        head.locator("button").click()
        values = numbers(column(page, "summary", first + k))
        keys = [abs(value) for value in values] if better == "zero" else values
        assert keys == sorted(keys, reverse=better == "higher")
        assert head.get_attribute("aria-sort") == ("descending" if better == "higher" else "ascending")
        head.locator("button").click()
        assert numbers(column(page, "summary", first + k)) == values[::-1]
        assert page.locator("#summary th[aria-sort]").count() == 1


def test_keys_sort_too_and_what_is_missing_comes_last(page: Any, board: tuple[Path, ScoreTable]) -> None:
    head = page.locator("#values thead th").nth(3)
    for key in ("Enter", "Space"):
        head.locator("button").focus()
        page.keyboard.press(key)
        texts = column(page, "values", 3)
        assert texts[-9:] == ["–"] * 9
        values = numbers(texts)
        assert len(values) == 36
        assert values == sorted(values, reverse=key == "Enter")
    page.locator("#values thead button").first.click()
    images = [text.removesuffix(LONG) for text in column(page, "values", 0)[::3]]
    assert images == [f"i{i}" for i in range(15)]  # by number, not by letter


def test_p_values_sort_by_value(page: Any) -> None:
    table = page.locator("#comparisons")
    table.get_by_role("button", name="p (Holm)").click()
    shown = page.evaluate(
        "[...document.querySelectorAll('#comparisons tbody tr')].map(r => Number(r.cells[8].dataset.value))"
    )
    assert len(shown) == 2 * len(BETTER)
    assert shown == sorted(shown)


def test_images_are_filtered_by_method_and_by_name(page: Any) -> None:
    told = page.locator(".filter output")
    assert told.inner_text() == "45 of 45 rows"
    page.locator(".filter select").select_option("maximum")
    assert told.inner_text() == "15 of 45 rows"
    shown = "[...document.querySelectorAll('#values tbody tr')].filter(r => r.offsetHeight)"
    assert set(page.evaluate(f"{shown}.map(r => r.cells[1].innerText)")) == {"maximum"}
    page.locator(".filter input").fill("I1")
    assert told.inner_text() == "6 of 45 rows"  # i1 and i10 to i14
    page.locator(".filter select").select_option("")
    assert told.inner_text() == "18 of 45 rows"


def test_pictures_are_enlarged(page: Any) -> None:
    page.locator(".worst .panel").first.click()
    assert page.evaluate("document.querySelector('dialog').open")
    page.keyboard.press("Escape")
    assert not page.evaluate("document.querySelector('dialog').open")


def test_without_script_the_tables_stand_and_no_dead_control_is_shown(
    browser: Any, board: tuple[Path, ScoreTable]
) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(board[0].as_uri())
    assert page.locator(".filter").is_hidden()
    assert page.locator("#values tbody tr").count() == 45
    assert page.locator("button").count() == 0
    page.close()
