"""What all studies ask for: folders of pairs, models, and where the results go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from fuselens.cli.inputs import chosen_model
from fuselens.core.errors import InputError
from fuselens.core.model import FusionModel
from fuselens.data.folders import PairFiles, find_pairs

Folders = Annotated[
    list[Path] | None,
    typer.Option("--data", help="Folder with one sub-folder a modality, such as tno/test; any number."),
]
Models = Annotated[
    list[str] | None, typer.Option("--model", metavar="NAME[:WEIGHTS]", help="A model to compare; any number.")
]
Out = Annotated[Path, typer.Option("-o", "--out", help="Folder for the results.")]
Limit = Annotated[int | None, typer.Option(help="Use only so many pairs of each folder.")]


def chosen_datasets(folders: list[Path] | None, limit: int | None) -> dict[str, list[PairFiles]]:
    """Name each folder by its last part, or by the one before where that is just a split.

    Raises:
        InputError: no folder, two of one name, no pairs in one, or a limit below 1.
    """
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


def chosen_models(
    specs: list[str] | None, datasets: Mapping[str, Sequence[PairFiles]], device: str
) -> list[FusionModel]:
    """Return the models, with weights for the modalities of the first data set.

    Raises:
        InputError: no model, or one that cannot be loaded.
        UnknownNameError: no such model or weights.
    """
    if not specs:
        raise InputError("Expected at least one --model NAME to compare; fuselens list models shows them.")
    names = next(iter(datasets.values()))[0].names
    return [chosen_model(spec, names, device) for spec in specs]
