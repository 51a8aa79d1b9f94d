"""Lists of pairs: CSV and Parquet say the same, and mistakes are told by row."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fuselens.batch.lists import Row, read_list
from fuselens.core.errors import InputError, MissingExtraError


def test_a_csv_as_spreadsheets_write_it(tmp_path):
    (tmp_path / "list.csv").write_bytes(
        '\ufeffname,a, b ,seconds,weather\r\nfirst,ir/1.png,"vi/1, late.png",0.5,rain\r\n\r\n'.encode()
        + b",/data/2.png,vi/2.png,,\r\n"
    )
    assert read_list(tmp_path / "list.csv") == [
        Row(tmp_path / "ir/1.png", tmp_path / "vi/1, late.png", "first", 0.5),
        Row(Path("/data/2.png"), tmp_path / "vi/2.png", None, None),
    ]


def test_parquet_says_the_same(tmp_path):
    table = pytest.importorskip("pyarrow", reason="pyarrow is not installed; it comes with the extra 'batch'")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {
        "a": ["ir/1.png", "2.png"],
        "b": ["v1.png", "v2.png"],
        "name": [7, None],
        "seconds": [1, None],
        "x": [0, 0],
    }
    parquet.write_table(table.table(columns), tmp_path / "list.parquet")
    assert read_list(tmp_path / "list.parquet") == [
        Row(tmp_path / "ir/1.png", tmp_path / "v1.png", "7", 1.0),
        Row(tmp_path / "2.png", tmp_path / "v2.png", None, None),
    ]
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 and nothing more")
    with pytest.raises(InputError, match=r"bad\.parquet is damaged"):
        read_list(tmp_path / "bad.parquet")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ir,vi\n1,2\n", "columns ir, vi; .* a and b"),
        ("a;b\n1;2\n", "columns a;b"),
        ("\n", "columns without names"),
        ("a,b\n", "lists no pairs"),
        ("a,b\n1.png\n", "Row 1 .* 1 cells"),
        ("a,b\n1.png,2.png\n3.png,4.png,5\n", "Row 2 .* 3 cells"),
        ("a,b\n1.png,\n", "Row 1 .* two files"),
        ("a,b,seconds\n1,2,0\n3,4,soon\n", "Row 2 .* 'soon'"),
        ("a,b,seconds\n1,2,nan\n", "Row 1 .* 'nan'"),
        ('a,b\n1,"2\n', "is no CSV table"),
    ],
)
def test_mistakes_are_told(tmp_path, text, said):
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(InputError, match=said):
        read_list(tmp_path / "list.csv")


def test_what_is_no_text_is_refused(tmp_path):
    (tmp_path / "list.csv").write_bytes(b"a,b\n\xff\xfe,2\n")
    with pytest.raises(InputError, match="UTF-8"):
        read_list(tmp_path / "list.csv")
    with pytest.raises(InputError, match="no file"):
        read_list(tmp_path / "none.csv")


def test_parquet_without_the_extra_names_it(tmp_path, monkeypatch):
    (tmp_path / "list.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingExtraError, match=r"fuselens\[batch\]"):
        read_list(tmp_path / "list.parquet")
