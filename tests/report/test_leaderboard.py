"""The leaderboard as a page."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from fuselens.core.errors import InputError
from fuselens.report.leaderboard import render, write_leaderboard
from fuselens.scoring.statistics import compare, compare_all
from fuselens.scoring.table import Failure
from tests.report.boards import COLUMNS, contents_of, random_table, text_of
from tests.report.parsed import Page, Table


def test_page_nests_and_holds_all_sections_in_order() -> None:
    table = random_table(failures=(Failure("i003", "", "It is empty."), Failure("i004", "method1", "Too small.")))
    page = Page(
        render(
            contents_of(
                table,
                worst=1,
                comparisons=compare_all(table),
                command="fuselens score x y",
                notes=["One image was left out."],
            )
        )
    )
    order = [
        "3 fusion methods on infrared + visible",
        "12 images",
        "4 metrics",
        "4 of 36 fused images could not be scored",
        "Who leads",
        "Mean ± standard deviation over the images.",
        "Average ranks",
        "How the scores spread",
        "Could it be luck?",
        "Worst cases",
        "Image by image",
        "What could not be scored",
        "i003 all: the sources It is empty.",
        "i004 method1 Too small.",
        "A score is not a judgement.",
        "One image was left out.",
        "For the record",
        "fuselens score x y",
    ]
    place = 0
    for words in order:
        place = page.text.index(words, place)
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(page.headings))


def test_one_method_has_no_ranks_and_no_statistics() -> None:
    table = random_table(methods=1)
    page = Page(render(contents_of(table, worst=1, comparisons=compare_all(table))))
    assert "method0 on infrared + visible" in page.text
    assert "method0 was scored by 4 metrics on 12 images." in page.text
    for absent in ("Average ranks", "Could it be luck?", "Who leads", "Rank"):
        assert absent not in page.text


def test_one_image_has_no_spread_and_proves_nothing() -> None:
    table = random_table(images=1)
    html = render(contents_of(table, comparisons=compare_all(table)))
    text = Page(html).text
    assert "over 1 image. One image cannot tell whether a lead is luck." in text
    assert "How the scores spread" not in text
    assert not any("±" in cell for row in Table(html, "summary").rows for cell in row)


def test_forty_metrics_and_ten_methods() -> None:
    table = random_table(methods=10, columns=40)
    page = Page(render(contents_of(table, comparisons=compare(table, "method0", "method1"))))
    assert "40 metrics" in page.text
    assert sum(attributes.get("class") == "plot boxes" for _, attributes in page.tags) == 40


def test_nothing_is_loaded_from_elsewhere() -> None:
    html = render(contents_of(random_table(), worst=1))
    assert "http://" not in html
    assert "https://" not in html
    assert "url(" not in html
    for tag, attributes in Page(html).tags:
        assert tag not in {"link", "iframe", "object", "embed", "base"}
        for name in ("src", "href", "data", "action"):
            assert (attributes.get(name) or "data:").startswith(("data:", "#"))


def test_content_policy_knows_the_script_and_no_other() -> None:
    html = render(contents_of(random_table()))
    script = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert len(script) == 1
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    policy = next(a["content"] or "" for t, a in Page(html).tags if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy


def test_hostile_names_stay_text() -> None:
    evil = '"><script>alert(1)</script>{{ 7 * 7 }}'
    table = random_table(
        methods=2,
        names=(evil, "visible"),
        failures=(Failure(evil, evil, evil),),
        settings={evil: evil, "methods": [{"method": evil, "from": evil}]},
    )
    table = replace(
        table,
        methods=(evil, "other"),
        images=(evil, *(f"{evil}{i}" for i in range(11))),
        columns=(replace(COLUMNS[0], name=evil, title=evil), *COLUMNS[1:]),
    )
    contents = contents_of(table, worst=1, comparisons=compare_all(table), command=evil, notes=[evil])
    html = render(contents)
    assert html.count("<script>") == 1
    assert "49" not in "".join(re.findall(r"alert\(1\).{0,40}", html))
    assert Page(html).text.count(evil) > 20


def test_settings_and_methods_are_recorded() -> None:
    settings = {
        "metrics": ["en", "mse"],
        "dtype": "float64",
        "window": None,
        "reused": 5,
        "methods": [{"method": "method0", "from": "results/0", "window": None}],
    }
    text = text_of(random_table(settings=settings))
    for words in ("metrics en, mse", "dtype float64", "scores of an earlier run 5", "method method0 from results/0"):
        assert words in text
    assert "window" not in text.split("For the record")[1]


def test_medical_modalities_are_written_as_people_write_them() -> None:
    text = text_of(random_table(names=("mri", "pet")))
    assert "on MRI + PET" in text
    assert "not a medical device" in text
    assert "not a medical device" not in text_of(random_table())


def test_same_contents_same_page_written_whole_or_not_at_all(tmp_path: Path) -> None:
    contents = contents_of(random_table(), worst=1)
    path = write_leaderboard(tmp_path / "leaderboard.html", contents)
    assert path.read_text(encoding="utf-8") == render(contents)
    assert [file.name for file in tmp_path.iterdir()] == ["leaderboard.html"]
    with pytest.raises(InputError, match="no folder"):
        write_leaderboard(tmp_path / "missing" / "leaderboard.html", contents)


def test_a_usual_comparison_stays_below_one_megabyte() -> None:
    table = random_table(methods=4, images=100, columns=12)
    assert len(render(contents_of(table, comparisons=compare_all(table))).encode()) < 1e6
