"""The gradient of a target with respect to both sources, on the window of them that decides it.

What all methods that differentiate share. For local models only a window round the target is computed, so the cost does
not grow with the image.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from fuselens.core.errors import ModelError
from fuselens.core.locality import Box, crop, window_of
from fuselens.core.model import FusionModel, as_model, explaining
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution, model_settings
from fuselens.core.run import fuse_luma, model_inputs, require_gradient
from fuselens.core.shrinking import shrinking_call
from fuselens.core.targets import Pixel, Target, bound_target


@dataclass(frozen=True, eq=False)
class ScoreOfSources:
    """A target's score as a function of what the sources show in one window; beyond it nothing moves the score.

    Attributes:
        model: in evaluation mode, its parameters frozen.
        target: bound to the pair.
        names: modality names.
        a, b: the whole sources `[1, 1, H, W]` where the model lives.
        window: the part of them that is computed.
    """

    model: FusionModel
    target: Target
    names: tuple[str, str]
    a: torch.Tensor
    b: torch.Tensor
    window: Box

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the image."""
        return int(self.a.shape[-2]), int(self.a.shape[-1])

    @property
    def sources(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The sources cut to the window, `[1, 1, h, w]`."""
        return self.cut(self.a), self.cut(self.b)

    def cut(self, image: torch.Tensor) -> torch.Tensor:
        """Return the window's part of `[..., H, W]`."""
        return crop(image, self.window)

    def __call__(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Return the scores `[N]` of windows `[N, 1, h, w]`."""
        goal = self.target.box(self.size).inside(self.window)
        return self.target(shrinking_call(self.model, a, b, goal, self.window.borders(self.size))[(..., *goal)])

    def with_gradients(self, a: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the scores `[N]` of windows `[N, 1, h, w]`, and the derivatives by a and by b, `[N, 1, h, w]`.

        Raises:
            ModelError: as `gradients`.
        """
        a, b = a.detach().requires_grad_(True), b.detach().requires_grad_(True)
        scores = self(a, b)
        by_a, by_b = self.gradients(scores, (a, b))
        return scores.detach(), by_a, by_b

    def gradients(self, scores: torch.Tensor, inputs: Sequence[torch.Tensor]) -> tuple[torch.Tensor, ...]:
        """Return the derivative of the scores' sum by each input; zeros for one that does not lead to them.

        Raises:
            ModelError: no gradient reaches the sources, or it is not finite.
        """
        require_gradient(self.model, scores)
        found = torch.autograd.grad(scores.sum(), inputs, allow_unused=True, materialize_grads=True)
        if not all(bool(torch.isfinite(gradient).all()) for gradient in found):
            raise ModelError(
                f"The gradient of {self.target} through '{self.model.name}' is NaN or infinite; use a method that "
                "hides pixels."
            )
        return found

    def on_image(self, values: torch.Tensor) -> torch.Tensor:
        """Return a map `[H, W]` on the CPU that is zero outside the window, where it holds `values` `[h, w]`."""
        whole = torch.zeros(self.size, dtype=values.dtype)
        whole[self.window.slices] = values.detach().cpu()
        return whole

    def attribution(
        self, method: str, a: torch.Tensor, b: torch.Tensor, value: float, *,
        facts: dict[str, Any] | None = None, **settings: Any,
    ) -> Attribution:  # fmt: skip
        """Return the result made of maps `[h, w]` of the window."""
        return Attribution(
            self.on_image(a), self.on_image(b), self.names, str(self.target), value, method, self.window,
            model_settings(self.model) | settings, facts or {},
        )  # fmt: skip


@contextmanager
def score_of_sources(
    model: object,
    pair: ImagePair,
    target: Target | None,
    device: str | torch.device | None = None,
    *,
    reaches: int = 1,
) -> Iterator[ScoreOfSources]:
    """Provide the score as a function of the sources; inside, the model is in evaluation mode and gradients are on.

    Args:
        model: any `(a, b) -> fused`.
        pair: the sources.
        target: what is scored; None for the fused pixel in the image's middle.
        device: where to compute; None leaves the model where it is.
        reaches: how many times the model's reach the window goes beyond the target; one is enough for the gradient.

    Raises:
        InputError: a target that leaves the image.
        ModelError: the model returns what is no fused image.
    """
    operator = as_model(model)
    bound = _bound(target or middle_pixel(pair), operator, pair, device)
    reach = None if operator.reach is None else reaches * operator.reach
    window = window_of(bound.box(pair.size), pair.size, reach, operator.stride)
    with explaining(operator, device), torch.enable_grad():
        yield ScoreOfSources(operator, bound, pair.names, *model_inputs(operator, pair), window)


def middle_pixel(pair: ImagePair) -> Pixel:
    """Return the target of the pixel in the image's middle: what is explained where nothing was asked."""
    return Pixel(pair.size[0] // 2, pair.size[1] // 2)


def _bound(target: Target, model: FusionModel, pair: ImagePair, device: str | torch.device | None) -> Target:
    """Give a target that compares with the pair's images what it compares with."""
    if not hasattr(target, "bound"):
        return target
    fused = fuse_luma(model, pair, device=device, tile=None)[None, None]
    return bound_target(target, pair.a.y[None, None], pair.b.y[None, None], fused)
