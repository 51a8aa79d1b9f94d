"""`fuselens batch A B -o DIR`: fuse and explain thousands of pairs, losing nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fuselens.cli.console import command_line, print_json, progress_bar, say
from fuselens.cli.inputs import parse_names, parse_window
from fuselens.cli.options import AsJson, Device, Example, ModelSpec, Names, PresetName, Seed, Window
from fuselens.cli.presets import checked_preset
from fuselens.core.errors import InputError

FRAMES = 48  # of the built-in sequence
SHOWN = 5


def batch(
    first: Annotated[
        Path | None,
        typer.Argument(metavar="A", help="Folder, pattern such as 'ir/*.png', video, or a list (.csv, .parquet)."),
    ] = None,
    second: Annotated[Path | None, typer.Argument(metavar="B", help="The same of the other sensor.")] = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for all results.")] = Path("batch"),
    work: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WORK",
            help="fuse, share, score, guidance or explain:METHOD; may be given several times. Default: fuse, share.",
        ),
    ] = None,
    example: Example = None,
    fails: Annotated[
        str | None,
        typer.Option(metavar="SOURCE:FRAME[:HOW]", help="With --example: a sensor turns black, or frozen."),
    ] = None,
    frames: Annotated[int, typer.Option(help="With --example: how many frames.")] = FRAMES,
    model: ModelSpec = None,
    names: Names = None,
    alarm: Annotated[
        list[str] | None,
        typer.Option(metavar="RULE", help="Such as 'share infrared < 0.1 for 5', 'black visible', 'frozen infrared'."),
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=TOP,LEFT,BOTTOM,RIGHT", help="A part of the image for shares and alarms."),
    ] = None,
    metrics: Annotated[str | None, typer.Option(help="Metrics with commas, for the work score.")] = None,
    target: Annotated[str | None, typer.Option(help="What explain:METHOD explains, e.g. region:0,0,64,64.")] = None,
    suffix: Annotated[str, typer.Option("--format", help="png, tif, jpg or bmp.")] = "png",
    keep_colour: Annotated[bool, typer.Option(help="Carry the sources' colour into the fused image.")] = True,
    preset: PresetName = None,
    window: Window = None,
    engine: Annotated[str, typer.Option(help="local or ray.")] = "local",
    workers: Annotated[int | None, typer.Option(help="Processes; default: one a core. 0: this process.")] = None,
    address: Annotated[str | None, typer.Option(help="Of a Ray cluster, such as auto or ray://head:10001.")] = None,
    device: Device = "cpu",
    seed: Seed = 0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew, whatever the folder holds.")] = False,
    as_json: AsJson = False,
) -> None:
    """Work through folders, lists or videos in several processes; the same command again goes on."""
    from fuselens.batch.items import find_items
    from fuselens.batch.run import run_batch
    from fuselens.core.files import prepare_folder
    from fuselens.core.model import resolve_device
    from fuselens.report.batch_page import write_batch_page

    if example is not None:
        if first is not None:
            raise InputError("Expected folders or --example, not both; leave one out.")
        first, second = write_example(example, frames, fails, seed, prepare_folder(out) / "example")
    elif fails is not None:
        raise InputError("--fails spoils the built-in sequence; give it together with --example street.")
    if first is None:
        raise InputError("Expected two folders, as in 'ir/ vi/', two videos, a list, or --example street.")
    items = find_items(first, second, parse_names(names))
    for note in items.notes:
        say(note)
    with progress_bar("working") as progress:
        done = run_batch(
            model, items, out=out, work=work or ("fuse", "share"), alarms=alarm or (), regions=region or (),
            metrics=[name.strip() for name in metrics.split(",")] if metrics else None, target=target,
            image_format=suffix, keep_colour=keep_colour,
            normalize="minmax" if checked_preset(preset) else None, window=parse_window(window),
            engine=engine, workers=workers, address=address, device=str(resolve_device(device)), seed=seed,
            fresh=fresh, progress=progress,
        )  # fmt: skip
    page = write_batch_page(done.out / "batch.html", done, command_line())
    title = done.plan.identity["model"]
    say(f"{title}: {done.done} pairs done, {done.skipped} done before, {done.failed} failed -> {done.out}")
    for event in done.events[:SHOWN]:
        say(f"alarm '{event.alarm}' from {event.first} to {event.last} ({event.frames} frames): {event.words}")
    if len(done.events) > SHOWN:
        say(f"... and {len(done.events) - SHOWN} more in {done.out / 'events.csv'}")
    say(str(page))
    if as_json:
        print_json({
            "out": done.out, "report": page, "done": done.done, "skipped": done.skipped, "failed": done.failed,
            "failures": dict(done.failures), "events": [event.__dict__ for event in done.events],
        })  # fmt: skip
    if done.failures:
        words = " ".join(f"{name}: {reason}" for name, reason in done.failures[:SHOWN])
        raise InputError(f"{done.failed} of {len(items)} pairs failed; all are listed in the report. {words}")


def write_example(name: str, frames: int, fails: str | None, seed: int, folder: Path) -> tuple[Path, Path]:
    """Write the built-in sequence as two folders of images.

    Raises:
        UnknownNameError: no sequence has this name.
        InputError: `fails` has another form, or its frame is not in the sequence.
    """
    from fuselens.core.files import prepare_folder, write_image
    from fuselens.data.colour import join_colour
    from fuselens.data.examples import example_sequence
    from fuselens.data.images import to_file_values

    source, at, how = _failure(fails)
    for number, pair in enumerate(example_sequence(name, frames=frames, seed=seed, fails=source, at=at, how=how)):
        for one in pair:
            unit = one.y if one.chroma is None else join_colour(one.y, one.chroma).movedim(0, -1)
            write_image(prepare_folder(folder / one.name) / f"{number:06}.png", to_file_values(unit.numpy(), "uint8"))
    return folder / pair.a.name, folder / pair.b.name


def _failure(text: str | None) -> tuple[str | None, int | None, Any]:
    """Read `infrared:30:frozen`."""
    if text is None:
        return None, None, "black"
    source, _, rest = text.partition(":")
    at, _, how = rest.partition(":")
    if not at.isdigit() or how not in ("", "black", "frozen"):
        raise InputError(f"Expected --fails SOURCE:FRAME or SOURCE:FRAME:frozen but got '{text}'.")
    return source, int(at), how or "black"
