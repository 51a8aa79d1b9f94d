"""Numbers and words: means over cases, CSV, tables in three languages, the page."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import pytest

from fuselens.studies.page import table_part, write_page
from fuselens.studies.summaries import summaries, to_csv
from fuselens.studies.tables import Table

ROWS = [
    {"method": "x", "level": 0.5, "size": 1.0},
    {"method": "y", "level": 0.5, "size": 7.0},
    {"method": "x", "level": 0.5, "size": 4.0},
    {"method": "x", "level": 0.5, "size": math.nan},
    {"method": "x", "level": 0.9, "size": math.nan},
]
TABLE = Table("100 % & more", ("Method", "a_b"), (("block_1", (("<x>", "1"), ("y|z", "2"))), ("", (("w", "–"),))))


def test_means_leave_out_what_is_no_number() -> None:
    first, second, third = summaries(ROWS, ("method", "level"), ("size",))
    assert (first["method"], first["cases"], first["size"], first["size_cases"]) == ("x", 3, 2.5, 2)
    assert first["size_std"] == pytest.approx(4.5**0.5)
    assert (second["size"], second["size_cases"]) == (7.0, 1)
    assert math.isnan(second["size_std"])
    assert third["size_cases"] == 0
    assert math.isnan(third["size"])


def test_csv_keeps_every_digit_and_leaves_gaps() -> None:
    text = to_csv([{"a": 1 / 3, "b": None, "c": "x,y"}, {"a": math.nan, "b": 2, "c": ""}])
    rows = list(csv.DictReader(io.StringIO(text)))
    assert float(rows[0]["a"]) == 1 / 3
    assert rows[0]["c"] == "x,y"
    assert (rows[0]["b"], rows[1]["a"], rows[1]["b"]) == ("", "", "2")
    assert to_csv([]) == ""


def test_one_table_three_ways() -> None:
    latex = TABLE.to_latex()
    assert r"\multicolumn{2}{l}{\textit{block\_1}}" in latex
    assert r"a\_b" in latex
    assert r"100 \% \& more" in latex
    markdown = TABLE.to_markdown()
    assert "| **block_1** |  |" in markdown
    assert r"| y\|z | 2 |" in markdown
    page = TABLE.to_html()
    assert "&lt;x&gt;" in page
    assert '<th colspan="2">block_1</th>' in page
    assert page.count("<tbody>") == 2


def test_page_stands_alone(tmp_path: Path) -> None:
    path = write_page(tmp_path / "s.html", "T < U", ["a & b"], [table_part("Heading", TABLE.to_html())])
    text = path.read_text(encoding="utf-8")
    assert "<h1>T &lt; U</h1>" in text
    assert "<p>a &amp; b</p>" in text
    assert "http" not in text
