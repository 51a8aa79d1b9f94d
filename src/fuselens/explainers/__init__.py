"""Explainers: the registry and the one door to it."""

from __future__ import annotations

import inspect
from typing import Any

from fuselens.core.pair import ImagePair
from fuselens.core.registry import Registry

EXPLAINERS = Registry(
    "explainer",
    {
        "baylime": "fuselens.explainers.baylime:baylime",
        "ddfimage": "fuselens.explainers.ddfimage:ddfimage",
        "gradcam": "fuselens.explainers.gradcam:gradcam",
        "gradient_input": "fuselens.explainers.gradient_input:gradient_input",
        "guidance": "fuselens.explainers.guidance:guidance",
        "hirescam": "fuselens.explainers.gradcam:hirescam",
        "integrated_gradients": "fuselens.explainers.integrated_gradients:integrated_gradients",
        "intrinsic": "fuselens.explainers.intrinsic:intrinsic",
        "jacobian": "fuselens.explainers.jacobian:jacobian",
        "lime": "fuselens.explainers.lime:lime",
        "occlusion": "fuselens.explainers.occlusion:occlusion",
        "rise": "fuselens.explainers.rise:rise",
        "sedc": "fuselens.explainers.sedc:sedc",
        "sedc_t": "fuselens.explainers.sedc:sedc_t",
        "task_share": "fuselens.explainers.task_share:task_share_through",
    },
    "fuselens.explainers",
)


def list_explainers() -> list[str]:
    """Return the names of all explainers, third-party ones included."""
    return list(EXPLAINERS)


def settings_of(method: str) -> set[str]:
    """Return the names of the settings that a method takes, those of hiding included.

    Raises:
        UnknownNameError: no such explainer.
    """
    from fuselens.explainers.hiding import HidingOptions

    parameters = inspect.signature(EXPLAINERS[method]).parameters
    names = set(parameters)
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        names |= set(HidingOptions.__annotations__)
    return names


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
