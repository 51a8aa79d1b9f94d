"""From folders to weights, by Python and by command; small, so that it takes seconds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fuselens.cli.main import main
from fuselens.core.errors import InputError
from fuselens.core.tensor_files import file_hash
from fuselens.segmentation import build, load_segmenter
from fuselens.segmentation.build import SegmenterPlan, build_segmenter
from fuselens.segmentation.classes import MSRS, ROAD
from fuselens.segmentation.train import SegmenterRecipe

RECIPE = SegmenterRecipe(steps=2, batch_size=2, crop=32, epoch_steps=1)
TINY = SegmenterPlan(name="tiny", classes=None, scenes=0, width=0.25, channels=8, recipe=RECIPE, data_words="noise")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for part, high in (("ir", 256), ("vi", 256), ("label", 9)):
        place = tmp_path / "data" / part
        place.mkdir(parents=True)
        for name in "ab":
            Image.fromarray(random.integers(0, high, (40, 36), dtype=np.uint8)).save(place / f"{name}.png")
    return tmp_path / "data"


def test_a_folders_own_classes(folder: Path, tmp_path: Path) -> None:
    weights = build_segmenter(TINY, [folder], tmp_path / "run", test=[folder])
    network = load_segmenter("deeplab", weights)
    assert network.classes == MSRS
    card = json.loads(weights.with_suffix(".json").read_text())
    assert card["sha256"] == file_hash(weights)
    assert card["pairs"] == 2
    assert card["data"] == "noise"
    assert set(card["test"]["data"]) == {"pairs", "first", "second", "mean"}
    assert np.sum(card["test"]["data"]["mean"]["confusion"]) == 2 * 40 * 36
    again = build_segmenter(TINY, [folder], tmp_path / "again")
    image = torch.rand(1, 1, 40, 36)
    assert torch.equal(load_segmenter("deeplab", again)(image), network(image))
    assert again.read_bytes() == weights.read_bytes()


def test_scenes_join_in_the_chosen_table(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "SCENE_SIZE", (64, 64))
    monkeypatch.setattr(build, "HELD_OUT", 2)
    weights = build_segmenter(SegmenterPlan(**{**vars(TINY), "scenes": 2, "classes": ROAD}), [folder], tmp_path / "run")
    card = json.loads(weights.with_suffix(".json").read_text())
    assert card["classes"] == list(ROAD)
    assert card["pairs"] == 4
    assert card["test"]["generated scenes"]["pairs"] == 2
    assert 0 <= card["losses"]["mean_iou"] <= 1


def test_nothing_to_train_on(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to train on"):
        build_segmenter(TINY, [], tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_command(folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    line = [
        "segment-train",
        str(folder),
        "-o",
        str(tmp_path / "run"),
        "--classes",
        "rest,car",
        "--steps",
        "2",
        "--name",
        "mine",
    ]
    assert main([*line, "--width", "0.25", "--device", "cpu", "--json"]) == 0
    shown = capfd.readouterr()
    answer = json.loads(shown.out)
    assert Path(answer["weights"]).name == "deeplab-mine.safetensors"
    card = json.loads(Path(answer["card"]).read_text())
    assert card["plan"]["recipe"]["steps"] == 2
    assert card["classes"] == ["rest", "car"]
    assert "step 2/2" in shown.err


def test_mistakes_of_the_command(folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = ["-o", str(tmp_path / "run")]
    for arguments, message in (
        ([], "nothing to train on"),
        ([str(tmp_path / "none")], "is missing; name a folder of labelled pairs"),
        ([str(folder), "--steps", "0"], "Expected steps"),
        ([str(folder), "--width", "9"], "Expected a width"),
        ([str(folder), "--classes", "car"], "at least two"),
        ([str(folder), "--device", "abacus"], "Device 'abacus'"),
    ):
        assert main(["segment-train", *arguments, *out]) == 2
        shown = capfd.readouterr()
        assert message in shown.err
        assert "Traceback" not in shown.err
        assert not (tmp_path / "run").exists()
