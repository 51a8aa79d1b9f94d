"""`snapshot`: what the page shows, as reports to keep: one self-contained page a model."""

from __future__ import annotations

import re

from fuselens.core.errors import InputError
from fuselens.core.intrinsic import ModelState
from fuselens.core.model import FusionModel
from fuselens.core.targets import RegionMean
from fuselens.explainers.intrinsic import intrinsic
from fuselens.explainers.jacobian import jacobian
from fuselens.explainers.region_report import region_report
from fuselens.report.page import ReportContents, render
from fuselens.viewer.catalogue import Catalogue
from fuselens.viewer.jobs import Job
from fuselens.viewer.messages import Snapshot
from fuselens.viewer.opened import Opened


def answer(job: Job, models: Catalogue, opened: Opened, request: Snapshot) -> None:
    """Write a report for each model, with the Jacobians of the probes and of the boxes."""
    for box in request.boxes:
        box.checked(opened.pair.size)
    for number, key in enumerate(request.models):
        job.begin(f"report on {key}")
        job.progress(number, len(request.models))
        html = render(_contents(key, models.load(key), opened, request))
        job.say("snapshot", model=key, html=html, name=f"fuselens-{_plain(key)}.html")


def _contents(key: str, model: FusionModel, opened: Opened, request: Snapshot) -> ReportContents:
    pair, guide = opened.pair, opened.guides.get(key)
    regions = [RegionMean((box.top, box.left, box.bottom, box.right)) for box in request.boxes]
    probes = [jacobian(model, pair, pixel=pixel) for pixel in request.probes]
    if guide is None and not regions and not probes:
        raise InputError("There is nothing to report yet: pin a pixel, mark a region, or wait for the guidance.")
    return ReportContents(
        pair=pair,
        fused=opened.fused_by(key, model),
        model=model,
        guidance=guide,
        probes=[*probes, *(jacobian(model, pair, target=region) for region in regions)],
        regions=[] if guide is None else [region_report(model, pair, region, guide) for region in regions],
        state=_state(model, opened) if guide is not None else None,
        notes=[opened.fused_by(key, model).colour_note],
    )


def _state(model: FusionModel, opened: Opened) -> ModelState | None:
    try:
        return intrinsic(model, opened.pair)
    except InputError:
        return None


def _plain(key: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")
