"""Batches: throughput, both cores, memory; against plain loops; both engines; and what is left after many a `kill -9`.

python benchmarks/batch.py                      # 2,000 generated pairs of 320x240
python benchmarks/batch.py --parts kill ray     # only the torture, and Ray against `local`
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fuselens.batch.manifest import read_records
from fuselens.batch.record import hash_of
from fuselens.cli.batch import write_example

FUSELENS = [sys.executable, "-c", "from fuselens.cli.main import run; run()"]
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
PARTS = ("local", "loop", "ray", "kill")


class Family:
    """A process and all that it started, watched: memory, processor time."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path) -> None:
        self._process, self._out = process, out
        self.peaks: list[tuple[int, float]] = []  # (pairs done, MB of the whole family)
        self.seconds = 0.0
        self._spent: dict[int, float] = {}
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def members(self) -> Iterator[Path]:
        """Yield the places of all its processes in /proc."""
        children: dict[int, list[int]] = {}
        for place in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((place / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(place.name))
        waiting = [self._process.pid]
        while waiting:
            one = waiting.pop()
            yield Path(f"/proc/{one}")
            waiting += children.get(one, [])

    def _watch(self) -> None:
        while self._process.poll() is None:
            memory = 0.0
            for place in self.members():
                try:
                    memory += int((place / "statm").read_text().split()[1]) * PAGE / 2**20
                    fields = (place / "stat").read_text().rsplit(")", 1)[1].split()
                    self._spent[int(place.name)] = (int(fields[11]) + int(fields[12])) / TICKS
                except OSError:
                    continue
            manifest = self._out / "manifest.jsonl"
            done = manifest.read_bytes().count(b"\n") - 1 if manifest.is_file() else 0
            self.peaks.append((max(done, 0), memory))
            self.seconds = sum(self._spent.values())
            time.sleep(0.3)


@contextmanager
def started(arguments: list[str], out: Path) -> Iterator[tuple[subprocess.Popen[bytes], Family]]:
    """Run `fuselens batch` in a process of its own."""
    with subprocess.Popen([*FUSELENS, "batch", *arguments, "-o", str(out)], stderr=subprocess.DEVNULL) as process:
        yield process, Family(process, out)


def images_of(out: Path) -> dict[str, str]:
    """Return the hash of every fused image."""
    return {path.name: hash_of(path) for path in sorted((out / "fused").iterdir())}


def measured(arguments: list[str], out: Path, count: int, words: str) -> tuple[float, Family]:
    """Run a batch to its end, and print what it took."""
    began = time.perf_counter()
    with started(arguments, out) as (process, family):
        code = process.wait()
    took = time.perf_counter() - began
    assert code == 0, f"{words} ended with {code}"
    cores = os.cpu_count() or 1
    print(
        f"{words:<32}{took:>8.1f} s{count / took:>9.1f} pairs/s{family.seconds / took / cores:>9.0%} of {cores} cores"
        f"{max(memory for _, memory in family.peaks):>8.0f} MB",
        flush=True,
    )
    return took, family


def draw_memory(family: Family, path: Path) -> None:
    """Draw memory against pairs done."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.subplots()
    axes.plot([done for done, _ in family.peaks], [memory for _, memory in family.peaks])
    axes.set(xlabel="pairs done", ylabel="MB, all processes", ylim=(0, None))
    figure.savefig(path, dpi=150)
    for done in (200, 500, 1000, 1500, 2000):
        near = [memory for at, memory in family.peaks if done - 100 <= at <= done]
        if near:
            print(f"    memory at {done} pairs: {max(near):.0f} MB")


def against_loops(pairs: list[str], model: list[str], folder: Path, count: int, took: float) -> None:
    """Compare with `fuselens fuse` over the folders, and called pair by pair; both on a part, counted up to all."""
    part = min(count, 400)
    some = []
    for place in pairs:
        some.append(folder / "some" / Path(place).name)
        some[-1].mkdir(parents=True)
        for path in sorted(Path(place).iterdir())[:part]:
            (some[-1] / path.name).hardlink_to(path)
    began = time.perf_counter()
    subprocess.run(
        [*FUSELENS, "fuse", *map(str, some), *model, "-o", str(folder / "loop")], check=True, capture_output=True
    )
    whole = (time.perf_counter() - began) / part * count
    few = sorted(some[0].iterdir())[:5]
    began = time.perf_counter()
    for a in few:
        b = Path(pairs[1]) / a.name
        subprocess.run(
            [*FUSELENS, "fuse", str(a), str(b), *model, "-o", str(folder / "one")], check=True, capture_output=True
        )
    single = (time.perf_counter() - began) / len(few) * count
    print(f"{'fuselens fuse, both folders':<32}{whole:>8.1f} s   ratio {whole / took:.1f} (from {part} pairs)")
    print(f"{'fuselens fuse, pair by pair':<32}{single:>8.0f} s   ratio {single / took:.0f} (from {len(few)} pairs)")


def against_ray(pairs: list[str], model: list[str], folder: Path, count: int) -> None:
    """Compare the engines' images, with a Ray worker killed in the middle."""
    arguments = [*pairs, *model, "--work", "fuse", "--workers", "2", "--engine"]
    measured([*arguments, "local"], folder / "engine-local", count, "local, two processes")
    out = folder / "engine-ray"
    began = time.perf_counter()
    killed = 0
    with started([*arguments, "ray"], out) as (process, family):
        while process.poll() is None:
            time.sleep(0.5)
            if killed or not family.peaks or family.peaks[-1][0] < count // 4:
                continue
            for place in family.members():
                try:
                    title = (place / "cmdline").read_text()
                except OSError:
                    continue
                if title.startswith("ray::"):
                    os.kill(int(place.name), signal.SIGKILL)
                    killed += 1
                    break
    before, after = images_of(folder / "engine-local"), images_of(out)
    same = before == after
    differing = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    print(
        f"{'ray, two workers, one killed':<32}{time.perf_counter() - began:>8.1f} s   workers killed: {killed}, exit "
        f"{process.returncode}, images the same: {same}",
        *differing[:5],
        flush=True,
    )
    assert same


def lines_in(out: Path) -> int:
    """Return how many records a batch has written."""
    return sum(1 for _ in read_records(out)) if (out / "manifest.jsonl").is_file() else 0


def torture(pairs: list[str], model: list[str], folder: Path, count: int, times: int) -> None:
    """Kill the whole run at random moments, run it again each time, and look at what is there at the end."""
    arguments = [*pairs, *model, "--work", "fuse", "--work", "share", "--workers", "2"]
    out, dice, kept = folder / "tortured", random.Random(0), []
    for _ in range(times):
        with started(arguments, out) as (process, _):
            before, wait = lines_in(out), dice.uniform(0, 2.5)
            while process.poll() is None and lines_in(out) == before:
                time.sleep(0.02)  # kill it at work, not while it starts
            try:
                process.wait(wait)
            except subprocess.TimeoutExpired:
                os.kill(process.pid, signal.SIGKILL)
        kept.append(lines_in(out))
    print(f"killed {len(kept)} times; records then: {kept}")
    code = subprocess.run([*FUSELENS, "batch", *arguments, "-o", str(out)], capture_output=True, check=False).returncode
    records = {record.name: record for record in read_records(out)}
    lines = lines_in(out)
    whole = all(fact.holds_of(out / fact.path) for record in records.values() for fact in record.outputs)
    hidden = [path for path in out.rglob(".*") if path.name != ".batch.lock"]
    subprocess.run([*FUSELENS, "batch", *arguments, "-o", str(folder / "calm")], capture_output=True, check=True)
    same = images_of(out) == images_of(folder / "calm")
    print(
        f"at the end: exit {code}, {len(records)} of {count} pairs, {lines - len(records)} done twice, "
        f"all files whole: {whole}, leftovers: {len(hidden)}, the same images as of a calm run: {same}"
    )
    assert code == 0
    assert len(records) == count
    assert whole
    assert same
    assert not hidden


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=2000)
    parser.add_argument("--model", default="deepfuse:infrared-visible")
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--figure", type=Path, default=Path("batch-memory.png"))
    options = parser.parse_args()
    model = ["--model", options.model]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        a, b = write_example("street", options.pairs, None, 0, folder / "pairs")
        pairs = [str(a), str(b)]
        print(json.dumps({"pairs": options.pairs, "size": "320x240", "model": options.model, "cpus": os.cpu_count()}))
        took = 0.0
        if {"local", "loop"} & {*options.parts}:
            took, family = measured([*pairs, *model, "--work", "fuse"], folder / "local", options.pairs, "local")
            draw_memory(family, options.figure)
        if "loop" in options.parts:
            against_loops(pairs, model, folder, options.pairs, took)
        if "ray" in options.parts:
            against_ray(pairs, model, folder, options.pairs)
        if "kill" in options.parts:
            torture(pairs, model, folder, options.pairs, options.kills)


if __name__ == "__main__":
    main()
