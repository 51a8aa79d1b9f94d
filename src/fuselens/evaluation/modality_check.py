"""The modality check: a source that the model never looks at must get nothing. A test of sanity, not a score."""

from __future__ import annotations

import torch

from fuselens.core.locality import Sides
from fuselens.core.model import FusionModel, as_model
from fuselens.core.pair import ImagePair
from fuselens.core.targets import Target
from fuselens.evaluation.likeness import Method, maps_of


class IgnoresB(FusionModel):
    """A model that is shown source a twice, so that its fused image has nothing from b."""

    def __init__(self, model: object) -> None:
        """Wrap any `(a, b) -> fused`."""
        super().__init__()
        self.model = as_model(model)
        self.name = f"{self.model.name} without b"
        self.reach, self.stride = self.model.reach, self.model.stride

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Fuse a with itself."""
        fused: torch.Tensor = self.model(a, a)
        return fused

    def frame(self, size: tuple[int, int], at_border: Sides) -> tuple[int, int, int, int]:
        """Return the wrapped model's frame."""
        return self.model.frame(size, at_border)

    def on_window(self, a: torch.Tensor, b: torch.Tensor, at_border: Sides) -> torch.Tensor:
        """Fuse a window of a with itself."""
        return self.model.on_window(a, a, at_border)


def modality_check(method: Method, model: object, pair: ImagePair, target: Target) -> dict[str, float]:
    """Explain the model while it sees nothing of b, and return b's part of the explanation.

    It must be 0; for methods that sample, it must go to 0 with more samples.

    Key `modality_leak`: b's part of the sum of absolute values, or of the set's pixels; 0 where both have none. In b's
    place the model gets a, so methods that attribute features by the place that they came in at cannot pass.

    Args:
        method: an explainer with its settings: `(model, pair, target) -> result`.
        model: any `(a, b) -> fused`.
        pair: the sources.
        target: what is explained.
    """
    a, b = (float(values.abs().sum()) for values in maps_of(method(IgnoresB(model), pair, target)))
    return {"modality_leak": b / (a + b) if a + b else 0.0}
