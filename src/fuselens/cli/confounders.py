"""`fuselens confounders FOLDER -o FILE`: the scenes of a set of training images, as a dictionary."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from fuselens.cli.console import command_line, print_json, progress_bar, say
from fuselens.cli.inputs import parse_names, parse_window
from fuselens.cli.options import AsJson, Device, Seed, Window
from fuselens.core.errors import InputError
from fuselens.core.files import prepare_folder
from fuselens.data.folders import PairFiles, find_pairs


def confounders(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="FOLDER...", help="Folders with a sub-folder a modality, such as tno/train."),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="The dictionary, a .safetensors file.")] = Path(
        "confounders.safetensors"
    ),
    scenes: Annotated[int, typer.Option(help="Scenes of each modality.")] = 25,
    dim: Annotated[int, typer.Option(help="Length of a scene's vector.")] = 128,
    backbone: Annotated[
        str,
        typer.Option(
            metavar="NAME[:WEIGHTS]",
            help="Features that tell scenes: gist, lrrnet:FILE.safetensors, resnet18, resnet50 or resnet:FOLDER.",
        ),
    ] = "gist",
    names: Annotated[
        str | None, typer.Option(help="The two sub-folders, such as ir,vi. Default: the two that hold images.")
    ] = None,
    pictures: Annotated[bool, typer.Option(help="Keep a small picture of each scene in the dictionary.")] = True,
    report: Annotated[
        Path | None, typer.Option(help="Show the scenes on this page, a .html file or a folder for confounders.html.")
    ] = None,
    window: Window = None,
    device: Device = "cpu",
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Find the scenes of training pairs and write them as the dictionary of a causality-driven network."""
    from fuselens.confounders.build import to_dictionary
    from fuselens.confounders.scenes import SceneSettings, find_scenes

    place, page = _prepared(out, report)
    settings = SceneSettings(scenes, dim, backbone, seed, parse_window(window), device)
    with progress_bar("reading") as progress:
        found = find_scenes(_pairs(folders, parse_names(names)), settings, progress=progress)
    to_dictionary(found, pictures=pictures).save(place)
    if page is not None:
        from fuselens.report.confounders_page import ConfoundersContents, write_confounders_page

        write_confounders_page(page, ConfoundersContents(found, command_line()))
    facts = _facts(found)
    for name, numbers in facts["modalities"].items():
        say(
            f"{name}: {scenes} scenes of {numbers['sizes'][0]} to {numbers['sizes'][-1]} images, as even as "
            f"{numbers['effective']:.1f} of one size"
        )
    say(" ".join(str(path) for path in (place, page) if path is not None))
    if as_json:
        print_json({"dictionary": place, "report": page, **facts})


def _prepared(out: Path, report: Path | None) -> tuple[Path, Path | None]:
    """Make the folders of both files, before anything long starts."""
    if out.suffix != ".safetensors":
        raise InputError(f"Expected --out to be a .safetensors file but got '{out}'.")
    prepare_folder(out.parent)
    if report is None:
        return out, None
    page = report if report.suffix == ".html" else report / "confounders.html"
    prepare_folder(page.parent)
    return out, page


def _pairs(folders: list[Path], names: tuple[str, str] | None) -> list[PairFiles]:
    return [files for folder in folders for files in find_pairs(folder, *(names or ()))]


def _facts(found: Any) -> dict[str, Any]:
    from fuselens.confounders.balance import agreement, balance_of

    modalities = {}
    for scenes in (found.a, found.b):
        sizes, shares = scenes.clusters.sizes, scenes.projection.shares
        balance = balance_of(sizes)
        modalities[scenes.name] = {
            "sizes": sizes,
            "entropy": balance.entropy,
            "effective": balance.effective,
            "gini": balance.gini,
            "explained": shares.sum(),
        }
    agreed = agreement(found.a.clusters.labels, found.b.clusters.labels)
    return {"images": len(found.files), "modalities": modalities, "agreement": agreed}
