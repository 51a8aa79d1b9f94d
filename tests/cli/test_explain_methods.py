"""`fuselens explain --method NAME` for every method that explains a target, and the mistakes a user can make."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import fuselens as fl
from fuselens.cli.main import main
from fuselens.explainers import list_explainers
from fuselens.segmentation import load_segmenter

QUICK: dict[str, list[str]] = {
    "baylime": ["--samples", "40"],
    "lime": ["--samples", "60"],
    "rise": ["--samples", "60"],
    "sedc_t": ["--towards", "visible"],
}
GRADIENTS = {"gradcam", "gradient_input", "hirescam", "integrated_gradients"}
SETS = {"ddfimage", "sedc", "sedc_t"}
OF_TARGETS = sorted(set(list_explainers()) - {"guidance", "intrinsic", "jacobian", "task_share"})


@pytest.fixture
def pair(tmp_path: Path) -> list[str]:
    random = np.random.default_rng(0)
    paths = []
    for name in ("ir", "vi"):
        small = random.integers(0, 256, (6, 8), dtype=np.uint8)
        Image.fromarray(np.kron(small, np.ones((8, 8), np.uint8))).save(tmp_path / f"{name}.png")
        paths.append(str(tmp_path / f"{name}.png"))
    return paths


def line(method: str, pair: list[str], out: Path) -> list[str]:
    model = "deepfuse:infrared-visible" if method in GRADIENTS else "average"
    hiding = [] if method in GRADIENTS else ["--units", "grid:12", "--fill", "black"]
    return ["explain", *pair, "--method", method, "--model", model, *hiding, *QUICK.get(method, []), "-o", str(out)]


@pytest.mark.parametrize("method", OF_TARGETS)
def test_every_method_writes_everything(
    method: str, pair: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "o"
    assert main([*line(method, pair, out), "--target", "region:10,10,30,34", "--json"]) == 0
    answer = json.loads(capfd.readouterr().out)
    assert answer["method"] == method
    (result,) = answer["results"]
    facts = json.loads((out / "explanation.json").read_text())
    assert facts["method"] == method
    assert facts["target"] == result["target"]
    with np.load(out / "maps.npz") as maps:
        arrays = dict(maps)
    if method in SETS:
        wanted = {"a", "b", "fused", "units_a", "units_b", "keep_a", "keep_b", "fill_a", "fill_b"}
        assert wanted <= set(arrays)
        assert result["status"] in ("EXPLAINED", "NOT_FOUND")
        assert (out / "explained_fusion.png").is_file() is (result["size"] > 0)
    else:
        assert arrays["attribution_a"].shape == (48, 64)
        assert 0 <= result["share_a"] <= 1
    page = (out / "report.html").read_text()
    assert "infrared" in page.lower()
    assert "<script src" not in page


def test_set_explanation_of_several_targets(pair: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "o"
    targets = ["--target", "same:8,8,40,40", "--target", "closeness:a", "--target", "edges:8,8,24,24"]
    arguments = [*line("ddfimage", pair, out), *targets, "--which", "visible", "--level", "0.8", "--json"]
    assert main(arguments) == 0
    shown = capfd.readouterr()
    results = json.loads(shown.out)["results"]
    assert [one["target"] for one in results] == ["same:8,8,40,40", "closeness:a", "edges:8,8,24,24"]
    assert {path.name for path in out.iterdir() if path.is_dir()} == {"target-2", "target-3"}
    for one in results:
        if one["status"] == "EXPLAINED":
            assert one["share_a"] == 0
            assert one["sufficient"]
            assert one["necessary"]
    assert "units" in shown.err


def test_budget_and_paper_preset(pair: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*line("ddfimage", pair, tmp_path / "o"), "--budget", "8", "--json"]) == 0
    (result,) = json.loads(capfd.readouterr().out)["results"]
    assert result["status"] == "BUDGET_EXHAUSTED"
    paper = ["--method", "ddfimage", "--model", "average", "--preset", "paper", "--units", "grid:16"]
    assert main(["explain", *pair, *paper, "-o", str(tmp_path / "p")]) == 0
    facts = json.loads((tmp_path / "p" / "explanation.json").read_text())
    assert facts["relative"] is False
    assert facts["settings"]["fill"] == "black"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--method", "ddfimge"], "did you mean ddfimage"),
        (["--method", "gradcam"], "ddfimage"),
        (["--method", "gradcam", "--units", "grid:8"], "does not take --units"),
        (["--method", "lime", "--strategy", "greedy"], "does not take --strategy"),
        (["--method", "ddfimage", "--which", "thermal"], "--which infrared, visible or both"),
        (["--method", "ddfimage", "--units", "hexagons"], "Unknown way to make units"),
        (["--method", "ddfimage", "--units", "grid:0"], "units like grid:16"),
        (["--method", "ddfimage", "--fill", "water"], "Unknown fill 'water'"),
        (["--method", "ddfimage", "--level", "1.5"], "at most 1"),
        (["--method", "ddfimage", "--mode", "maybe"], "Unknown mode"),
        (["--method", "ddfimage", "--target", "region:0,0,99,99"], "leaves the image"),
        (["--method", "ddfimage", "--target", "image:1"], "Expected a target like"),
        (["--method", "ddfimage", "--budget", "-3"], "budget"),
        (["--method", "gradient_input", "--target", "image"], "closeness:a"),
        (["--method", "sedc_t", "--towards", "night"], "--towards"),
        (["--method", "lime", "--samples", "0"], "samples"),
        (["--method", "intrinsic", "--target", "mean"], "'intrinsic' does not take --target"),
        (["--method", "intrinsic", "--units", "grid:8"], "'intrinsic' does not take --units"),
        (["--method", "task_share", "--target", "mean"], "'task_share' does not take --target"),
        (["--method", "task_share", "--segmenter", "deplab"], "did you mean deeplab"),
        (["--method", "task_share", "--segmenter", "deeplab:none.safetensors"], "none.safetensors"),
        (["--method", "lime", "--segmenter", "deeplab"], "'lime' does not take --segmenter"),
        (
            ["--method", "intrinsic", "--model", "deepfuse:infrared-visible"],
            "'deepfuse' is not interpretable by design",
        ),
    ],
)
def test_mistakes_get_one_sentence(
    pair: list[str], more: list[str], words: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "o"
    assert main(["explain", *pair, "--model", "average", *more, "-o", str(out)]) == 2
    error = capfd.readouterr().err
    assert words in error
    assert "Traceback" not in error
    assert not (out / "explanation.json").exists()


def test_a_models_own_account(pair: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "o"
    arguments = ["explain", *pair, "--method", "intrinsic", "--model", "weighted_average", "-o", str(out), "--json"]
    assert main(arguments) == 0
    shown = capfd.readouterr()
    answer = json.loads(shown.out)
    assert (answer["method"], answer["model"]) == ("intrinsic", "weighted_average")
    (result,) = answer["results"]
    facts = json.loads((out / "explanation.json").read_text())
    assert {key: facts[key] for key in ("summary", "facts")} == result
    assert all(sentence in shown.err for sentence in result["summary"])
    assert facts["settings"]["model"] == "weighted_average"
    assert {path.name for path in out.iterdir()} == {
        "explanation.json", "fused.png", "intrinsic_1_1_weights_infrared.png", "intrinsic_1_2_weights_visible.png",
        "maps.npz", "report.html",
    }  # fmt: skip
    with np.load(out / "maps.npz") as maps, Image.open(pair[0]) as ir, Image.open(pair[1]) as vi:
        a, b = (np.asarray(image, np.float64) / 255 for image in (ir, vi))
        assert np.allclose(maps["1_1_weights_infrared"], a / (a + b), atol=1e-6)
    page = (out / "report.html").read_text()
    assert "how weighted_average fuses this pair" in page
    assert result["summary"][0] in page


@pytest.mark.parametrize(("model", "says"), [("maximum", True), ("mine.py:make", False)])
def test_guidance_of_a_model_with_an_account_shows_it(
    model: str, says: bool, pair: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text("def make():\n    return lambda a, b: 0.6 * a + 0.4 * b\n")
    assert main(["explain", *pair, "--model", model, "--probes", "4", "-o", "o"]) == 0
    assert ("What the model says itself" in Path("o/report.html").read_text()) is says


def result_of(capfd: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capfd.readouterr().out)["results"][0]
    return found


def test_ignored_source_has_no_influence(pair: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.py").write_text("def make():\n    return lambda a, b: a * 1.0\n")
    model = ["--model", f"{tmp_path / 'mine.py'}:make"]
    arguments = [
        "explain",
        *pair,
        "--method",
        "ddfimage",
        *model,
        "--units",
        "grid:16",
        "-o",
        str(tmp_path / "o"),
        "--json",
    ]
    assert main([*arguments, "--which", "visible"]) == 0
    assert result_of(capfd)["status"] == "NO_INFLUENCE"
    assert main([*arguments, "--which", "infrared"]) == 0
    assert result_of(capfd)["status"] == "EXPLAINED"


def test_which_source_helps_the_task(pair: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "o"
    arguments = ["explain", *pair, "--method", "task_share", "--segmenter", "deeplab:road", "-o", str(out), "--json"]
    assert main([*arguments, "--model", "weighted_average"]) == 0
    (result,) = json.loads(capfd.readouterr().out)["results"]
    facts = json.loads((out / "explanation.json").read_text())
    expected = fl.task_share(fl.read_pair(*pair), load_segmenter(), model=fl.load_model("weighted_average"))
    for said, row in zip(facts["classes"], map(vars, expected.classes), strict=True):
        assert said.pop("name") == row["name"]
        assert said == pytest.approx({key: value for key, value in row.items() if key != "name"}, rel=1e-5)
    page = (out / "report.html").read_text()
    assert "which source helps a segmentation network in what weighted_average fuses" in page
    assert result["summary"] == list(expected.summary)
    assert result["summary"][0] in page
