"""What PyTorch's functions do to tensors that lack a margin; a new one is known by adding it here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.nn import functional as F

from fuselens.core.margins import Margins, Unshrinkable

Rule = Callable[[Margins, Callable[..., Any], Sequence[Any], Mapping[str, Any]], Any]

POINTWISE = (
    "abs", "add", "clamp", "clamp_max", "clamp_min", "clone", "contiguous", "div", "elu", "exp", "ge", "gelu", "gt",
    "hardtanh", "le", "leaky_relu", "log", "lt", "maximum", "minimum", "mul", "neg", "pow", "relu", "relu6", "rsub",
    "sigmoid", "sign", "silu", "softplus", "sqrt", "square", "sub", "tanh", "true_divide", "where",
)  # fmt: skip
CONVOLUTION = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
PADDING = ("input", "pad", "mode", "value")
ABOUT = {"dtype", "device", "requires_grad", "is_cuda", "ndim", "dim", "is_floating_point", "layout", "is_complex"}
"""What can be asked of a tensor that its margin does not change."""


def tensors_in(values: object) -> list[torch.Tensor]:
    """Return the tensors among the arguments of a function, also those in its lists."""
    if isinstance(values, torch.Tensor):
        return [values]
    if isinstance(values, list | tuple):
        return [each for value in values for each in tensors_in(value)]
    return []


def _whole_shape(margins: Margins, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """`tensor.shape` and `tensor.size()`: as if nothing lacked."""
    shape = margins.whole_shape(args[0])
    place = args[1] if len(args) > 1 else kwargs.get("dim")
    return shape if place is None else shape[place]


def _pointwise(margins: Margins, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> torch.Tensor:
    """Map each pixel by itself."""
    given = tensors_in((*args, *kwargs.values()))
    cut, lack = margins.aligned(given)
    if func.__name__.endswith("_") and cut[0] is not given[0]:
        raise Unshrinkable  # in place, but not on all of the tensor
    chosen = {id(old): new for old, new in zip(given, cut, strict=True)}
    made = func(
        *(chosen.get(id(value), value) for value in args),
        **{name: chosen.get(id(value), value) for name, value in kwargs.items()},
    )
    return margins.note(made, lack)


def _by_channel(margins: Margins, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> torch.Tensor:
    """`prelu` and `batch_norm` with fixed statistics: all tensors but the first hold one value a channel."""
    image, *others = args
    if func is F.batch_norm and (others[4] if len(others) > 4 else kwargs.get("training", False)):
        raise Unshrinkable
    return margins.note(func(image, *others, **kwargs), margins.of(image))


def _concatenated(margins: Margins, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> torch.Tensor:
    """`cat` along the channels."""
    images = args[0]
    dim = _channels(args[1] if len(args) > 1 else kwargs.get("dim", 0), images[0])
    cut, lack = margins.aligned(images)
    return margins.note(torch.cat(cut, dim=dim), lack)


def _split(margins: Margins, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[torch.Tensor, ...]:
    """`split` and `chunk` along the channels."""
    image = args[0]
    _channels(args[2] if len(args) > 2 else kwargs.get("dim", 0), image)
    return tuple(margins.note(part, margins.of(image)) for part in func(*args, **kwargs))


def _channels(dim: int, image: torch.Tensor) -> int:
    """Refuse a dimension of rows or columns."""
    if dim % image.ndim >= image.ndim - 2:
        raise Unshrinkable
    return dim


def _convolved(margins: Margins, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> torch.Tensor:
    """`conv2d` of stride 1: padded, then taken where the kernel fits."""
    given = dict(zip(CONVOLUTION, args, strict=False)) | dict(kwargs)
    image, weight, dilation = given["input"], given["weight"], _two(given.get("dilation", 1))
    if image.ndim != 4 or _two(given.get("stride", 1)) != (1, 1):
        raise Unshrinkable
    spans = [step * (side - 1) for step, side in zip(dilation, weight.shape[2:], strict=True)]
    rows, columns = _edges(given.get("padding", 0), spans)
    padded, lack = margins.pad(image, (rows, columns, rows, columns))
    if any(length <= span for length, span in zip(padded.shape[2:], spans, strict=True)):
        raise Unshrinkable  # the network reaches further than it says
    found = F.conv2d(padded, weight, given.get("bias"), 1, 0, dilation, given.get("groups", 1))
    return margins.note(found, lack)


def _edges(padding: str | int | Sequence[int], spans: Sequence[int]) -> tuple[int, int]:
    """Return rows and columns of a convolution's padding."""
    if padding == "same":
        if any(span % 2 for span in spans):
            raise Unshrinkable
        return spans[0] // 2, spans[1] // 2
    return (0, 0) if isinstance(padding, str) else _two(padding)


def _padded(margins: Margins, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> torch.Tensor:
    """`pad` of rows and columns, whatever it fills them with."""
    given = dict(zip(PADDING, args, strict=False)) | dict(kwargs)
    if len(given["pad"]) != 4 or min(given["pad"]) < 0:
        raise Unshrinkable
    left, right, top, bottom = given["pad"]
    how = {name: given[name] for name in ("mode", "value") if name in given}
    padded, lack = margins.pad(given["input"], (top, left, bottom, right), **how)
    return margins.note(padded.view_as(padded), lack)  # not the tensor itself, which lacks less


def _indexed(margins: Margins, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> torch.Tensor:
    """`tensor[..., rows, columns]` by slices, which are counted in the whole tensor."""
    image, index = args
    parts = list(index) if isinstance(index, tuple) else [index]
    if any(part is not Ellipsis and not isinstance(part, slice) for part in parts):
        raise Unshrinkable
    place = parts.index(Ellipsis) if Ellipsis in parts else len(parts)
    missing = image.ndim - len(parts) + (Ellipsis in parts)
    parts[place : place + 1] = [slice(None)] * missing
    lack = margins.of(image)
    sides = zip(parts[-2:], margins.whole_shape(image)[-2:], lack[:2], lack[2:], strict=True)
    (rows, top, bottom), (columns, left, right) = (_sliced(*side) for side in sides)
    return margins.note(image[(*parts[:-2], rows, columns)], (top, left, bottom, right))


def _sliced(part: slice, length: int, before: int, after: int) -> tuple[slice, int, int]:
    """Return what is there of a slice of the whole, and how much of it lacks at its beginning and end."""
    start, stop, step = part.indices(length)
    first, last = max(start, before), min(stop, length - after)
    if step != 1 or first >= last:
        raise Unshrinkable
    return slice(first - before, last - before), first - start, stop - last


def _two(value: int | Sequence[int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[-1])


RULES: dict[str, Rule] = {
    **dict.fromkeys(POINTWISE, _pointwise),
    **dict.fromkeys(("shape", "size"), _whole_shape),
    **dict.fromkeys(("batch_norm", "prelu"), _by_channel),
    **dict.fromkeys(("cat", "concat", "concatenate"), _concatenated),
    **dict.fromkeys(("split", "chunk"), _split),
    "conv2d": _convolved,
    "pad": _padded,
    "getitem": _indexed,
}
