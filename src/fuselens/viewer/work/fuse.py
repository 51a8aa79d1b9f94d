"""`fuse`: the fused image."""

from __future__ import annotations

from fuselens.report.pictures import fused_rgb
from fuselens.viewer.catalogue import Catalogue
from fuselens.viewer.jobs import Job
from fuselens.viewer.messages import Fuse
from fuselens.viewer.opened import Opened


def answer(job: Job, models: Catalogue, opened: Opened, request: Fuse) -> None:
    """Fuse the pair."""
    fused = opened.fused_by(request.model, models.load(request.model))
    job.say("fused", {"fused": fused.y, "rgb": fused_rgb(fused)}, model=request.model, colour_note=fused.colour_note)
