"""Explain every pair by any method: a folder a pair, `METHOD/NAME/`."""

from __future__ import annotations

import inspect
import secrets
import shutil
from pathlib import Path
from typing import Any

from fuselens.batch.plan import Plan
from fuselens.batch.scene import Made, Scene
from fuselens.core.targets import parse_target
from fuselens.explainers import EXPLAINERS


def guidance(scene: Scene, plan: Plan, _: str) -> Made:
    """Write the guidance images of both sources; their mean share goes into the row.

    Raises:
        ModelError: no gradient reaches the sources.
    """
    return explain(scene, plan, "guidance")


def explain(scene: Scene, plan: Plan, method: str) -> Made:
    """Write what a method says of the plan's target, and its share where it gives one.

    Raises:
        InputError, ModelError: as the method.
    """
    explainer = EXPLAINERS[method]
    found = explainer(scene.model, scene.pair, **_settings(explainer, plan))
    files = _saved_whole(found, scene.folder(method) / scene.name)
    return Made(_row(found, method), files)


def _settings(explainer: Any, plan: Plan) -> dict[str, Any]:
    parameters = inspect.signature(explainer).parameters
    offered: dict[str, Any] = {"seed": plan.seed}
    if plan.target is not None:
        offered["target"] = parse_target(plan.target)
    return {name: value for name, value in offered.items() if name in parameters}


def _row(found: Any, method: str) -> dict[str, Any]:
    share = getattr(found, "share", None)
    if not callable(share):
        return {}
    value = share()
    return {f"{method}_share": float(value if isinstance(value, float) else value.nanmean())}


def _saved_whole(found: Any, folder: Path) -> tuple[Path, ...]:
    """Save into a folder beside, then put it in its place, so that nobody sees half of it."""
    beside = folder.parent / f".{secrets.token_hex(8)}"
    try:
        found.save(beside)
        shutil.rmtree(folder, ignore_errors=True)
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return tuple(sorted(path for path in folder.rglob("*") if path.is_file()))
