"""The manifest: what is written stays, what was cut short goes, and one process at a time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fuselens.batch.manifest import Manifest, clean, read_records
from fuselens.batch.record import FileFact, Record
from fuselens.core.errors import InputError

SETTINGS = {"model": "average", "seed": 0}


def record(number: int, status: str = "done", **row: float) -> Record:
    return Record(number, f"n{number}", status, "" if status == "done" else "it broke.", row=row)  # type: ignore[arg-type]


def test_a_later_record_stands_for_the_earlier(tmp_path: Path) -> None:
    with Manifest(tmp_path, SETTINGS) as manifest:
        manifest.add(record(0, "failed"))
        manifest.add(record(1, share=0.25))
        manifest.add(record(0))
        assert manifest.find("n0") == record(0)
    with Manifest(tmp_path, SETTINGS) as manifest:
        assert manifest.find("n0") == record(0)
        assert manifest.find("n1") == record(1, share=0.25)
        assert manifest.find("n2") is None
    assert [one.status for one in read_records(tmp_path)] == ["failed", "done", "done"]


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_line_that_was_cut_short_is_forgotten(cut: int, tmp_path: Path) -> None:
    with Manifest(tmp_path, SETTINGS) as manifest:
        manifest.add(record(0))
        manifest.add(record(1))
        path = manifest.path
    path.write_bytes(path.read_bytes()[:-cut])
    with Manifest(tmp_path, SETTINGS) as manifest:
        assert manifest.find("n0") == record(0)
        assert manifest.find("n1") is None
        manifest.add(record(2))
    assert [one.name for one in read_records(tmp_path)] == ["n0", "n2"]


def test_a_manifest_that_ended_in_its_first_line_begins_anew(tmp_path: Path) -> None:
    with Manifest(tmp_path, SETTINGS) as manifest:
        path = manifest.path
    path.write_bytes(path.read_bytes()[:-3])
    with Manifest(tmp_path, SETTINGS) as manifest:
        manifest.add(record(0))
    assert json.loads(path.read_text().split("\n")[0])["settings"] == SETTINGS


def test_another_process_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from fuselens.batch.manifest import Manifest\n"
        "m = Manifest(Path(sys.argv[1]), {'model': 'average', 'seed': 0}); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(InputError, match="Another batch is at work"):
            Manifest(tmp_path, SETTINGS)
        other.kill()
        other.wait()
    Manifest(tmp_path, SETTINGS).close()  # a killed process holds nothing


def test_other_settings_are_refused_by_name_unless_fresh(tmp_path: Path) -> None:
    with Manifest(tmp_path, SETTINGS) as manifest:
        manifest.add(record(0))
    with pytest.raises(InputError, match="seed: 0 then, 1 now"):
        Manifest(tmp_path, SETTINGS | {"seed": 1})
    with Manifest(tmp_path, SETTINGS) as manifest:
        assert manifest.find("n0") is not None
    with Manifest(tmp_path, SETTINGS | {"seed": 1}, fresh=True) as manifest:
        assert manifest.find("n0") is None


def test_a_file_is_known_by_its_bytes_where_its_date_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"1234")
    fact = FileFact.of(path, tmp_path)
    assert fact.path == "a.png"
    assert fact.holds_of(path)
    path.touch()
    assert fact.holds_of(path)
    path.write_bytes(b"1235")
    assert not fact.holds_of(path)
    path.write_bytes(b"12345")
    assert not fact.holds_of(path)
    path.unlink()
    assert not fact.holds_of(path)


def test_leftovers_of_a_kill_go_and_nothing_else(tmp_path: Path) -> None:
    keep = [tmp_path / "fused" / "a.png", tmp_path / ".hidden", tmp_path / ".0123456789abcdef0.png"]
    gone = [tmp_path / "fused" / ".0123456789abcdef.png", tmp_path / ".fedcba9876543210.json", tmp_path / ".0123abcd"]
    (tmp_path / "fused").mkdir()
    half = tmp_path / "lime" / ".00112233445566aa"
    half.mkdir(parents=True)
    for path in (*keep, *gone, half / "maps.npz"):
        path.write_bytes(b"x")
    clean(tmp_path)
    assert all(path.exists() for path in keep)
    assert not any(path.exists() for path in (*gone, half))
