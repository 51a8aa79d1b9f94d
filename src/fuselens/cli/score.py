"""`fuselens score A B FUSED`: how good is a fused image, and which method is best?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from fuselens.cli.console import command_line, print_json, print_table, progress_bar, say
from fuselens.cli.inputs import chosen_model, parse_names, parse_window
from fuselens.cli.options import AsJson, Device, Names, Seed, Window
from fuselens.core.errors import InputError
from fuselens.core.files import prepare_folder, write_json, write_text
from fuselens.core.model import resolve_device
from fuselens.data.folders import PairFiles, match_folders, some_names, unmatched_files
from fuselens.data.images import Window as Range
from fuselens.data.pairs import guess_names
from fuselens.metrics import DEFAULT_METRICS
from fuselens.scoring.formats import decimals, to_csv, to_json, to_latex
from fuselens.scoring.methods import FusedByModel, FusedFiles, Method
from fuselens.scoring.run import ScoreSettings, score_methods, worst_cases
from fuselens.scoring.statistics import Comparison, compare, compare_all
from fuselens.scoring.table import ScoreTable


def score(
    first: Annotated[Path, typer.Argument(metavar="A", help="First source: an image file or a folder.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Second source, of the same size.")],
    fused: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FUSED]...", help="Fused images or folders of them, one a method; NAME=PATH names it."),
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option("--model", metavar="NAME[:WEIGHTS]", help="Fuse with this model and score it; any number."),
    ] = None,
    metrics: Annotated[
        str, typer.Option(help="Names with commas, NAME:CONVENTION for a public code's numbers, or all.")
    ] = ",".join(DEFAULT_METRICS),
    compat: Annotated[
        str | None, typer.Option(metavar="CODE", help="Compute as this public code does: cddfuse, vifb, linfeng, ...")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder for CSV, JSON, LaTeX and leaderboard.html.")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option("--compare", metavar="METHOD,METHOD", help="Test these two; default: the best against each."),
    ] = None,
    double: Annotated[bool, typer.Option("--double", help="Compute in float64.")] = False,
    exact_levels: Annotated[
        bool, typer.Option("--exact-levels", help="Score 16-bit and float values as they are, not rounded to 8 bit.")
    ] = False,
    names: Names = None,
    window: Window = None,
    device: Device = "cpu",
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Score fused images by the field's metrics, and rank methods."""
    settings = ScoreSettings(
        metrics=tuple(word.strip() for word in metrics.split(",") if word.strip()),
        compat=compat,
        dtype=torch.float64 if double else torch.float32,
        device=str(resolve_device(device)),
        quantize=not exact_levels,
        window=parse_window(window),
    )
    settings.chosen()  # an unknown metric is told before anything is read
    pairs = _pairs(first, second, parse_names(names))
    methods = _methods(fused or [], models or [], pairs, first.is_dir(), settings.window, device)
    place = prepare_folder(out) if out is not None else None
    with progress_bar("scoring") as progress:
        table = score_methods(pairs, methods, settings, journal=place and place / "scores.jsonl", progress=progress)
    if len(table.failures) and not np.isfinite(table.values).any():
        raise _not_scored(table)
    comparisons = _comparisons(table, against, seed)
    if place is not None:
        _write(place, table, comparisons, pairs, methods, settings)
    if as_json:
        print_json(_for_programs(table, comparisons))
    else:
        print_table(*_terminal(table))
    _tell(table, comparisons, place)


def _pairs(first: Path, second: Path, names: tuple[str, str] | None) -> list[PairFiles]:
    if not first.is_dir() and not second.is_dir():
        return [PairFiles(first.stem, first, second, names or guess_names(first, second))]
    pairs = match_folders(first, second, names)
    for folder, alone in zip((first, second), unmatched_files(first, second), strict=True):
        if alone:
            some = some_names([path.name for path in alone])
            say(f"{len(alone)} images in {folder} have no partner and are left out: {some}")
    return pairs


def _methods(
    fused: list[str], models: list[str], pairs: list[PairFiles], folders: bool, window: Range, device: str
) -> list[Method]:
    methods: list[Method] = []
    for spec in fused:
        name, equals, path = spec.partition("=")
        place = Path(path if equals else spec)
        if folders:
            methods.append(FusedFiles.in_folder(place, pairs, name if equals else place.resolve().name, window))
        else:
            methods.append(FusedFiles(name if equals else place.stem, {pairs[0].name: place}, place, window))
    for spec in models:
        model = chosen_model(spec, pairs[0].names, device)
        methods.append(FusedByModel(model.title, model))
    if not methods:
        raise InputError("Expected fused images to score, as in 'ir.png vi.png fused.png', or --model NAME.")
    return methods


def _comparisons(table: ScoreTable, against: str | None, seed: int) -> list[Comparison]:
    if against is None:
        return compare_all(table, seed=seed)
    words = [word.strip() for word in against.split(",")]
    if len(words) != 2:
        raise InputError(f"Expected --compare with two methods like average,masknet but got '{against}'.")
    return compare(table, *words, seed=seed)


def _write(
    place: Path,
    table: ScoreTable,
    comparisons: list[Comparison],
    pairs: list[PairFiles],
    methods: list[Method],
    settings: ScoreSettings,
) -> None:
    from fuselens.report.leaderboard import LeaderboardContents, write_leaderboard

    write_text(place / "scores.csv", to_csv(table))
    write_json(place / "scores.json", to_json(table, comparisons))
    write_text(place / "table.tex", to_latex(table))
    contents = LeaderboardContents(
        table=table,
        comparisons=comparisons,
        worst=worst_cases(table, pairs, methods, settings),
        command=command_line(),
    )
    write_leaderboard(place / "leaderboard.html", contents)


def _for_programs(table: ScoreTable, comparisons: list[Comparison]) -> dict[str, Any]:
    """Return `{"scores": {metric: value}}` for one method on one pair, else the means of each method and all else."""
    if len(table.methods) == 1 and len(table.images) == 1:
        values = table.values[0, 0].tolist()
        return {"scores": dict(zip((column.name for column in table.columns), values, strict=True))}
    means = table.means()
    scores = {
        method: dict(zip((column.name for column in table.columns), row.tolist(), strict=True))
        for method, row in zip(table.methods, means, strict=True)
    }
    return {"scores": scores, **to_json(table, comparisons)}


def _terminal(table: ScoreTable) -> tuple[list[str], list[list[str]]]:
    """Return heads and rows for the terminal: a row a metric, a column a method, best bold, second underlined."""
    means, stds, places = table.means(), table.stds(), table.places()
    several_images, several_methods = len(table.images) > 1, len(table.methods) > 1
    rows = []
    for k, column in enumerate(table.columns):
        digits = decimals(means[:, k])
        cells = []
        for m in range(len(table.methods)):
            if not np.isfinite(means[m, k]):
                cells.append("-")
                continue
            text = f"{means[m, k]:.{digits}f}" + (f" ± {stds[m, k]:.{digits}f}" if several_images else "")
            style = {1: "bold", 2: "underline"}.get(int(places[m, k])) if several_methods else None
            cells.append(f"[{style}]{text}[/{style}]" if style else text)
        rows.append([f"{column.title} {column.arrow}", *cells])
    if several_methods:
        rows.append(["average rank", *(f"{rank:.2f}" if np.isfinite(rank) else "-" for rank in table.overall_ranks())])
    return ["", *table.methods], rows


def _tell(table: ScoreTable, comparisons: list[Comparison], place: Path | None) -> None:
    """Say what the table does not: decided differences, what failed, where the files are."""
    for one in comparisons:
        if one.verdict != "undecided":
            say(
                f"{one.metric}: {one.method} is {one.verdict} than {one.against} on {one.images} images, difference "
                f"{one.difference:+.4g} [{one.low:+.4g}, {one.high:+.4g}], p = {one.p_holm:.2g} (Wilcoxon, Holm)"
            )
    if table.settings["reused"]:
        say(f"{table.settings['reused']} scores were taken over from an earlier run.")
    if place is not None:
        say(f"{place / 'leaderboard.html'}, scores.csv, scores.json, table.tex")
    if table.failures:
        raise _not_scored(table)


def _not_scored(table: ScoreTable) -> InputError:
    total = len(table.methods) * len(table.images)
    failed = sum(1 if failure.method else len(table.methods) for failure in table.failures)
    reasons = " ".join(f"{failure.image}: {failure.reason}" for failure in table.failures[:5])
    return InputError(f"{failed} of {total} fused images could not be scored. {reasons}")
