"""`fuselens study NAME`: regenerate a table or figure of a paper on data that you have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fuselens.cli.console import print_json, progress_bar, say
from fuselens.cli.inputs import chosen_model
from fuselens.cli.options import AsJson, Device
from fuselens.core.errors import InputError
from fuselens.data.folders import PairFiles, find_pairs

Folders = Annotated[
    list[Path] | None,
    typer.Option("--data", help="Folder with one sub-folder a modality, such as tno/test; any number."),
]
Models = Annotated[
    list[str] | None, typer.Option("--model", metavar="NAME[:WEIGHTS]", help="A model to compare; any number.")
]
Out = Annotated[Path, typer.Option("-o", "--out", help="Folder for the results.")]

study = typer.Typer(no_args_is_help=True, help="Regenerate a paper's table or figure on your data.")


@study.command("fusion-table")
def fusion_table(
    data: Folders = None,
    models: Models = None,
    out: Out = Path("study"),
    layout: Annotated[
        str, typer.Option(help="uaafusion (paper 001, table I) or causality (paper 003, table 1).")
    ] = "uaafusion",
    limit: Annotated[int | None, typer.Option(help="Use only so many pairs of each folder.")] = None,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Compare fusion models by the metrics and in the layout of a paper."""
    from fuselens.scoring.methods import FusedByModel
    from fuselens.studies.fusion_table import fusion_table as run

    datasets = _datasets(data or [], limit)
    if not models:
        raise InputError("Expected at least one --model NAME to compare; fuselens list models shows them.")
    names = next(iter(datasets.values()))[0].names
    found = [chosen_model(spec, names, device) for spec in models]
    methods = [FusedByModel(model.title, model) for model in found]
    with progress_bar("scoring") as progress:
        tables = run(datasets, methods, out, layout=layout, progress=progress)
    if as_json:
        means = {name: dict(zip(t.methods, t.means().tolist(), strict=True)) for name, t in tables.items()}
        print_json({"metrics": [c.name for c in next(iter(tables.values())).columns], "means": means})
    else:
        print((out / "table.md").read_text(encoding="utf-8"), end="")
    for name, table in tables.items():
        for failure in table.failures:
            say(f"{name}, {failure.image}: {failure.reason}")
    say(f"{out / 'table.tex'}, table.csv, table.md")


def _datasets(folders: list[Path], limit: int | None) -> dict[str, list[PairFiles]]:
    """Name each folder by its last part, or by the one before where that is just a split."""
    if not folders:
        raise InputError("Expected at least one --data FOLDER with one sub-folder a modality.")
    if limit is not None and limit < 1:
        raise InputError(f"Expected --limit of at least 1 but got {limit}.")
    found = {}
    for folder in folders:
        path = folder.resolve()
        name = path.parent.name if path.name in ("train", "test", "val") else path.name
        if name in found:
            raise InputError(f"Two data folders are called '{name}'; rename one of them.")
        found[name] = find_pairs(folder)[:limit]
    return found
