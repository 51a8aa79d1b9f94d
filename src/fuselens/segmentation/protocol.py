"""The segmenter protocol: `logits = segmenter(image)`, `[N, 1, H, W]` in `[0, 1]` to `[N, C, H, W]` of the same size.

Any module or callable of that form is a segmenter; `as_segmenter` makes one of a network that wants three channels,
answers in its own size, or wraps its answer as the networks of transformers do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.functional import interpolate

from fuselens.core.errors import InputError

Segmenter = Callable[[torch.Tensor], torch.Tensor]
IGNORED = 255
"""The label of pixels that count nowhere: not in a loss, not in a measure."""


def check_segmenter(
    segmenter: Segmenter, image: torch.Tensor, classes: int | Sequence[str] | None = None
) -> torch.Tensor:
    """Run `segmenter` on `image` and return its logits `[N, C, H, W]`, once they are proved to be some.

    Gradients pass through.

    Args:
        segmenter: maps `[N, 1, H, W]` to `[N, C, H, W]`.
        image: `[N, 1, H, W]`, float, in `[0, 1]`.
        classes: the number of classes that is expected, or their names; None for any number from 2 on.

    Raises:
        InputError: the image is no grey batch, the segmenter refuses one channel, or what it returns is no tensor, of
            another size, of another number of classes, or not finite.
    """
    check_image(image)
    logits = _answer(segmenter, image)
    if not isinstance(logits, torch.Tensor):
        raise InputError(
            f"Expected the segmenter to return a tensor of logits but got {type(logits).__name__}; "
            "wrap it with as_segmenter(module)."
        )
    if logits.ndim != 4 or logits.shape[0] != image.shape[0] or logits.shape[2:] != image.shape[2:]:
        raise InputError(
            f"Expected logits [{image.shape[0]}, C, {image.shape[2]}, {image.shape[3]}] from the segmenter but got "
            f"shape {tuple(logits.shape)}; wrap it with as_segmenter(module), which resizes them."
        )
    _check_classes(logits.shape[1], classes)
    if not bool(torch.isfinite(logits).all()):
        raise InputError("The segmenter returned NaN or infinite logits; check its weights and its input range.")
    return logits


def check_image(image: torch.Tensor) -> None:
    """Refuse what is no grey batch.

    Raises:
        InputError: it is none.
    """
    if image.ndim != 4 or image.shape[1] != 1 or not image.is_floating_point():
        raise InputError(
            f"Expected a grey float image [N, 1, H, W] for the segmenter but got {image.dtype} {tuple(image.shape)}; "
            "give the luma."
        )


def _answer(segmenter: Segmenter, image: torch.Tensor) -> Any:
    try:
        return segmenter(image)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = " ".join(str(error).split()).rstrip(".")
        raise InputError(
            f"The segmenter fails on a grey image [N, 1, H, W] ({reason}); a network of three channels is wrapped with "
            "as_segmenter(module, channels=3)."
        ) from error


def _check_classes(found: int, classes: int | Sequence[str] | None) -> None:
    if found < 2:
        raise InputError(f"Expected logits of at least two classes from the segmenter but got {found} channel.")
    expected = classes if isinstance(classes, int | None) else len(classes)
    if expected is not None and found != expected:
        raise InputError(
            f"Expected logits of {expected} classes from the segmenter but got {found}; take the class table that it "
            "was trained for."
        )


def as_segmenter(module: Segmenter, *, channels: int = 3, classes: Sequence[str] | None = None) -> WrappedSegmenter:
    """Wrap a network or callable of any kind, so that it keeps the protocol.

    Args:
        module: maps `[N, channels, H, W]` to logits of any size, or to an object with the attribute `logits`.
        channels: 3 repeats the grey image, 1 passes it on.
        classes: names of the classes, `classes[0]` that of unlabelled pixels; None where they are not known.

    Raises:
        InputError: `module` is not callable, or `channels` is neither 1 nor 3.
    """
    if not callable(module):
        raise InputError(f"Expected a segmenter callable as segmenter(image) but got {type(module).__name__}.")
    if channels not in (1, 3):
        raise InputError(f"Expected a segmenter of 1 or 3 channels but got {channels}.")
    return WrappedSegmenter(module, channels, tuple(classes) if classes is not None else None)


class WrappedSegmenter(nn.Module):
    """A foreign network behind the protocol; modules are registered, so their parameters are found and frozen.

    Attributes:
        classes: names by number; empty where they are not known.
    """

    def __init__(self, module: Segmenter, channels: int, classes: tuple[str, ...] | None) -> None:
        """Keep `module`."""
        super().__init__()
        self.module = module
        self.channels = channels
        self.classes = classes or ()

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return logits `[N, C, H, W]`, resized bilinearly where the network answers in another size."""
        answer: Any = self.module(image.expand(-1, self.channels, -1, -1))
        logits = getattr(answer, "logits", answer)
        if not isinstance(logits, torch.Tensor) or logits.ndim != 4:
            shape = f"shape {tuple(logits.shape)}" if isinstance(logits, torch.Tensor) else type(logits).__name__
            raise InputError(
                f"Expected the wrapped segmenter to return logits [N, C, h, w], plain or as .logits, but got {shape}."
            )
        if self.classes:
            _check_classes(logits.shape[1], self.classes)
        return resized(logits, (image.shape[2], image.shape[3]))


def resized(maps: torch.Tensor, size: tuple[int, int], *, corners: bool = False) -> torch.Tensor:
    """Resize `[N, C, h, w]` bilinearly to `size`, where it has another; `corners` aligns the corner pixels' centres."""
    if maps.shape[2:] == size:
        return maps
    return interpolate(maps, size=size, mode="bilinear", align_corners=corners)
