"""`guidance`: how strongly each fused pixel follows its own source pixels, coarse at first, in the end as it is."""

from __future__ import annotations

from typing import Any

from fuselens.core.coarse import Preview
from fuselens.explainers.guidance import Guidance as GuidanceImages
from fuselens.explainers.guidance import guidance
from fuselens.viewer.catalogue import Catalogue
from fuselens.viewer.frames import Arrays
from fuselens.viewer.jobs import Job
from fuselens.viewer.messages import Guidance
from fuselens.viewer.opened import Opened


def answer(job: Job, models: Catalogue, opened: Opened, request: Guidance) -> None:
    """Compute the guidance once for each pair and model."""
    model = models.load(request.model)
    if request.model not in opened.guides:
        job.begin("guidance")

        def preview(shown: Preview) -> None:
            arrays = _arrays(shown.a, shown.b, shown.error_a, shown.error_b)
            about = {"step": shown.step, "done": shown.done, "total": shown.total, "is_exact": shown.is_exact}
            job.preview("guidance", arrays, model=request.model, final=False, **about)

        opened.guides[request.model] = guidance(model, opened.pair, progress=job.progress, preview=preview)
    found: GuidanceImages = opened.guides[request.model]
    passes = found.settings["backward_passes"]
    job.say(
        "guidance",
        _arrays(found.a, found.b, found.error_a, found.error_b),
        model=request.model,
        step=1,
        final=True,
        is_exact=found.is_exact,
        done=passes,
        total=passes,
    )


def _arrays(a: Any, b: Any, error_a: Any, error_b: Any) -> Arrays:
    arrays = {"a": a, "b": b, "error_a": error_a, "error_b": error_b}
    return {name: values for name, values in arrays.items() if values is not None}
