"""Explain every pair by any method: a folder a pair, `METHOD/NAME/`."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path
from typing import Any

from fuselens.batch.plan import Plan
from fuselens.batch.scene import Made, Scene
from fuselens.core.targets import parse_target
from fuselens.explainers import explain as run_explainer
from fuselens.explainers import settings_of


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
    found = run_explainer(scene.model, scene.pair, method, **_settings(method, plan))
    files = _saved_whole(found, scene.folder(method) / scene.name)
    return Made(_row(found, method), files)


def _settings(method: str, plan: Plan) -> dict[str, Any]:
    offered: dict[str, Any] = {"seed": plan.seed}
    if plan.target is not None:
        offered["target"] = parse_target(plan.target)
    taken = settings_of(method)
    return {name: value for name, value in offered.items() if name in taken}


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
