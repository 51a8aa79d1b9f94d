"""`region`: the questions about one region, answered in numbers and sentences."""

from __future__ import annotations

from fuselens.core.errors import InputError
from fuselens.core.targets import RegionMean
from fuselens.explainers.region_report import region_report
from fuselens.viewer.catalogue import Catalogue
from fuselens.viewer.jobs import Job
from fuselens.viewer.messages import Region
from fuselens.viewer.opened import Opened


def answer(job: Job, models: Catalogue, opened: Opened, request: Region) -> None:
    """Report on the region, which needs the guidance."""
    guide = opened.guides.get(request.model)
    if guide is None:
        raise InputError("The guidance of this model is not computed yet; wait for it, then ask again.")
    box = request.box.checked(opened.pair.size)
    edges = (box.top, box.left, box.bottom, box.right)
    report = region_report(models.load(request.model), opened.pair, RegionMean(edges), guide)
    job.say("region", model=request.model, box=list(edges), report=report.as_dict(), sentences=report.sentences())
