"""Every kind of work: its files appear whole and are listed, its row is plain data, and it is repeatable."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fuselens as fl
from fuselens.batch.plan import Plan
from fuselens.batch.scene import Scene
from fuselens.batch.tables import read_rows
from fuselens.batch.work import WORK, chosen_work, work_of
from fuselens.core.files import plain

Folders = Callable[[int], tuple[Path, Path]]
ALL = [name if name != "explain" else "explain:occlusion" for name in WORK]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    pair = fl.example_pair("street", size=(64, 80))
    return Scene("frame 1", pair, fl.load_model("weighted_average"), tmp_path)


@pytest.mark.parametrize("word", ALL)
def test_work_keeps_its_contract(word: str, scene: Scene, tmp_path: Path) -> None:
    function, detail = work_of(*chosen_work([word]))
    plan = Plan("weighted_average", scene.pair.names, tmp_path, metrics=("en", "ssim"))
    made = function(scene, plan, detail)
    json.dumps(plain(made.row), allow_nan=False)
    written = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert set(made.files) == written
    assert all(scene.name in (path.stem, path.parent.name) for path in written)
    again = function(scene, plan, detail)
    assert json.dumps(plain(again.row)) == json.dumps(plain(made.row))
    assert set(again.files) == written
    assert not list(tmp_path.rglob(".*"))


def test_guidance_and_shares_are_those_of_the_explainers(folders: Folders, tmp_path: Path) -> None:
    a, b = folders(2)
    out = tmp_path / "out"
    fl.run_batch(
        "weighted_average", a, b, out=out, work=["guidance", "explain:lime"], workers=0, target="region:4,4,20,24"
    )
    for row in read_rows(out):
        pair = fl.read_pair(a / f"{row['name']}.png", b / f"{row['name']}.png", ("infrared", "visible"))
        found = fl.guidance(fl.load_model("weighted_average"), pair)
        maps = np.load(out / "guidance" / row["name"] / "maps.npz")
        assert np.array_equal(maps["attribution_a"], found.a.numpy())
        assert row["guidance_share"] == pytest.approx(float(found.share().nanmean()))
        target = fl.targets.parse_target("region:4,4,20,24")
        lime = fl.explain(fl.load_model("weighted_average"), pair, "lime", target=target, seed=0)
        assert row["lime_share"] == pytest.approx(lime.share())


def test_a_source_that_shows_nothing_has_no_share(tmp_path: Path) -> None:
    for name in ("ir", "vi"):
        (tmp_path / name).mkdir()
        Image.fromarray(np.full((32, 32), 90, np.uint8)).save(tmp_path / name / "0.png")
    fl.run_batch("average", tmp_path / "ir", tmp_path / "vi", out=tmp_path / "out", work=["share"], workers=0)
    (row,) = read_rows(tmp_path / "out")
    assert row["share"] is None or math.isnan(row["share"])
    assert row["spread_a"] == pytest.approx(0, abs=1e-6)
