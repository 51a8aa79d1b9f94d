"""The commands, run as a user runs them, on small pairs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fuselens
from fuselens.cli.main import main
from fuselens.models import list_models


@pytest.fixture
def pair(tmp_path: Path) -> list[str]:
    paths = []
    random = np.random.default_rng(0)
    for name, shape in (("ir", (40, 45)), ("vi", (40, 45, 3))):
        path = tmp_path / f"{name}.png"
        Image.fromarray(random.integers(0, 256, shape, dtype=np.uint8)).save(path)
        paths.append(str(path))
    return paths


def test_explain_writes_everything(pair: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "o"
    arguments = ["explain", *pair, "--model", "laplacian_pyramid", "-o", str(out), "--json"]
    assert main([*arguments, "--target", "region:4,4,20,30", "--target", "pixel:8,9"]) == 0
    answer = json.loads(capfd.readouterr().out)
    assert answer["model"] == "laplacian_pyramid"
    assert 0 < answer["share_a"] < 1
    assert answer["regions"][0]["pixels"] == 16 * 26
    names = {path.name for path in out.iterdir()}
    assert {"fused.png", "report.html", "explanation.json", "maps.npz", "guidance_a.png", "guidance_b.png"} <= names
    facts = json.loads((out / "explanation.json").read_text())
    assert facts["settings"]["model"] == "laplacian_pyramid"
    assert facts["versions"]["fuselens"] == fuselens.__version__
    with np.load(out / "maps.npz") as maps:
        assert maps["attribution_a"].shape == (40, 45)
    page = (out / "report.html").read_text()
    assert "infrared" in page
    assert "visible" in page


def test_explain_by_jacobian_and_in_the_papers_way(pair: list[str], tmp_path: Path) -> None:
    out = tmp_path / "o"
    assert main(["explain", *pair, "--model", "weighted_average", "--method", "jacobian", "-o", str(out)]) == 0
    assert (out / "jacobian_a.png").is_file()
    assert main(["explain", *pair, "--model", "weighted_average", "--preset", "paper", "-o", str(tmp_path / "p")]) == 0


def test_fuse_folders(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    random = np.random.default_rng(1)
    for folder in ("ir", "vi"):
        (tmp_path / folder).mkdir()
        for name in ("01.png", "02.png"):
            Image.fromarray(random.integers(0, 256, (20, 22), dtype=np.uint8)).save(tmp_path / folder / name)
    (tmp_path / "vi" / "02.png").write_text("broken")
    out = tmp_path / "o"
    code = main(["fuse", str(tmp_path / "ir"), str(tmp_path / "vi"), "--model", "average", "-o", str(out)])
    err = capfd.readouterr().err
    assert code == 2
    assert "1 of 2 pairs could not be fused" in err
    assert [path.name for path in out.iterdir()] == ["01.png"]


def test_sixteen_bit_stays_sixteen_bit(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    paths = []
    for name in ("ir", "vi"):
        path = tmp_path / f"{name}.png"
        Image.fromarray(random.integers(0, 65536, (20, 22)).astype(np.uint16)).save(path)
        paths.append(str(path))
    assert main(["fuse", *paths, "--model", "average", "-o", str(tmp_path / "o")]) == 0
    with Image.open(tmp_path / "o" / "fused.png") as fused, Image.open(paths[0]) as a, Image.open(paths[1]) as b:
        expected = (np.asarray(a, np.float64) + np.asarray(b, np.float64)) / 2
        assert np.abs(np.asarray(fused, np.float64) - expected).max() <= 1


def test_list_and_doctor(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "models", "--json"]) == 0
    listed = json.loads(capfd.readouterr().out)["models"]
    assert [row["name"] for row in listed] == list_models()
    for what in ("weights", "explainers", "recipes", "examples", "models"):
        assert main(["list", what]) == 0
        assert capfd.readouterr().out.strip()
    assert main(["doctor", "--json"]) == 0
    facts = json.loads(capfd.readouterr().out)
    assert facts["weights"]
    assert all(facts["weights"].values())
    assert facts["packages"]["torch"]


def test_own_model_in_a_few_lines(pair: list[str], tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("def make():\n    return lambda a, b: 0.6 * a + 0.4 * b\n")
    assert main(["explain", *pair, "--model", f"{mine}:make", "-o", str(tmp_path / "o"), "--probes", "8"]) == 0
    facts = json.loads((tmp_path / "o" / "explanation.json").read_text())
    assert facts["exact"] is False
    assert facts["share_a"] == pytest.approx(0.6, abs=1e-3)


def test_module_entry_point_exits_with_the_code() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fuselens", "list", "nothing"], check=False, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("fuselens: Unknown list")
