"""`fuselens explain A B -o DIR`: fuse a pair, say why it looks so, and write a report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from fuselens.cli.console import command_line, print_json, progress_bar, say
from fuselens.cli.explain_target import (
    Result,
    explain_targets,
    facts_of,
    number_or_source,
    own_account,
    profile_of,
    refuse_foreign,
    save,
    source_letter,
    usual_gamma,
    words_for,
)
from fuselens.cli.inputs import chosen_model, one_pair, parse_names
from fuselens.cli.options import AsJson, Device, Example, First, ModelSpec, Names, PresetName, Second, Seed, Window
from fuselens.cli.presets import checked_preset
from fuselens.core.display import Preset as DisplayPreset
from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.explanation import SetExplanation
from fuselens.core.files import prepare_folder
from fuselens.core.model import FusionModel
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution
from fuselens.core.targets import TARGET_FORMS, Pixel, RegionMean, Target, parse_target
from fuselens.data.fused import FusedImage
from fuselens.data.fused import fuse as fuse_pair
from fuselens.explainers import EXPLAINERS, settings_of
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
    method: Annotated[
        str, typer.Option(help="guidance, jacobian, ddfimage, intrinsic, ...: see fuselens list.")
    ] = "guidance",
    target: Annotated[
        list[str] | None,
        typer.Option(metavar="TARGET", help=f"{TARGET_FORMS}; may be given several times."),
    ] = None,
    model: ModelSpec = None,
    names: Names = None,
    units: Annotated[
        str | None, typer.Option(help="What can be hidden: slic:COUNT, grid:CELL or quickshift. Default: slic:100.")
    ] = None,
    which: Annotated[
        str | None, typer.Option(help="The source that can be hidden, by its name, or both (the default).")
    ] = None,
    fill: Annotated[
        str | None, typer.Option(help="What replaces hidden pixels: blur, mean, segment_mean, black, noise, other.")
    ] = None,
    level: Annotated[
        float | None, typer.Option(help="Part of the effect that counts as the same, 0 to 1, for sets of units.")
    ] = None,
    mode: Annotated[
        str | None, typer.Option(help="both, sufficient or necessary: what a set of units must be.")
    ] = None,
    strategy: Annotated[str | None, typer.Option(help="ddmin, probdd or greedy, for ddfimage.")] = None,
    samples: Annotated[int | None, typer.Option(help="Composites to draw, for lime, baylime and rise.")] = None,
    layer: Annotated[str | None, typer.Option(help="Layer of the network, for gradcam and hirescam.")] = None,
    segmenter: Annotated[
        str | None, typer.Option(metavar="NAME[:FILE]", help="What labels the fused image, for task_share.")
    ] = None,
    towards: Annotated[
        str | None, typer.Option(help="A source's name, or a number the target is to cross, for sedc_t.")
    ] = None,
    profile: Annotated[
        bool, typer.Option("--profile", help="With ddfimage: also the size of the set at other levels, as a curve.")
    ] = False,
    budget: Annotated[
        int | None, typer.Option(help="At most so many model images; the best result so far comes back.")
    ] = None,
    probes: Annotated[int, typer.Option(help="Random probes of the estimate for global models.")] = 64,
    gamma: Annotated[
        float | None,
        typer.Option(help="Display exponent; 0.3 for Jacobians, 1 for intrinsic and task_share, or 0.5."),
    ] = None,
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
    given = {
        "units": units, "which": source_letter(which, pair), "fill": fill, "level": level, "mode": mode,
        "strategy": strategy, "samples": samples, "layer": layer, "max_images": budget,
        "segmenter": segmenter,
        "towards": number_or_source(towards, pair),
        "preset": chosen if method == "ddfimage" else None,
    }  # fmt: skip
    if profile and method != "ddfimage":
        raise InputError(f"'{method}' does not take --profile; leave it out or take ddfimage.")
    # Guidance is of the whole image; its targets are places for a closer look.
    asked = given | {"target": targets if targets and method != "guidance" else None}
    refuse_foreign(method, {name: value for name, value in asked.items() if value is not None})
    operator = chosen_model(model, pair.names, device)
    place = prepare_folder(out)
    fused = fuse_pair(operator, pair)
    if method not in ("guidance", "jacobian"):
        seeded = given | {"seed": seed if "seed" in settings_of(method) else None}
        with progress_bar(f"{method} by {operator.title}") as progress:
            results = explain_targets(method, operator, pair, targets, seeded, progress)
            sizes = profile_of(operator, pair, targets, given) if profile else []
        _finish(results, operator, pair, fused, place, sizes, gamma or usual_gamma(method))
        if as_json:
            print_json({"method": method, "model": operator.title, "results": [facts_of(one) for one in results]})
        return
    guide: Guidance | None = None
    if method == "guidance":
        with progress_bar(f"guidance by {operator.title}") as progress:
            guide = guidance(operator, pair, probes=probes, seed=seed, progress=progress)
        targets = targets or [Pixel(y, x) for y, x in telling_pixels(guide)]
    influences, regions = _look_closer(operator, pair, targets or [_middle(pair)], guide)
    result = guide if guide is not None else influences[0]
    result.save(place, gamma=gamma or usual_gamma(method), preset=display)
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
            state=own_account(operator, pair) if guide is not None else None,
            gamma_guidance=gamma or usual_gamma("guidance"),
            gamma_jacobian=gamma or usual_gamma("jacobian"),
            preset=display,
            command=command_line(),
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


def _finish(
    results: Sequence[Result],
    model: FusionModel,
    pair: ImagePair,
    fused: FusedImage,
    place: Path,
    profile: Sequence[tuple[float, int]],
    gamma: float,
) -> None:
    """Write everything and say what was found."""
    from fuselens.report.results_page import ResultContents, write_result_report

    save(results, place, gamma=gamma)
    fused.save(place / "fused.png")
    explained = None
    if isinstance(results[0], SetExplanation) and results[0].kept:
        explained = fuse_pair(model, results[0].explained_pair())
        explained.save(place / "explained_fusion.png")
    contents = ResultContents(
        pair, fused, model, results, explained, gamma, command_line(), [fused.colour_note], profile
    )
    report = write_result_report(place / "report.html", contents)
    for result in results:
        say(words_for(result))
    say(f"open {report}")


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
