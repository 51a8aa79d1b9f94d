"""Intrinsic explanations: what a model that is interpretable by design says about itself."""

from __future__ import annotations

from dataclasses import replace

import torch

from fuselens.core.errors import ModelError
from fuselens.core.intrinsic import ModelState
from fuselens.core.model import as_model, explaining
from fuselens.core.pair import ImagePair
from fuselens.core.results import model_settings


def intrinsic(model: object, pair: ImagePair, *, device: str | torch.device | None = None) -> ModelState:
    """Return the model's own account: the weights, maps and choices with which it fused the pair.

    Nothing is hidden, sampled or approximated from outside: these are the numbers that the model decided with, so the
    account is as good as the model is plain. It takes no target, since it is about the whole image.

    Args:
        model: one with `explain_state(pair)`; wrapped models and modules may bring their own.
        pair: the sources.
        device: where to compute; None leaves the model where it is.

    Raises:
        InputError: the model has no account to give.
        ModelError: its account is none, or holds what cannot be shown.

    Example:
        >>> from fuselens.core.intrinsic import StateBars
        >>> class Half(torch.nn.Module):
        ...     def forward(self, a, b):
        ...         return (a + b) / 2
        ...     def explain_state(self, pair):
        ...         bars = StateBars("Weights", "Half of each.", pair.names, {"weight": torch.tensor([0.5, 0.5])})
        ...         return ModelState(pair.names, ["Both weigh the same."], [bars])
        >>> pair = ImagePair.from_arrays(torch.rand(9, 11), torch.rand(9, 11), ("infrared", "visible"))
        >>> intrinsic(Half(), pair).settings["model"]
        'Half'
    """
    operator = as_model(model)
    with explaining(operator, device):
        state = operator.explain_state(pair)
    if not isinstance(state, ModelState):
        raise ModelError(
            f"Expected explain_state of '{operator.name}' to return a ModelState but got {type(state).__name__}."
        )
    return replace(state, settings=model_settings(operator) | dict(state.settings))
