"""The engine ray: the same bits as `local`, also where a worker is killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import fuselens as fl
from fuselens.batch.tables import read_rows
from fuselens.core.errors import InputError
from tests.batch.conftest import images_of

pytest.importorskip("ray", reason="the extra scale is not installed")
pytest.importorskip("pyarrow", reason="the extra batch is not installed")
Folders = Callable[[int], tuple[Path, Path]]
SLOW = """
import time
def make():
    def model(a, b):
        time.sleep(0.05)
        return (a + b) / 2
    return model
"""


def family_of(process: int) -> list[int]:
    """Return all processes that a process started, and those that they started."""
    parents: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((place / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        parents.setdefault(parent, []).append(int(place.name))
    found, waiting = [], [process]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def kill_a_worker(driver: int, manifest: Path, killed: list[int]) -> None:
    """Wait until some pairs are done, then kill a worker that is at one."""
    end = time.monotonic() + 120
    while time.monotonic() < end and not killed:
        time.sleep(0.05)
        if not manifest.is_file() or manifest.read_bytes().count(b"\n") < 10:
            continue
        for process in family_of(driver):
            try:
                title = Path(f"/proc/{process}/cmdline").read_text()
            except OSError:
                continue
            if title.startswith("ray::run_chunk"):
                os.kill(process, signal.SIGKILL)
                killed.append(process)
                return


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the workers in /proc")
def test_ray_gives_the_bits_of_local_though_a_worker_is_killed(folders: Folders, tmp_path: Path) -> None:
    pairs, out = folders(60), tmp_path / "ray"
    (tmp_path / "slow.py").write_text(SLOW)
    model = f"{tmp_path / 'slow.py'}:make"
    code = "from fuselens.cli.main import run; run()"
    line = [sys.executable, "-c", code, "batch", *map(str, pairs), "--model", model, "--work", "fuse", "-o", str(out)]
    killed: list[int] = []
    with subprocess.Popen(
        [*line, "--engine", "ray", "--workers", "2"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        hunter = threading.Thread(target=kill_a_worker, args=(process.pid, out / "manifest.jsonl", killed))
        hunter.start()
        _, said = process.communicate(timeout=240)
        hunter.join()
    assert process.returncode == 0, said
    assert killed
    local = fl.run_batch(model, *pairs, out=tmp_path / "local", work=["fuse"], workers=0)
    assert images_of(out) == images_of(local.out)
    assert [row["name"] for row in read_rows(out)] == [f"{number:04}" for number in range(60)]


def test_an_address_without_a_cluster_gets_one_sentence(folders: Folders, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No Ray cluster answers at 127\\.0\\.0\\.1:9"):
        fl.run_batch(
            "average", *folders(2), out=tmp_path / "out", engine="ray", address="127.0.0.1:9", work=["fuse"], workers=1
        )
