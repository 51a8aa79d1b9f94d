"""`fuselens explain A B -o DIR`: fuse a pair, say why it looks so, and write a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fuselens.cli.console import print_json, progress_bar, say
from fuselens.cli.inputs import chosen_model, one_pair, parse_names
from fuselens.cli.options import AsJson, Device, Example, First, ModelSpec, Names, PresetName, Second, Seed, Window
from fuselens.cli.presets import checked_preset
from fuselens.core.display import Preset as DisplayPreset
from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.files import prepare_folder
from fuselens.core.model import FusionModel
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution
from fuselens.core.targets import Pixel, RegionMean, Target, parse_target
from fuselens.data.fused import fuse as fuse_pair
from fuselens.explainers import EXPLAINERS
from fuselens.explainers.guidance import Guidance, guidance
from fuselens.explainers.jacobian import jacobian
from fuselens.explainers.probes import telling_pixels
from fuselens.explainers.region_report import RegionReport, region_report
from fuselens.report.page import ReportContents, write_report


def explain(
    first: First = None,
    second: Second = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for report, maps and fused image.")] = Path("out"),
    example: Example = None,
    method: Annotated[str, typer.Option(help="guidance or jacobian.")] = "guidance",
    target: Annotated[
        list[str] | None,
        typer.Option(metavar="TARGET", help="pixel:y,x or region:y0,x0,y1,x1; may be given several times."),
    ] = None,
    model: ModelSpec = None,
    names: Names = None,
    probes: Annotated[int, typer.Option(help="Random probes of the estimate for global models.")] = 64,
    gamma: Annotated[float | None, typer.Option(help="Display exponent; 0.5 for guidance, 0.3 for Jacobians.")] = None,
    preset: PresetName = None,
    window: Window = None,
    device: Device = "auto",
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Fuse a pair and write DIR/report.html, which shows which sensor caused every fused pixel."""
    chosen = checked_preset(preset)
    display: DisplayPreset = "paper" if chosen == "paper" else "signed"
    if method not in EXPLAINERS:
        raise UnknownNameError("explainer", method, EXPLAINERS)
    if gamma is not None and gamma <= 0:
        raise InputError(f"Expected --gamma above 0 but got {gamma}; FuseVis uses 0.1 to 2.")
    pair = one_pair(first, second, example, parse_names(names), preset=chosen, window=window)
    targets = [parse_target(text) for text in target or []]
    for one in targets:
        one.box(pair.size)  # refuse a target outside the image before the long part
    operator = chosen_model(model, pair.names, device)
    place = prepare_folder(out)
    fused = fuse_pair(operator, pair)
    guide: Guidance | None = None
    if method == "guidance":
        with progress_bar(f"guidance by {operator.title}") as progress:
            guide = guidance(operator, pair, probes=probes, seed=seed, progress=progress)
        targets = targets or [Pixel(y, x) for y, x in telling_pixels(guide)]
    influences, regions = _look_closer(operator, pair, targets or [_middle(pair)], guide)
    result = guide if guide is not None else influences[0]
    default_gamma = 0.5 if method == "guidance" else 0.3
    result.save(place, gamma=gamma or default_gamma, preset=display)
    fused.save(place / "fused.png")
    report = write_report(
        place / "report.html",
        ReportContents(
            pair=pair,
            fused=fused,
            model=operator,
            guidance=guide,
            probes=influences,
            regions=regions,
            gamma_guidance=gamma or 0.5,
            gamma_jacobian=gamma or 0.3,
            preset=display,
            command=_command(first, second, example, operator, method),
            notes=[fused.colour_note],
        ),
    )
    say(f"{operator.title} explained by {method}: open {report}")
    if as_json:
        print_json(
            {
                "method": method,
                "model": operator.title,
                "report": report,
                "share_a": float(guide.share().nanmean()) if guide is not None else influences[0].share(),
                "regions": [region.as_dict() for region in regions],
            }
        )


def _look_closer(
    model: FusionModel, pair: ImagePair, targets: list[Target], guide: Guidance | None
) -> tuple[list[Attribution], list[RegionReport]]:
    """Return the Jacobian of every target, and a report on every region."""
    influences = [jacobian(model, pair, target=one) for one in targets]
    if guide is None:
        return influences, []
    regions = [region_report(model, pair, one, guide) for one in targets if isinstance(one, RegionMean)]
    return influences, regions


def _middle(pair: ImagePair) -> Target:
    return Pixel(pair.size[0] // 2, pair.size[1] // 2)


def _command(first: Path | None, second: Path | None, example: str | None, model: FusionModel, method: str) -> str:
    sources = f"--example {example}" if example else f"{first} {second}"
    return f"fuselens explain {sources} --model {model.title} --method {method}"
