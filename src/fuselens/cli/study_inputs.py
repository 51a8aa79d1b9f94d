"""What all studies ask for: folders of pairs, models, and where the results go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fuselens.cli.console import print_json, say
from fuselens.cli.inputs import chosen_model
from fuselens.core.errors import InputError
from fuselens.core.model import FusionModel
from fuselens.data.folders import PairFiles, find_pairs
from fuselens.models.weights import weights_for

if TYPE_CHECKING:
    from fuselens.studies.outputs import StudyResult

Folders = Annotated[
    list[Path] | None,
    typer.Option("--data", help="Folder with one sub-folder a modality, such as tno/test; any number."),
]
Models = Annotated[
    list[str] | None, typer.Option("--model", metavar="NAME[:WEIGHTS]", help="A model to compare; any number.")
]
PaperModels = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="NAME[:WEIGHTS]",
        help="A model to explain; any number. Default: cmcffuse and swinfuse, which the paper compares.",
    ),
]
Limit = Annotated[int | None, typer.Option(help="Use only so many pairs of each folder.")]


def chosen_datasets(
    folders: list[Path] | None, limit: int | None, option: str = "--data"
) -> dict[str, list[PairFiles]]:
    """Name each folder by its last part, or by the one before where that is just a split.

    Args:
        folders: what the user gave.
        limit: how many pairs of each; None for all.
        option: by which they were given, for messages.

    Raises:
        InputError: no folder, two of one name, no pairs in one, or a limit below 1.
    """
    if not folders:
        raise InputError(f"Expected at least one {option} FOLDER with one sub-folder a modality.")
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
    specs: Sequence[str] | None,
    datasets: Mapping[str, Sequence[PairFiles]],
    device: str,
    default: Sequence[str] = (),
) -> list[FusionModel]:
    """Return the models, or those that a study takes by default, with weights for the modalities of the first data set.

    Raises:
        InputError: no model, one that cannot be loaded, or no weights of the default ones for these modalities.
        UnknownNameError: no such model or weights.
    """
    names = next(iter(datasets.values()))[0].names
    if not specs and not all(weights_for(name, names) for name in default):
        raise InputError(
            f"{' and '.join(default)}, the default, have no weights for {names[0]} + {names[1]}; choose models with "
            "--model NAME."
        )
    if not (specs or default):
        raise InputError("Expected at least one --model NAME to compare; fuselens list models shows them.")
    return [chosen_model(spec, names, device) for spec in specs or default]


def tell(result: StudyResult, out: Path, as_json: bool) -> None:
    """Print the table, or all numbers as JSON."""
    if as_json:
        failures = [{**one.facts, "method": one.method, "reason": one.reason} for one in result.failures]
        print_json({"summary": result.summary, "facts": result.facts, "failures": failures})
    else:
        print((out / "table.md").read_text(encoding="utf-8"), end="")
    say(f"{out / 'study.html'}, table.tex, table.csv, cases.csv")
