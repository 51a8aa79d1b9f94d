"""Score the fused image by the field's metrics."""

from __future__ import annotations

from fuselens.batch.plan import Plan
from fuselens.batch.scene import Made, Scene
from fuselens.metrics.score import score as score_image


def score(scene: Scene, plan: Plan, _: str) -> Made:
    """Return one column a metric, `score_NAME`.

    Raises:
        InputError: a metric cannot be computed of this pair.
    """
    found = score_image(scene.pair, scene.fused, plan.metrics)
    return Made({f"score_{name}": value for name, value in found.items()})
