"""`snapshot`: what the page shows, as self-contained pages to keep: one a model, and one an explanation."""

from __future__ import annotations

import re

from fuselens.core.errors import InputError
from fuselens.core.explanation import SetExplanation
from fuselens.core.intrinsic import ModelState
from fuselens.core.model import FusionModel
from fuselens.core.targets import RegionMean
from fuselens.data.fused import fuse
from fuselens.explainers.intrinsic import intrinsic
from fuselens.explainers.jacobian import jacobian
from fuselens.explainers.region_report import region_report
from fuselens.report import page, results_page
from fuselens.report.page import ReportContents
from fuselens.report.results_page import ResultContents
from fuselens.viewer.catalogue import Catalogue
from fuselens.viewer.jobs import Job
from fuselens.viewer.messages import Snapshot
from fuselens.viewer.opened import Found, Opened

GAMMA = 0.5  # of the pages that `fuselens explain` writes


def answer(job: Job, models: Catalogue, opened: Opened, request: Snapshot) -> None:
    """Write a report for each model, with the Jacobians of the probes and of the boxes, then one an explanation."""
    for box in request.boxes:
        box.checked(opened.pair.size)
    if not set(request.explanations) <= set(opened.found):
        raise InputError("An explanation is no longer known here; press Explain once more, then save the page.")
    reported = [key for key in request.models if request.probes or request.boxes or key in opened.guides]
    if not reported and not request.explanations:
        raise InputError(
            "There is nothing to report yet: pin a pixel, mark a region, explain it, or wait for the guidance."
        )
    total = len(reported) + len(request.explanations)
    for number, key in enumerate(reported):
        _begin(job, f"report on {key}", number, total)
        html = page.render(_contents(key, models.load(key), opened, request))
        job.say("snapshot", model=key, html=html, name=f"fuselens-{_plain(key)}.html")
    for number, asked in enumerate(request.explanations):
        key, found = opened.found[asked]
        _begin(job, f"explanation of {key}", len(reported) + number, total)
        html = results_page.render(_explanation(key, models.load(key), opened, found))
        job.say("snapshot", model=key, html=html, name=f"fuselens-{_plain(key)}-{_plain(found.method)}-{asked}.html")


def _begin(job: Job, words: str, done: int, total: int) -> None:
    job.begin(words)
    job.progress(done, total)


def _contents(key: str, model: FusionModel, opened: Opened, request: Snapshot) -> ReportContents:
    pair, guide = opened.pair, opened.guides.get(key)
    regions = [RegionMean((box.top, box.left, box.bottom, box.right)) for box in request.boxes]
    probes = [jacobian(model, pair, pixel=pixel) for pixel in request.probes]
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


def _explanation(key: str, model: FusionModel, opened: Opened, found: Found) -> ResultContents:
    """Return the contents of the page that `fuselens explain` writes: overlay, certificate in words, scores, search."""
    fused = opened.fused_by(key, model)
    alone = fuse(model, found.explained_pair()) if isinstance(found, SetExplanation) and found.kept else None
    return ResultContents(opened.pair, fused, model, [found], alone, GAMMA, notes=[fused.colour_note])


def _state(model: FusionModel, opened: Opened) -> ModelState | None:
    try:
        return intrinsic(model, opened.pair)
    except InputError:
        return None


def _plain(key: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")
