"""Scoring folders: right numbers, failures listed, resumed after an interruption, changed files seen."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fuselens as fl
from fuselens.core.errors import InputError
from fuselens.data.folders import PairFiles, match_folders
from fuselens.models import load_model
from fuselens.scoring.formats import to_csv, to_json, to_latex
from fuselens.scoring.methods import FusedByModel, FusedFiles
from fuselens.scoring.run import ScoreSettings, score_methods, worst_cases

SETTINGS = ScoreSettings(metrics=("en", "cc"))


def write(folder: Path, name: str, seed: int, size: tuple[int, ...] = (30, 34)) -> None:
    folder.mkdir(exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)).save(folder / f"{name}.png")


@pytest.fixture
def pairs(tmp_path: Path) -> list[PairFiles]:
    for i in range(4):
        write(tmp_path / "ir", f"p{i}", i)
        write(tmp_path / "vi", f"p{i}", 10 + i)
        write(tmp_path / "mine", f"p{i}", 20 + i)
    return match_folders(tmp_path / "ir", tmp_path / "vi")


def methods(pairs: list[PairFiles], folder: Path) -> list[FusedFiles | FusedByModel]:
    return [FusedFiles.in_folder(folder, pairs, "mine"), FusedByModel("average", load_model("average"))]


def test_numbers_are_those_of_score(pairs: list[PairFiles], tmp_path: Path) -> None:
    table = score_methods(pairs, methods(pairs, tmp_path / "mine"), SETTINGS)
    pair = fl.read_pair(pairs[2].a, pairs[2].b)
    mine = np.asarray(Image.open(tmp_path / "mine" / "p2.png"), np.float32) / 255
    import torch

    expected = fl.score(pair, torch.from_numpy(mine), ["en", "cc"])
    assert table.values[0, 2].tolist() == [expected["en"], expected["cc"]]
    fused = fl.score(pair, fl.fuse(load_model("average"), pair), ["en", "cc"])
    assert table.values[1, 2].tolist() == [fused["en"], fused["cc"]]
    assert not table.failures


def test_failures_are_listed_and_do_not_stop_the_rest(pairs: list[PairFiles], tmp_path: Path) -> None:
    (tmp_path / "mine" / "p0.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    write(tmp_path / "mine", "p1", 3, (10, 12))
    (tmp_path / "mine" / "p2.png").unlink()
    (tmp_path / "vi" / "p3.png").write_bytes(b"nothing")
    table = score_methods(pairs, methods(pairs, tmp_path / "mine"), SETTINGS)
    reasons = {(f.image, f.method): f.reason for f in table.failures}
    assert set(reasons) == {("p0", "mine"), ("p1", "mine"), ("p2", "mine"), ("p3", "")}
    assert "12x10 but its sources are 34x30" in reasons["p1", "mine"]
    assert "no fused image called p2" in reasons["p2", "mine"]
    assert np.isfinite(table.values[1, :3]).all()
    assert np.isnan(table.values[0]).all()


def test_resumes_where_it_stopped(pairs: list[PairFiles], tmp_path: Path) -> None:
    journal = tmp_path / "scores.jsonl"

    def stop(done: int, total: int) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_methods(pairs, methods(pairs, tmp_path / "mine"), SETTINGS, journal=journal, progress=stop)
    text = journal.read_text()
    journal.write_text(text[:-30])  # the last line was cut short
    whole = score_methods(pairs, methods(pairs, tmp_path / "mine"), SETTINGS)
    resumed = score_methods(pairs, methods(pairs, tmp_path / "mine"), SETTINGS, journal=journal)
    assert resumed.settings["reused"] == 3
    assert np.array_equal(resumed.values, whole.values)
    assert score_methods(pairs, methods(pairs, tmp_path / "mine"), SETTINGS, journal=journal).settings["reused"] == 8


def test_changed_files_and_settings_are_scored_anew(pairs: list[PairFiles], tmp_path: Path) -> None:
    journal = tmp_path / "scores.jsonl"
    first = score_methods(pairs, methods(pairs, tmp_path / "mine"), SETTINGS, journal=journal)
    write(tmp_path / "mine", "p1", 99)
    second = score_methods(pairs, methods(pairs, tmp_path / "mine"), SETTINGS, journal=journal)
    assert second.settings["reused"] == 7
    assert second.values[0, 1, 1] != first.values[0, 1, 1]
    other = ScoreSettings(metrics=("en",))
    assert score_methods(pairs, methods(pairs, tmp_path / "mine"), other, journal=journal).settings["reused"] == 0


def test_small_images_have_no_value_of_large_metrics(pairs: list[PairFiles], tmp_path: Path) -> None:
    table = score_methods(pairs, methods(pairs, tmp_path / "mine"), ScoreSettings(metrics=("en", "vif")))
    assert np.isfinite(table.values[..., 0]).all()
    assert np.isnan(table.values[..., 1]).all()


def test_worst_cases_bring_their_pictures(pairs: list[PairFiles], tmp_path: Path) -> None:
    made = methods(pairs, tmp_path / "mine")
    cases = worst_cases(score_methods(pairs, made, SETTINGS), pairs, made, SETTINGS, count=2)
    assert [case.method for case in cases] == ["mine", "mine", "average", "average"]
    assert cases[0].fused.y.shape == cases[0].pair.a.y.shape


def test_formats(pairs: list[PairFiles], tmp_path: Path) -> None:
    table = score_methods(pairs, methods(pairs, tmp_path / "mine"), SETTINGS)
    rows = list(csv.DictReader(io.StringIO(to_csv(table))))
    assert len(rows) == 8
    assert float(rows[5]["cc"]) == table.values[1, 1, 1]
    facts = json.loads(json.dumps(to_json(table), default=float))
    assert facts["methods"]["mine"]["en"]["mean"] == pytest.approx(table.values[0, :, 0].mean())
    latex = to_latex(table, "100 % of TNO_1")
    assert r"\caption{100 \% of TNO\_1}" in latex
    assert latex.count(r"\textbf{") == 2
    assert latex.count(r"\underline{") == 2
    assert latex.count("&") == 3 * 2


@pytest.mark.parametrize("count", [0, 2])
def test_methods_need_names_of_their_own(count: int, pairs: list[PairFiles]) -> None:
    with pytest.raises(InputError, match=r"at least one pair|Two methods are called"):
        score_methods(pairs, [FusedByModel("average", load_model("average"))] * count, SETTINGS)


def test_folder_without_a_match_is_refused(pairs: list[PairFiles], tmp_path: Path) -> None:
    write(tmp_path / "else", "other", 1)
    with pytest.raises(InputError, match=r"p0, p1, p2, \.\.\..*other"):
        FusedFiles.in_folder(tmp_path / "else", pairs, "else")
