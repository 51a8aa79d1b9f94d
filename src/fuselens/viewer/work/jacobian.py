"""`jacobian`: what made one pixel, while the mouse moves. Only the window that the pixel sees is computed and sent."""

from __future__ import annotations

import time

from fuselens.core.targets import Pixel
from fuselens.explainers.backward import score_of_sources
from fuselens.viewer.catalogue import Catalogue
from fuselens.viewer.jobs import Job
from fuselens.viewer.messages import Jacobian
from fuselens.viewer.opened import Opened


def answer(job: Job, models: Catalogue, opened: Opened, request: Jacobian) -> None:
    """Do what `fuselens.jacobian` does, but for the zeros outside the window."""
    model = models.load(request.model)
    started = time.perf_counter()
    with score_of_sources(model, opened.near(model), Pixel(*request.pixel)) as score:
        value, by_a, by_b = score.with_gradients(*score.sources)
    mass_a, mass_b = float(by_a.abs().sum()), float(by_b.abs().sum())
    window = score.window
    job.finish(
        "jacobian",
        {"a": by_a[0, 0], "b": by_b[0, 0]},
        model=request.model,
        channel=request.channel,
        pixel=request.pixel,
        window=[window.top, window.left, window.bottom, window.right],
        fused=float(value),
        share_a=mass_a / (mass_a + mass_b) if mass_a + mass_b else None,
        sum_a=float(by_a.sum()),
        sum_b=float(by_b.sum()),
        milliseconds=round(1000 * (time.perf_counter() - started), 2),
    )
