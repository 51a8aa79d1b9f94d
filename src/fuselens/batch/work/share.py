"""How much of the fused image each source causes: by hiding one source after the other, which any model allows."""

from __future__ import annotations

import torch

from fuselens.batch.plan import Plan
from fuselens.batch.scene import Made, Scene
from fuselens.core.errors import InputError
from fuselens.explainers.share import VANISHES
from fuselens.robustness.measure import measured


def share(scene: Scene, plan: Plan, _: str) -> Made:
    """Return the share of source a: of the image (`share`), of its cells (`shares`), of named regions (`share_NAME`).

    A share is in `[0, 1]`, NaN where neither source moves the fused image; 1 minus it is the share of source b.

    Raises:
        InputError: a region leaves the image.
        ModelError: what the model returned is no fused image.
    """
    found = measured(scene.model, scene.pair, None)
    row = {"share": found.share, "shares": found.shares.tolist()}
    for region in plan.regions:
        top, left, bottom, right = region.box
        if bottom > scene.pair.size[0] or right > scene.pair.size[1]:
            raise InputError(
                f"Region {region.name} ({top},{left},{bottom},{right}) leaves the image of {scene.pair.size[1]}x"
                f"{scene.pair.size[0]}; give it as TOP,LEFT,BOTTOM,RIGHT within it."
            )
        areas = torch.bincount(found.cells[top:bottom, left:right].flatten(), minlength=found.moved.shape[1])
        a, b = (found.moved.double() @ areas.double()).tolist()
        row[f"share_{region.name}"] = a / (a + b) if a + b > VANISHES * areas.sum() else float("nan")
    return Made(row)
