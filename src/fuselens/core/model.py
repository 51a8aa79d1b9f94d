"""The model protocol: a fusion operator `(a, b) -> fused` on `[N, 1, H, W]` tensors in `[0, 1]`.

Used by every room that runs a model; `as_model` accepts anything callable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import nn

from fuselens.core.errors import InputError, ModelError
from fuselens.core.locality import EVERY_SIDE, Sides

if TYPE_CHECKING:
    from fuselens.core.intrinsic import ModelState
    from fuselens.core.pair import ImagePair

Module = TypeVar("Module", bound=nn.Module)


class FusionModel(nn.Module):
    """Base of every model.

    Attributes:
        name: registry name.
        reach: smallest rho such that a fused pixel depends only on source pixels within Chebyshev distance rho;
            None for a global model.
        stride: period of the model's sampling grid; windows and tiles start on multiples of it (1: any pixel).
        reach_is_measured: True where `reach` was measured on a foreign model instead of declared.
        weights_info: the card of the loaded weights; empty without weights.
    """

    name: str = "model"
    reach: int | None = None
    stride: int = 1
    reach_is_measured: bool = False

    def __init__(self) -> None:
        """Start without weights."""
        super().__init__()
        self.weights_info: dict[str, Any] = {}

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Fuse two batches `[N, 1, H, W]` in `[0, 1]` to one of the same shape."""
        raise NotImplementedError

    def on_window(self, a: torch.Tensor, b: torch.Tensor, at_border: Sides) -> torch.Tensor:
        """Fuse a window cut from a larger image; `at_border` says which of its sides are the image's own.

        Models that treat the image's border in a way of their own override this.
        """
        return self(a, b)  # type: ignore[no-any-return]

    def frame(self, size: tuple[int, int], at_border: Sides) -> tuple[int, int, int, int]:
        """Return how many rows and columns the model itself puts round a window of `size`: top, left, bottom, right.

        Its layers see the window with this frame, so what they return must be cut by it. Models that pad their sources
        before the first layer override this.
        """
        return 0, 0, 0, 0

    def explain_state(self, pair: ImagePair) -> ModelState:
        """Return the model's own account of how it fuses `pair`; models that are interpretable by design override this.

        Raises:
            InputError: the model has no account to give.
        """
        raise InputError(
            f"'{self.name}' is not interpretable by design, so it has no intrinsic explanation; "
            "take another method, such as ddfimage."
        )

    @property
    def title(self) -> str:
        """Name and weights, for people: `masknet:mri-pet`."""
        weights = self.weights_info.get("weights")
        return f"{self.name}:{weights}" if weights else self.name


class WrappedModel(FusionModel):
    """A foreign callable behind the model protocol; what it returns is checked at each call."""

    def __init__(self, function: Callable[..., Any], *, name: str, reach: int | None, stride: int) -> None:
        """Keep `function`; modules are registered, so their parameters are found and frozen."""
        super().__init__()
        self.function = function
        self.name = name
        self.reach = reach
        self.stride = stride

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Call the function and check shape, type and finiteness."""
        fused = self.function(a, b)
        if not isinstance(fused, torch.Tensor):
            raise ModelError(
                f"Expected '{self.name}' to return a tensor of shape {tuple(a.shape)} but got "
                f"{type(fused).__name__}; return torch.Tensor."
            )
        if fused.shape != a.shape:
            raise ModelError(
                f"Expected '{self.name}' to return shape {tuple(a.shape)} but got {tuple(fused.shape)}; "
                "a fusion model returns one grey image of the sources' size."
            )
        if not bool(torch.isfinite(fused).all()):
            raise ModelError(f"'{self.name}' returned NaN or infinite values for this pair; check its input range.")
        return fused

    def frame(self, size: tuple[int, int], at_border: Sides) -> tuple[int, int, int, int]:
        """Return the frame of a wrapped model, which sees every window as a whole image."""
        inner = self.function
        return inner.frame(size, EVERY_SIDE) if isinstance(inner, FusionModel) else super().frame(size, at_border)

    def explain_state(self, pair: ImagePair) -> ModelState:
        """Return the account of what is wrapped.

        Raises:
            InputError: it has none to give.
        """
        own = getattr(self.function, "explain_state", None)
        return super().explain_state(pair) if own is None else own(pair)


def as_model(model: Any) -> FusionModel:
    """Return `model` itself if it is a `FusionModel`, else wrap the callable as a global one.

    Raises:
        InputError: `model` is not callable.
    """
    if isinstance(model, FusionModel):
        return model
    if not callable(model):
        raise InputError(f"Expected a model callable as model(a, b) but got {type(model).__name__}.")
    name = getattr(model, "__name__", type(model).__name__)
    return WrappedModel(model, name=name, reach=getattr(model, "reach", None), stride=getattr(model, "stride", 1))


def device_and_dtype(model: nn.Module) -> tuple[torch.device, torch.dtype]:
    """Return where the model's numbers live; CPU and float32 for models without parameters."""
    for tensor in (*model.parameters(), *model.buffers()):
        if tensor.is_floating_point():
            return tensor.device, tensor.dtype
    return torch.device("cpu"), torch.float32


def resolve_device(device: str | torch.device) -> torch.device:
    """Turn `"auto"`, `"cpu"`, `"cuda"`, `"cuda:1"`, `"mps"` into a device that exists here.

    Raises:
        InputError: unknown word, or a device that this machine does not have.
    """
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        found = torch.device(device)
        torch.empty(0, device=found)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"Device '{device}' cannot be used here; try --device auto or cpu.") from error
    return found


@contextmanager
def explaining(model: Module, device: str | torch.device | None = None) -> Iterator[Module]:
    """Put the model into evaluation mode with frozen parameters, and leave it as it was found.

    Frozen parameters halve a backward pass: only the sources need gradients.
    """
    modes = {module: module.training for module in model.modules()}
    needed = [p for p in model.parameters() if p.requires_grad]
    home, _ = device_and_dtype(model)
    try:
        model.eval()
        for parameter in needed:
            parameter.requires_grad_(False)
        if device is not None:
            model.to(resolve_device(device))
        yield model
    finally:
        for module, training in modes.items():
            module.training = training
        for parameter in needed:
            parameter.requires_grad_(True)
        if device is not None:
            model.to(home)
