"""Explainers: the registry and the one door to it."""

from __future__ import annotations

from typing import Any

from fuselens.core.pair import ImagePair
from fuselens.core.registry import Registry

EXPLAINERS = Registry(
    "explainer",
    {
        "guidance": "fuselens.explainers.guidance:guidance",
        "jacobian": "fuselens.explainers.jacobian:jacobian",
    },
    "fuselens.explainers",
)


def list_explainers() -> list[str]:
    """Return the names of all explainers, third-party ones included."""
    return list(EXPLAINERS)


def explain(model: object, pair: ImagePair, method: str = "guidance", **settings: Any) -> Any:
    """Explain a fused image by the method of that name.

    Args:
        model: any `(a, b) -> fused`.
        pair: the sources.
        method: one of `list_explainers()`.
        settings: what that explainer takes.

    Raises:
        UnknownNameError: no such explainer.
    """
    return EXPLAINERS[method](model, pair, **settings)
