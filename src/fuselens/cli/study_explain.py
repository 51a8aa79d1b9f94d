"""`fuselens study NAME` for the studies of explainers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fuselens.cli.console import progress_bar
from fuselens.cli.options import AsJson, Device, Out, Seed
from fuselens.cli.study_inputs import Folders, Limit, Models, PaperModels, chosen_datasets, chosen_models, tell

if TYPE_CHECKING:
    from fuselens.studies.outputs import StudyResult

QUICK_PAIRS = 3
Methods = Annotated[
    list[str] | None,
    typer.Option("--method", help="ddmin, probdd, greedy, sedc, lime, rise, ...; any number. Default: all of them."),
]
LimitMethods = Annotated[
    list[str] | None,
    typer.Option("--method", help="As for ddfimage-table1. Default: ddmin, probdd, lime, occlusion and random."),
]
UnitsOption = Annotated[
    str | None,
    typer.Option("--units", help="What can be hidden: slic:COUNT, grid:CELL or quickshift. Default: slic:100."),
]
Quick = Annotated[
    bool, typer.Option("--quick", help="Minutes: few pairs, cut to 96 pixels round the region, fewer samples.")
]
Scenes = Annotated[int | None, typer.Option(help="Scenes of each built-in example. Default: 10, quick 2.")]


def ddfimage_table1(
    data: Folders = None,
    models: PaperModels = None,
    out: Out = Path("study"),
    methods: Methods = None,
    units: UnitsOption = None,
    limit: Limit = None,
    quick: Quick = False,
    device: Device = "cpu",
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """How often are explanations sufficient, necessary, or both? (paper 000, table 1)."""
    from fuselens.studies.cases import PAPER_MODELS
    from fuselens.studies.ddfimage_table1 import run

    chosen = {"methods": methods, "units": units, "quick": quick, "seed": seed}
    _on_pairs(run, data, models, PAPER_MODELS, out, limit, device, as_json, chosen)


def ddfimage_table2(
    data: Folders = None,
    models: PaperModels = None,
    out: Out = Path("study"),
    methods: Methods = None,
    units: UnitsOption = None,
    limit: Limit = None,
    quick: Quick = False,
    device: Device = "cpu",
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """How much of source and fused image do explanations preserve? (paper 000, table 2)."""
    from fuselens.studies.cases import PAPER_MODELS
    from fuselens.studies.ddfimage_table2 import run

    chosen = {"methods": methods, "units": units, "quick": quick, "seed": seed}
    _on_pairs(run, data, models, PAPER_MODELS, out, limit, device, as_json, chosen)


def explainer_limits(
    data: Folders = None,
    models: Models = None,
    out: Out = Path("study"),
    methods: LimitMethods = None,
    units: UnitsOption = None,
    limit: Limit = None,
    quick: Quick = False,
    device: Device = "cpu",
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """What do noise, blur, low contrast and texture do to explanations? (paper 000, discussion)."""
    from fuselens.studies.explainer_limits import METHODS, run

    chosen = {"methods": methods or METHODS, "units": units, "quick": quick, "seed": seed}
    _on_pairs(run, data, models, (), out, limit, device, as_json, chosen)


def explainer_truth(
    out: Out = Path("study"),
    methods: Methods = None,
    scenes: Scenes = None,
    quick: Annotated[bool, typer.Option("--quick", help="Minutes: few scenes, fewer samples.")] = False,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Which explainers find what was planted into generated scenes? Needs no data."""
    from fuselens.studies.explainer_truth import run

    with progress_bar("explaining") as progress:
        result = run(out, methods=methods, scenes=scenes, quick=quick, seed=seed, progress=progress)
    tell(result, out, as_json)


def _on_pairs(
    run: Callable[..., StudyResult],
    data: list[Path] | None,
    models: list[str] | None,
    default: Sequence[str],
    out: Path,
    limit: int | None,
    device: str,
    as_json: bool,
    chosen: dict[str, Any],
) -> None:
    """Run a study on folders of pairs; a quick one on a few pairs of each."""
    datasets = chosen_datasets(data, QUICK_PAIRS if chosen["quick"] and limit is None else limit)
    found = chosen_models(models, datasets, device, default)
    with progress_bar("explaining") as progress:
        result = run(datasets, found, out, progress=progress, **chosen)
    tell(result, out, as_json)
