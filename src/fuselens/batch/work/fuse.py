"""Write the fused image: `fused/NAME.png`."""

from __future__ import annotations

from fuselens.batch.plan import Plan
from fuselens.batch.scene import Made, Scene


def fuse(scene: Scene, plan: Plan, _: str) -> Made:
    """Write the fused image; its mean level goes into the row.

    Raises:
        InputError: it cannot be written.
        ModelError: what the model returned is no fused image.
    """
    path = scene.fused.save(scene.folder("fused") / f"{scene.name}.{plan.image_format}")
    return Made({"fused_level": float(scene.fused.y.mean())}, (path,))
