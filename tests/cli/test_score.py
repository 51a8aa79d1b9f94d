"""`fuselens score` and `fuselens study`, run as a user runs them, and every mistake a user can make."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fuselens.cli.main import main

QUICK = ["--metrics", "en,cc,ssim"]


def write(path: Path, seed: int, size: tuple[int, ...] = (40, 44)) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)).save(path)
    return str(path)


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for i in range(4):
        write(tmp_path / "ir" / f"p{i}.png", i)
        write(tmp_path / "vi" / f"p{i}.png", 10 + i, (40, 44, 3))
        write(tmp_path / "mine" / f"p{i}.png", 20 + i)
    return tmp_path


def test_one_image_for_programs(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    files = [write(tmp_path / f"{name}.png", i) for i, name in enumerate(("ir", "vi", "fused"))]
    assert main(["score", *files, *QUICK, "--json"]) == 0
    answer = json.loads(capfd.readouterr().out)
    assert set(answer) == {"scores"}
    assert set(answer["scores"]) == {"en", "cc", "ssim"}
    assert main(["score", *files, "--metrics", "mi,mi:cddfuse", "--double", "--json"]) == 0
    scores = json.loads(capfd.readouterr().out)["scores"]
    assert scores["mi:cddfuse"] == pytest.approx(scores["mi"] * np.log(2), rel=1e-12)


def test_folders_write_everything_and_show_a_table(folders: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = folders / "o"
    line = ["score", str(folders / "ir"), str(folders / "vi"), f"ours={folders / 'mine'}", "--model", "average", *QUICK]
    assert main([*line, "-o", str(out)]) == 0
    shown = capfd.readouterr()
    for word in ("ours", "average", "EN ↑", "±", "average rank"):
        assert word in shown.out
    assert {path.name for path in out.iterdir()} == {
        "leaderboard.html", "scores.csv", "scores.json", "scores.jsonl", "table.tex"
    }  # fmt: skip
    rows = list(csv.DictReader(io.StringIO((out / "scores.csv").read_text())))
    facts = json.loads((out / "scores.json").read_text())
    mean = np.mean([float(row["ssim"]) for row in rows if row["method"] == "ours"])
    assert facts["methods"]["ours"]["ssim"]["mean"] == pytest.approx(mean)
    assert {(one["method"], one["against"]) for one in facts["comparisons"]} <= {
        ("average", "ours"),
        ("ours", "average"),
    }
    page = (out / "leaderboard.html").read_text()
    assert "infrared" in page
    assert "p3" in page
    assert main([*line, "-o", str(out)]) == 0
    assert "8 scores were taken over" in capfd.readouterr().err


def test_compare_two_methods(folders: Path, capfd: pytest.CaptureFixture[str]) -> None:
    line = [
        "score",
        str(folders / "ir"),
        str(folders / "vi"),
        "--model",
        "average",
        "--model",
        "maximum",
        *QUICK,
        "--json",
    ]
    assert main([*line, "--compare", "maximum,average"]) == 0
    answer = json.loads(capfd.readouterr().out)
    assert [(one["method"], one["metric"]) for one in answer["comparisons"]] == [
        ("maximum", "en"), ("maximum", "cc"), ("maximum", "ssim")
    ]  # fmt: skip
    assert answer["scores"]["average"]["cc"] == answer["methods"]["average"]["cc"]["mean"]


def test_one_bad_file_among_many(folders: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folders / "mine" / "p1.png").write_bytes(b"\x89PNG broken")
    write(folders / "mine" / "p2.png", 5, (9, 9))
    out = folders / "o"
    assert main(["score", str(folders / "ir"), str(folders / "vi"), str(folders / "mine"), *QUICK, "-o", str(out)]) == 2
    shown = capfd.readouterr()
    assert "2 of 4 fused images could not be scored. p1:" in shown.err
    assert "9x9 but its sources are 44x40" in shown.err
    assert "EN ↑" in shown.out
    assert (out / "leaderboard.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{0}/ir", "{0}/vi", "{0}/other"], "No file names match between the pairs (p0, p1, p2, ...) and"),
        (["{0}/ir", "{0}/other", "{0}/mine"], "No file names match between"),
        (["{0}/ir", "{0}/empty", "{0}/mine"], "holds no image"),
        (["{0}/ir", "{0}/vi", "{0}/missing"], "is missing; name a folder"),
        (["{0}/ir", "{0}/vi"], "Expected fused images to score"),
        (["{0}/ir/p0.png", "{0}/vi/p0.png"], "Expected fused images to score"),
        (["{0}/ir/p0.png", "{0}/vi/p0.png", "{0}/mine/p9.png"], "There is no file"),
        (["{0}/ir/p0.png", "{0}/vi", "{0}/mine"], "is a file"),
        (["{0}/ir", "{0}/vi", "{0}/mine", "--metrics", "sssim"], "did you mean ssim"),
        (["{0}/ir", "{0}/vi", "{0}/mine", "--metrics", "mi:cddfus"], "did you mean cddfuse"),
        (["{0}/ir", "{0}/vi", "{0}/mine", "--metrics", " , "], "at least one metric"),
        (["{0}/ir", "{0}/vi", "{0}/mine", "--compat", "nobody"], "Unknown public code 'nobody'"),
        (["{0}/ir", "{0}/vi", "{0}/mine", "{0}/mine"], "Two methods are called 'mine'"),
        (["{0}/ir", "{0}/vi", "{0}/mine", "--model", "averag"], "did you mean average"),
        (["{0}/ir", "{0}/vi", "{0}/mine", "--compare", "mine"], "--compare with two methods"),
        (["{0}/ir", "{0}/vi", "{0}/mine", "--compare", "mine,theirs"], "Unknown method of this table 'theirs'"),
        (["{0}/ir", "{0}/vi", "{0}/mine", "--device", "abacus"], "cannot be used here"),
    ],
)
def test_mistakes_get_one_sentence(
    folders: Path, arguments: list[str], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    write(folders / "other" / "q.png", 1)
    (folders / "empty").mkdir()
    out = folders / "o"
    metrics = [] if "--metrics" in arguments else QUICK
    assert main(["score", *(word.format(folders) for word in arguments), *metrics, "-o", str(out)]) == 2
    error = capfd.readouterr().err
    assert words in error
    assert "Traceback" not in error
    assert not (out / "scores.csv").exists()


def test_pairs_without_partner_are_told(folders: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(folders / "ir" / "alone.png", 1)
    assert main(["score", str(folders / "ir"), str(folders / "vi"), str(folders / "mine"), *QUICK]) == 0
    assert "1 images in" in (error := capfd.readouterr().err)
    assert "alone.png" in error


@pytest.mark.parametrize("layout", ["uaafusion", "causality"])
def test_fusion_table(folders: Path, layout: str, capfd: pytest.CaptureFixture[str]) -> None:
    for name in ("ir", "vi"):
        for i in range(2):
            write(folders / "set" / "test" / name / f"{i}.png", 7 * i + len(name), (48, 50))
    line = [
        "study",
        "fusion-table",
        "--data",
        str(folders / "set" / "test"),
        "--layout",
        layout,
        "-o",
        str(folders / "s"),
    ]
    assert main([*line, "--model", "average", "--model", "maximum"]) == 0
    shown = capfd.readouterr().out
    assert "| set | " in shown
    assert "**" in shown
    latex = (folders / "s" / "table.tex").read_text()
    assert r"\textbf{" in latex
    assert (r"\multicolumn{7}" in latex) is (layout == "uaafusion")
    rows = list(csv.DictReader(io.StringIO((folders / "s" / "table.csv").read_text())))
    assert {row["method"] for row in rows} == {"average", "maximum"}
    assert {row["images"] for row in rows} == {"2"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "at least one --data"),
        (["--data", "{0}"], "at least one --model"),
        (["--data", "{0}/mine", "--model", "average"], "two modality folders"),
        (["--data", "{0}/set", "--model", "average", "--layout", "001"], "Unknown layout '001'"),
        (["--data", "{0}/set", "--model", "average", "--limit", "0"], "--limit of at least 1"),
    ],
)
def test_fusion_table_mistakes(
    folders: Path, arguments: list[str], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("ir", "vi"):
        write(folders / "set" / name / "0.png", len(name))
    assert main(["study", "fusion-table", *(word.format(folders) for word in arguments), "-o", str(folders / "s")]) == 2
    assert words in capfd.readouterr().err
