"""Whole batches: skipped, failed, killed, resumed, refused; the same results from every engine."""

from __future__ import annotations

import math
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import fuselens as fl
from fuselens.batch.manifest import read_records
from fuselens.batch.tables import read_rows
from fuselens.core.errors import FuseLensError, InputError, UnknownNameError
from fuselens.robustness.measure import measured
from tests.batch.conftest import images_of

pytest.importorskip("pyarrow", reason="the extra batch is not installed")
pytest.importorskip("pebble", reason="the extra batch is not installed")
Folders = Callable[[int], tuple[Path, Path]]
LONG = 120  # seconds


def here(model: Any, pairs: Sequence[Path], out: Path, **settings: Any) -> fl.Batch:
    """Run a batch in this process."""
    return fl.run_batch(model, *pairs, out=out, workers=0, **settings)


def test_rows_and_images_are_those_of_single_calls(folders: Folders, tmp_path: Path) -> None:
    a, b = folders(5)
    out = tmp_path / "out"
    seen: list[tuple[int, int]] = []
    done = here(
        "average", (a, b), out, work=["fuse", "share", "score"], metrics=["en", "ssim"], regions=["top=0,0,16,48"],
        progress=lambda settled, all_: seen.append((settled, all_)),
    )  # fmt: skip
    assert (done.done, done.skipped, done.failed) == (5, 0, 0)
    assert seen == [(number, 5) for number in range(6)]
    model = fl.load_model("average")
    for row in read_rows(out):
        pair = fl.read_pair(a / f"{row['name']}.png", b / f"{row['name']}.png", ("infrared", "visible"))
        fused = fl.fuse(model, pair)
        assert np.array_equal(np.asarray(Image.open(out / "fused" / f"{row['name']}.png")), fused.array())
        one = measured(model, pair, None)
        assert row["share"] == pytest.approx(one.share)
        assert row["shares"] == pytest.approx(one.shares.tolist())
        top = one.moved[:, : one.moved.shape[1] // 2].sum(dim=1)  # the upper row of cells, all of one size
        assert row["share_top"] == pytest.approx(float(top[0] / top.sum()), rel=1e-5)
        scores = fl.score(pair, fused, ["en", "ssim"])
        assert row["score_en"] == pytest.approx(scores["en"])
        assert row["score_ssim"] == pytest.approx(scores["ssim"])
        assert row["level_a"] == pytest.approx(float(pair.a.y.mean()))


def test_what_is_done_and_sound_is_skipped_and_the_rest_done_again(folders: Folders, tmp_path: Path) -> None:
    a, b = folders(6)
    out = tmp_path / "out"
    here("average", (a, b), out)
    before = images_of(out)
    assert here("average", (a, b), out).skipped == 6
    (out / "fused" / "0001.png").unlink()
    (out / "fused" / "0002.png").write_bytes(b"damaged")
    Image.fromarray(np.full((32, 48), 7, np.uint8)).save(a / "0003.png")
    for path in b.iterdir():
        path.touch()  # a copy has new dates and the same bytes
    again = here("average", (a, b), out)
    assert (again.done, again.skipped) == (3, 3)
    after = images_of(out)
    assert [name for name in before if before[name] != after[name]] == ["0003.png"]
    assert [row["index"] for row in read_rows(out)] == list(range(6))


def test_failures_are_listed_with_their_reason_and_tried_again(folders: Folders, tmp_path: Path) -> None:
    a, b = folders(6)
    (a / "0001.png").write_bytes((a / "0001.png").read_bytes()[:60])
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(b / "0003.png")
    out = tmp_path / "out"
    done = here("average", (a, b), out, alarms=["failed"])
    assert (done.done, done.failed) == (4, 2)
    reasons = dict(done.failures)
    assert set(reasons) == {"0001", "0003"}
    assert "0001.png" in reasons["0001"]
    assert "48x32" in reasons["0003"]
    assert [event.first for event in done.events] == ["0001", "0003"]
    rows = list(read_rows(out))
    assert [row["status"] for row in rows] == ["done", "failed", "done", "failed", "done", "done"]
    folders(6)
    assert here("average", (a, b), out).done == 2


def test_a_model_that_fails_on_one_pair_fails_there_alone(folders: Folders, tmp_path: Path) -> None:
    calls: list[int] = []

    def moody(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("bad mood")
        return a * math.nan if len(calls) == 3 else (a + b) / 2

    done = here(moody, folders(4), tmp_path / "out", work=["fuse"])
    reasons = dict(done.failures)
    assert "RuntimeError: bad mood" in reasons["0001"]
    assert "NaN" in reasons["0002"]
    assert done.done == 2
    assert sorted(images_of(tmp_path / "out")) == ["0000.png", "0003.png"]


def test_several_processes_give_the_bits_of_one(folders: Folders, tmp_path: Path) -> None:
    pairs = folders(20)
    one = fl.run_batch("laplacian_pyramid", *pairs, out=tmp_path / "one", workers=1)
    two = fl.run_batch("laplacian_pyramid", *pairs, out=tmp_path / "two", workers=2)
    assert one.done == two.done == 20
    assert images_of(one.out) == images_of(two.out)
    kept = [
        [{key: value for key, value in row.items() if not key.startswith("took")} for row in read_rows(each.out)]
        for each in (one, two)
    ]
    assert kept[0] == kept[1]


DEADLY = """
import os, torch
def make():
    def model(a, b):
        if float(a.max()) == 1 and float(a.min()) == 1:  # a white image kills its process
            os.kill(os.getpid(), 9)
        return (a + b) / 2
    return model
"""


def test_a_pair_that_kills_its_process_fails_and_its_neighbours_do_not(folders: Folders, tmp_path: Path) -> None:
    a, b = folders(11)
    Image.fromarray(np.full((32, 48), 255, np.uint8)).save(a / "0004.png")
    (tmp_path / "deadly.py").write_text(DEADLY)
    done = fl.run_batch(f"{tmp_path / 'deadly.py'}:make", a, b, out=tmp_path / "out", work=["fuse"], workers=2)
    assert (done.done, done.failed) == (10, 1)
    assert done.failures[0][0] == "0004"
    assert "process died 2 times" in done.failures[0][1]


def command(pairs: Sequence[Path], out: Path, *more: str) -> list[str]:
    """Return the command line of a batch in two processes."""
    start = [sys.executable, "-c", "from fuselens.cli.main import run; run()", "batch", *map(str, pairs)]
    return [*start, "-o", str(out), "--work", "fuse", "--model", "laplacian_pyramid", *more]


def records_in(out: Path) -> int:
    return sum(1 for _ in read_records(out)) if (out / "manifest.jsonl").is_file() else 0


def test_killed_at_random_moments_it_ends_whole(folders: Folders, tmp_path: Path) -> None:
    pairs, out, dice = folders(120), tmp_path / "out", random.Random(1)
    seen = []
    for _ in range(2):
        with subprocess.Popen(command(pairs, out, "--workers", "2"), stderr=subprocess.DEVNULL) as process:
            enough = records_in(out) + dice.randint(1, 20)
            end = time.monotonic() + LONG
            while records_in(out) < enough and process.poll() is None and time.monotonic() < end:
                time.sleep(dice.uniform(0, 0.02))
            os.kill(process.pid, signal.SIGKILL)
        seen.append(records_in(out))
    assert 0 < seen[0] <= seen[1]
    subprocess.run(command(pairs, out, "--workers", "2"), check=True, capture_output=True, timeout=LONG)
    calm = fl.run_batch("laplacian_pyramid", *pairs, out=tmp_path / "calm", work=["fuse"], workers=0)
    assert images_of(out) == images_of(calm.out)
    assert [row["name"] for row in read_rows(out)] == [f"{number:04}" for number in range(120)]
    assert not [path for path in out.rglob(".*") if path.name != ".batch.lock"]


def test_a_second_run_into_the_folder_is_refused(folders: Folders, tmp_path: Path) -> None:
    pairs, out = folders(40), tmp_path / "out"
    with subprocess.Popen(command(pairs, out, "--workers", "0"), stderr=subprocess.DEVNULL) as first:
        end = time.monotonic() + LONG
        while not (out / "manifest.jsonl").is_file() and time.monotonic() < end:
            time.sleep(0.01)
        first.send_signal(signal.SIGSTOP)
        second = subprocess.run(command(pairs, out), capture_output=True, text=True, check=False, timeout=LONG)
        first.send_signal(signal.SIGCONT)
        assert first.wait(LONG) == 0
    assert second.returncode == 2
    assert "Another batch is at work" in second.stderr
    assert "Traceback" not in second.stderr
    assert len(images_of(out)) == 40


def test_a_full_disk_ends_the_run_with_one_sentence_and_it_goes_on(folders: Folders, tmp_path: Path) -> None:
    pairs, out = folders(4), tmp_path / "out"
    little = 600  # bytes a file may have: less than an image, more than the first lines of a manifest

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (little, little))

    stopped = subprocess.run(
        command(pairs, out, "--workers", "0"), capture_output=True, text=True, check=False, timeout=LONG,
        preexec_fn=limit,
    )  # fmt: skip
    assert stopped.returncode == 2, stopped.stderr
    assert "run the same command again" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert not list((out / "fused").iterdir())
    subprocess.run(command(pairs, out, "--workers", "0"), check=True, capture_output=True, timeout=LONG)
    assert len(images_of(out)) == 4


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"work": ["paint"]}, "Unknown work 'paint'"), ({"work": []}, "some work"),
     ({"work": ["explain"]}, "explain:lime"),
     ({"work": ["explain:magic"]}, "Unknown explainer"), ({"work": ["fuse:lime"]}, "such as fuse"),
     ({"engine": "steam"}, "Unknown engine"), ({"workers": -1}, "0 or more"), ({"metrics": ["beauty"]}, "beauty"),
     ({"regions": ["road=0,0,99,99"]}, None), ({"alarms": ["share ir < 1"], "work": ["fuse"]}, "alarm"),
     ({"image_format": "gif"}, None)],
)  # fmt: skip
def test_mistakes_get_one_sentence(
    settings: dict[str, Any], words: str | None, folders: Folders, tmp_path: Path
) -> None:
    given = {"workers": 0} | settings
    if words is None:  # found out at the pairs
        done = fl.run_batch("average", *folders(2), out=tmp_path / "out", **given)
        assert done.failed == 2
        return
    with pytest.raises(FuseLensError, match=words):
        fl.run_batch("average", *folders(2), out=tmp_path / "out", **given)
    assert not (tmp_path / "out").exists()


def test_other_settings_need_another_folder(folders: Folders, tmp_path: Path) -> None:
    pairs, out = folders(2), tmp_path / "out"
    here("average", pairs, out)
    with pytest.raises(InputError, match="model"):
        here("maximum", pairs, out)
    assert here("maximum", pairs, out, fresh=True).done == 2
    with pytest.raises(UnknownNameError, match="nothing"):
        here("nothing", pairs, out)


def test_a_model_that_cannot_be_sent_says_so(folders: Folders, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="workers=0"):
        fl.run_batch(lambda a, b: (a + b) / 2, *folders(2), out=tmp_path / "out", workers=1)
