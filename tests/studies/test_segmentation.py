"""The segmentation study on tiny planted pairs: rows, resuming, and its verdict against a calculation by hand."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

import fuselens as fl
from fuselens.cli.main import main
from fuselens.core.errors import InputError
from fuselens.segmentation import train
from fuselens.segmentation.labelled import LabelledPairs
from fuselens.segmentation.measure import Confusion
from fuselens.segmentation.train import SegmenterRecipe
from fuselens.studies.outputs import StudyResult
from fuselens.studies.segmentation_runs import SegmentationProtocol, SegmentationScores
from fuselens.studies.segmentation_table import run, verdict

CLASSES = ("background", "warm", "bright")
PROTOCOL = SegmentationProtocol(
    SegmenterRecipe(steps=2, epoch_steps=1, batch_size=2, crop=32), seeds=2, network={"width": 0.25, "channels": 8}
)


def planted(count: int, seed: int) -> LabelledPairs:
    """Squares that only the first sensor sees, and squares that only the second sees."""
    random = np.random.default_rng(seed)
    samples = []
    for _ in range(count):
        a, b, label = torch.zeros(1, 48, 48), torch.zeros(1, 48, 48), torch.zeros(48, 48, dtype=torch.int64)
        for number, image in ((1, a), (2, b)):
            top, left = random.integers(0, 36, 2)
            place = slice(top, top + 12), slice(left, left + 12)
            image[0][place] = 1
            label[place] = number
        samples.append((a, b, label))
    return LabelledPairs([f"{seed}-{i}" for i in range(count)], samples.__getitem__, CLASSES)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("segmentation")


@pytest.fixture(scope="module")
def result(place: Path) -> StudyResult:
    return run([fl.load_model("maximum")], planted(4, 0), planted(3, 1), place, protocol=PROTOCOL)


def test_there_is_a_row_for_each_input_seed_and_class(place: Path, result: StudyResult) -> None:
    assert len(result.rows) == 3 * 2 * 3
    assert {row["input"] for row in result.rows} == {"infrared alone", "visible alone", "maximum"}
    by_seed = [
        np.nanmean([row["iou"] for row in result.rows if (row["input"], row["seed"]) == ("maximum", seed)])
        for seed in (0, 1)
    ]
    of_maximum = next(row for row in result.summary if (row["input"], row["metric"]) == ("maximum", "mIoU"))
    assert [of_maximum["seed_0"], of_maximum["seed_1"]] == pytest.approx(by_seed)
    assert of_maximum["std"] == pytest.approx(abs(by_seed[0] - by_seed[1]) / 2**0.5)


def test_all_files_are_written(place: Path, result: StudyResult) -> None:
    with (place / "cases.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 18
    found = json.loads((place / "study.json").read_text(encoding="utf-8"))
    assert np.array(found["confusion"]["maximum"]).sum() == 2 * 3 * 48 * 48
    page = (place / "study.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 2
    assert found["verdicts"][0] in page
    assert (place / "table.tex").is_file()


def test_finished_trainings_are_taken_over(place: Path, result: StudyResult, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> torch.Tensor:
        raise AssertionError("a finished training was trained again")

    monkeypatch.setattr(train, "segmentation_loss", refused)
    again = run([fl.load_model("maximum")], planted(4, 0), planted(3, 1), place, protocol=PROTOCOL)
    assert again.summary == result.summary


def scores_of(means: dict[str, list[float]]) -> SegmentationScores:
    """Scores of a table of one class: its accuracy and IoU are the given share of 1000 pixels."""

    def confusion(share: float) -> Confusion:
        found = Confusion(("nothing", "thing"))
        found.counts = torch.tensor([[0, 0], [1000 - round(1000 * share), round(1000 * share)]])
        return found

    found = {(name, seed): confusion(v) for name, values in means.items() for seed, v in enumerate(values)}
    return SegmentationScores(tuple(means), tuple(range(3)), found, {})


def test_the_verdict_is_students_interval_over_the_seeds() -> None:
    """Class 0 has IoU 0, so that mean IoUs are half the shares."""
    scores = scores_of(
        {"a": [0.2, 0.3, 0.1], "b": [0.5, 0.4, 0.6], "fused": [0.62, 0.56, 0.7], "poor": [0.3, 0.6, 0.5]}
    )
    gains = 50 * (np.array([0.62, 0.56, 0.7]) - np.array([0.5, 0.4, 0.6]))
    low, high = stats.t.interval(0.95, 2, gains.mean(), gains.std(ddof=1) / 3**0.5)
    assert low > 0
    words = verdict(scores, "fused")
    assert words.startswith("fused is better than b, the better source")
    assert f"{gains.mean():+.1f} points" in words
    assert f"{low:+.1f} to {high:+.1f}" in words
    assert verdict(scores, "poor").startswith("poor is not surely different from b")


def test_bad_input_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="at least 2 seeds"):
        SegmentationProtocol.of(True, seeds=1)
    other = LabelledPairs(["x"], planted(1, 2).__getitem__, ("background", "else", "other"))
    with pytest.raises(InputError, match="different class tables"):
        run([], planted(2, 0), other, tmp_path, protocol=PROTOCOL)
    for arguments, sentence in (
        ([], "Expected at least one --model"),
        (["--model", "average", "--train", "."], "Name both --train and --test"),
        (["--model", "average", "--limit", "0"], "--limit of at least 1"),
    ):
        assert main(["study", "segmentation-table", "--quick", "-o", str(tmp_path / "x"), *arguments]) == 2
        assert sentence in capsys.readouterr().err
