"""`fuselens audit A B -o DIR`: what a faulty sensor does to a fusion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fuselens.cli.console import command_line, print_json, progress_bar, say
from fuselens.cli.inputs import chosen_model, one_pair, parse_names
from fuselens.cli.options import AsJson, Device, Example, First, ModelSpec, Names, Out, Second, Seed, Window
from fuselens.core.files import prepare_folder


def audit(
    first: First = None,
    second: Second = None,
    out: Out = Path("out"),
    example: Example = None,
    model: ModelSpec = None,
    names: Names = None,
    perturb: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[:STRENGTHS]",
            help="Try this only, such as noise or misregistration:1,3; may be given several times. Default: all.",
        ),
    ] = None,
    earlier: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="A B", help="The two images recorded before, which a frozen sensor still shows."),
    ] = None,
    metrics: Annotated[str, typer.Option(help="Metrics with commas.")] = "en,sf,vif,qabf,ssim",
    window: Window = None,
    device: Device = "auto",
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Spoil one source at a time, fuse again, and write how far everything moves: report, tables, figure."""
    from fuselens.data.fused import fuse
    from fuselens.metrics import chosen_metrics
    from fuselens.report.audit_page import AuditContents, write_audit_page
    from fuselens.robustness.audit import audit as run_audit
    from fuselens.robustness.plan import plan_of

    plan_of(perturb)
    wanted = [name.strip() for name in metrics.split(",")]
    chosen_metrics(wanted)
    called = parse_names(names)
    pair = one_pair(first, second, example, called, window=window)
    before = one_pair(*earlier, None, called, window=window) if earlier else None
    operator = chosen_model(model, pair.names, device)
    place = prepare_folder(out)
    fused = fuse(operator, pair)
    with progress_bar("auditing") as progress:
        found = run_audit(
            operator, pair, perturbations=perturb, earlier=before, metrics=wanted, seed=seed, progress=progress
        )
    found.save(place)
    fused.save(place / "fused.png")
    page = write_audit_page(place / "audit.html", AuditContents(found, operator, fused, command_line()))
    worst = max(found.cases, key=lambda case: case.moved)
    say(
        f"{operator.title}: {len(found.cases)} cases; {worst.perturbation} of {worst.source} moves the fused image "
        f"most, by {255 * worst.moved:.1f} of 255 levels"
    )
    for each in dict.fromkeys((one.perturbation, one.reason) for one in found.left_out):
        say(f"not measured: {each[0]}: {each[1]}")
    say(str(page))
    if as_json:
        print_json({"report": page, **found.record()})
