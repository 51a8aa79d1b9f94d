"""`fuselens batch`: the built-in sequence with a sensor that fails, its report, and mistakes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from fuselens.cli.main import main

pytest.importorskip("pyarrow", reason="the extra batch is not installed")
QUICK = ["--workers", "0", "--model", "weighted_average"]


@pytest.mark.parametrize(("how", "rule"), [("black", "black infrared"), ("frozen", "frozen infrared for 3")])
def test_a_sensor_that_fails_is_found_at_its_frame(
    how: str, rule: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    line = ["batch", "--example", "street", "--frames", "24", "--fails", f"infrared:15:{how}", "--alarm", rule]
    assert main([*line, *QUICK, "--region", "road=120,0,240,320", "-o", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["done"] == 24
    (event,) = said["events"]
    assert (event["index"], event["last_index"], event["first"]) == (15, 23, "000015")
    with (out / "events.csv").open(newline="") as file:
        assert [row["first"] for row in csv.DictReader(file)] == ["000015"]
    page = (out / "batch.html").read_text()
    assert "24 pairs" in page
    assert "Road" in page
    assert event["words"] in page or event["words"].capitalize() in page
    assert ("Sudden losses" in page) == (how == "black")  # a frozen sensor still shows a picture
    assert "http://" not in page
    assert "https://" not in page


def test_alarms_on_shares_find_the_frame_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["batch", "--example", "street", "--frames", "20", "--fails", "visible:12", "--alarm", "drop visible 0.5"]
    assert main([*line, *QUICK, "--alarm", "ignored visible for 3", "-o", str(tmp_path / "out"), "--json"]) == 0
    assert [event["index"] for event in json.loads(capsys.readouterr().out)["events"]] == [12, 12]


def test_failures_end_with_exit_code_2_and_everything_else_done(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    line = ["batch", "--example", "street", "--frames", "4", "--work", "fuse", *QUICK]
    assert main([*line, "-o", str(tmp_path / "a")]) == 0
    sequence = tmp_path / "a" / "example"
    (sequence / "visible" / "000002.png").write_text("no image")
    given = [str(sequence / "infrared"), str(sequence / "visible")]
    assert main(["batch", *given, "--work", "fuse", *QUICK, "-o", str(tmp_path / "b")]) == 2
    error = capfd.readouterr().err
    assert "1 of 4 pairs failed" in error
    assert "000002" in error
    assert "Traceback" not in error
    assert len(list((tmp_path / "b" / "fused").iterdir())) == 3
    assert "Failures" in (tmp_path / "b" / "batch.html").read_text()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ([], "Expected two folders"),
        (["ir", "vi"], "ir"),
        (["--example", "street", "a", "b"], "not both"),
        (["--example", "moon"], "moon"),
        (["--fails", "infrared:3"], "together with --example"),
        (["--example", "street", "--fails", "infrared"], "--fails SOURCE:FRAME"),
        (["--example", "street", "--fails", "radar:3"], "radar"),
        (["--example", "street", "--frames", "4", "--fails", "infrared:9"], "9"),
        (["--example", "street", "--frames", "4", "--alarm", "the sensor is odd"], "Expected an alarm"),
        (["--example", "street", "--frames", "4", "--region", "road"], "--region"),
        (["--example", "street", "--frames", "4", "--model", "magic"], "magic"),
    ],
)
def test_mistakes_get_one_sentence(
    more: list[str], words: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["batch", *more, "--workers", "0", "-o", str(tmp_path / "out")]) == 2
    error = capfd.readouterr().err
    assert words in error
    assert "Traceback" not in error
    assert not (tmp_path / "out" / "manifest.jsonl").exists()
