"""`fuselens study NAME`: regenerate a table or figure of a paper on data that you have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fuselens.cli import study_causal, study_explain, study_segmentation, study_uaafusion
from fuselens.cli.console import print_json, progress_bar, say
from fuselens.cli.options import AsJson, Device, Out
from fuselens.cli.study_inputs import Folders, Limit, Models, chosen_datasets, chosen_models

study = typer.Typer(no_args_is_help=True, help="Regenerate a paper's table or figure on your data.")


@study.command("fusion-table")
def fusion_table(
    data: Folders = None,
    models: Models = None,
    out: Out = Path("study"),
    layout: Annotated[
        str, typer.Option(help="uaafusion (paper 001, table I) or causality (paper 003, table 1).")
    ] = "uaafusion",
    limit: Limit = None,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Compare fusion models by the metrics and in the layout of a paper."""
    from fuselens.scoring.methods import FusedByModel
    from fuselens.studies.fusion_table import fusion_table as run

    datasets = chosen_datasets(data, limit)
    found = chosen_models(models, datasets, device)
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


for name, command in (
    ("ddfimage-table1", study_explain.ddfimage_table1),
    ("ddfimage-table2", study_explain.ddfimage_table2),
    ("explainer-limits", study_explain.explainer_limits),
    ("explainer-truth", study_explain.explainer_truth),
    ("causal-ablation", study_causal.causal_ablation),
    ("causal-dictionary", study_causal.causal_dictionary),
    ("scene-bias", study_causal.scene_bias),
    ("segmentation-table", study_segmentation.segmentation_table),
    ("uaafusion-ablation", study_uaafusion.uaafusion_ablation),
    ("uaafusion-stages", study_uaafusion.uaafusion_stages),
    ("uaafusion-path-steps", study_uaafusion.uaafusion_path_steps),
):
    study.command(name)(command)
