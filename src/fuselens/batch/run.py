"""A batch from its items to its tables: what is done is skipped, what fails is listed, what is killed goes on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from fuselens.batch.alarms import Alarm, parse_alarms
from fuselens.batch.engines import ENGINES, Engine
from fuselens.batch.events import Event, find_events
from fuselens.batch.items import Item, Items, find_items
from fuselens.batch.manifest import Manifest, clean
from fuselens.batch.plan import Plan, parse_regions
from fuselens.batch.record import Record
from fuselens.batch.tables import write_events, write_rows
from fuselens.batch.work import chosen_work
from fuselens.batch.worker import Chunk, model_of
from fuselens.core.errors import InputError
from fuselens.core.files import prepare_folder
from fuselens.core.results import model_settings
from fuselens.metrics import chosen_metrics
from fuselens.models.weights import best_model

CHUNK = 8
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Batch:
    """A batch that ended.

    Attributes:
        out: its folder.
        plan: what was done.
        items: what it was done to.
        done, skipped, failed: pairs done now, done by an earlier run, and failed.
        failures: name and reason of each that failed.
        events: what the alarms found, in order of time.
    """

    out: Path
    plan: Plan
    items: Items
    done: int
    skipped: int
    failed: int
    failures: tuple[tuple[str, str], ...]
    events: tuple[Event, ...]

    def records(self) -> Iterator[Record]:
        """Yield all records in the order of the items; nothing is kept in memory."""
        with Manifest(self.out, self.plan.record()) as manifest:
            yield from _in_order(manifest, self.items)


def run_batch(
    model: Any,
    first: str | Path | Items,
    second: str | Path | None = None,
    *,
    out: str | Path,
    work: Sequence[str] = ("fuse", "share"),
    names: tuple[str, str] | None = None,
    alarms: Sequence[str] = (),
    regions: Sequence[str] = (),
    metrics: Sequence[str] | None = None,
    target: str | None = None,
    image_format: str = "png",
    keep_colour: bool = True,
    normalize: Literal["minmax"] | None = None,
    window: tuple[float, float] | Literal["percentile"] | None = None,
    engine: str = "local",
    workers: int | None = None,
    address: str | None = None,
    device: str = "cpu",
    seed: int = 0,
    fresh: bool = False,
    progress: Progress | None = None,
) -> Batch:
    """Do some work to every pair, in several processes; run again, it skips what is done and does the rest.

    Args:
        model: a name as on the command line (`"deepfuse:infrared-visible"`, `"path.py:factory"`, `"file.onnx"`), None
            for the best one of the modalities, or any operator that can be pickled (any at all with `workers=0`).
        first, second: two folders, two patterns of files, two videos, or one folder or list: see `find_items`.
        out: folder for `manifest.jsonl`, `rows/`, `events.csv` and the files of each kind of work.
        work: `"fuse"`, `"share"`, `"score"`, `"guidance"`, `"explain:METHOD"`.
        names: modality names.
        alarms: rules such as `"share infrared < 0.1 for 5"`, see `parse_alarms`.
        regions: parts of the image with a name, such as `"road=120,0,240,320"`.
        metrics: what `"score"` computes; None: EN, SD, SF, VIF, Qabf and SSIM.
        target: what `"explain:METHOD"` explains.
        image_format: suffix of fused images.
        keep_colour, normalize, window: how images are read, see `read_pair`.
        engine: `"local"` or `"ray"`.
        workers: processes; None: one a core (one in all on a GPU); 0: this process.
        address: of a Ray cluster.
        device: where to compute.
        seed: of everything random.
        fresh: begin anew, whatever the folder holds.
        progress: called with (pairs settled, pairs in all).

    Returns:
        What was done. Pairs that failed are listed with their reason; they are tried again by the next run.

    Raises:
        InputError: a setting or source cannot be used, another process works in the folder, or the disk is full.
        UnknownNameError: no such model, work, metric or engine.
        MissingExtraError: an extra must be installed.
    """
    items = first if isinstance(first, Items) else find_items(Path(first), Path(second) if second else None, names)
    plan = Plan(
        model=best_model(items.names) if model is None else model,
        names=items.names,
        out=Path(out).absolute(),
        work=chosen_work(work),
        metrics=tuple(chosen_metrics(metrics)) if metrics else Plan.metrics,
        target=target,
        regions=parse_regions(regions),
        image_format=image_format.removeprefix("."),
        keep_colour=keep_colour,
        normalize=normalize,
        window=window,
        device=device,
        seed=seed,
    )
    rules = parse_alarms(alarms, plan)
    run: Engine = ENGINES[engine]
    loaded = model_of(plan)
    plan = replace(plan, identity={**model_settings(loaded), "model": loaded.title})
    if workers is None:
        workers = 1 if device.startswith("cuda") else os.cpu_count() or 1
    if workers < 0:
        raise InputError(f"Expected 0 or more workers but got {workers}.")
    prepare_folder(plan.out)
    with Manifest(plan.out, plan.record(), fresh=fresh) as manifest:
        clean(plan.out)
        return _run(plan, items, rules, manifest, progress, lambda chunks: run(plan, chunks, workers, address))


def _run(
    plan: Plan,
    items: Items,
    rules: Sequence[Alarm],
    manifest: Manifest,
    progress: Progress | None,
    engine: Callable[[Iterator[Sequence[Item]]], Iterator[Chunk]],
) -> Batch:
    counts = {"done": 0, "skipped": 0, "failed": 0}

    def settle(how: str) -> None:
        counts[how] += 1
        if progress:
            progress(sum(counts.values()), len(items))

    def open_items() -> Iterator[Item]:
        for item in items:
            record = manifest.find(item.name)
            if record and record.is_current((item.a.path, item.b.path), plan.out):
                settle("skipped")
            else:
                yield item

    if progress:
        progress(0, len(items))
    for chunk in engine(_chunks(open_items())):
        for record in chunk.records:
            manifest.add(record)
            settle(record.status)
        if chunk.stopped:
            raise InputError(
                f"{chunk.stopped} {counts['done'] + counts['skipped']} of {len(items)} pairs are done; "
                "make room, then run the same command again: it goes on."
            )
    clean(plan.out)  # what killed workers left
    write_rows(plan.out / "rows", _in_order(manifest, items))
    events = tuple(find_events(_in_order(manifest, items), rules, plan))
    write_events(plan.out / "events.csv", events)
    failures = tuple((one.name, one.reason) for one in _in_order(manifest, items) if one.status == "failed")
    return Batch(plan.out, plan, items, **counts, failures=failures, events=events)


def _chunks(items: Iterator[Item]) -> Iterator[list[Item]]:
    """Group items; neighbours stay together, since frames of a video are read one after the other."""
    while chunk := list(islice(items, CHUNK)):
        yield chunk


def _in_order(manifest: Manifest, items: Items) -> Iterator[Record]:
    for item in items:
        record = manifest.find(item.name)
        if record:
            yield replace(record, index=item.index, seconds=item.seconds)
