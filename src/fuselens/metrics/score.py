"""Score fused images: any number of metrics on one pair, or on many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, overload

import torch

from fuselens.core.errors import InputError
from fuselens.core.pair import ImagePair
from fuselens.metrics import DEFAULT_METRICS, chosen_metrics
from fuselens.metrics.metric import FusionMetric
from fuselens.metrics.parts.levels import WHITE, rounded


class HasLuma(Protocol):
    """A fused image that knows its luma, such as `FusedImage`."""

    @property
    def y(self) -> torch.Tensor:
        """Return the luma `[H, W]` in `[0, 1]`."""
        ...


Fused = torch.Tensor | HasLuma


@overload
def score(
    pair: ImagePair,
    fused: Fused,
    metrics: Iterable[str] = ...,
    *,
    compat: str | None = ...,
    dtype: torch.dtype = ...,
    device: str | torch.device | None = ...,
    quantize: bool = ...,
) -> dict[str, float]: ...


@overload
def score(
    pair: Sequence[ImagePair],
    fused: Sequence[Fused],
    metrics: Iterable[str] = ...,
    *,
    compat: str | None = ...,
    dtype: torch.dtype = ...,
    device: str | torch.device | None = ...,
    quantize: bool = ...,
) -> list[dict[str, float]]: ...


def score(
    pair: ImagePair | Sequence[ImagePair],
    fused: Fused | Sequence[Fused],
    metrics: Iterable[str] = DEFAULT_METRICS,
    *,
    compat: str | None = None,
    dtype: torch.dtype = torch.float32,
    device: str | torch.device | None = None,
    quantize: bool = True,
) -> dict[str, float] | list[dict[str, float]]:
    """Score a fused image by its luma, or each of several.

    Args:
        pair: the sources, or a sequence of pairs of any sizes.
        fused: `FusedImage`, or luma `[H, W]` in `[0, 1]`; as many as there are pairs.
        metrics: names, with `:CONVENTION` where another than the canonical one is meant; `"all"` for all.
        compat: a public code whose conventions are taken where it deviates, such as `"cddfuse"`.
        dtype: `torch.float64` where flat areas or the last digits matter; float32 agrees with it to about 1e-5 on
            natural images.
        device: where to compute; None leaves the images where they are.
        quantize: round all images to the 256 levels of an 8-bit file, as the field does, so that 16-bit and float
            images give comparable numbers; False scores the values as they are.

    Returns:
        One value a metric, under the name it was asked for; NaN where the metric is not defined for the image.

    Raises:
        InputError: sizes that differ, images too small for a metric, NaN, or another number of images than pairs.
        UnknownNameError: no such metric or convention.

    Example:
        >>> import fuselens as fl
        >>> pair = fl.example_pair("street")
        >>> sorted(fl.score(pair, fl.fuse(fl.load_model("average"), pair), metrics=["en", "cc"]))
        ['cc', 'en']
    """
    chosen = chosen_metrics(metrics, compat=compat)
    if isinstance(pair, ImagePair):
        if isinstance(fused, Sequence):
            raise InputError("Expected one fused image for one pair but got a sequence; pass a sequence of pairs too.")
        return _score_one(pair, fused, chosen, dtype, device, quantize)
    if not isinstance(fused, Sequence) or len(fused) != len(pair):
        raise InputError(f"Expected as many fused images as pairs, {len(pair)}, in a sequence.")
    return [_score_one(p, f, chosen, dtype, device, quantize) for p, f in zip(pair, fused, strict=True)]


def _score_one(
    pair: ImagePair,
    fused: Fused,
    chosen: dict[str, tuple[FusionMetric, str]],
    dtype: torch.dtype,
    device: str | torch.device | None,
    quantize: bool,
) -> dict[str, float]:
    luma = fused if isinstance(fused, torch.Tensor) else fused.y
    if luma.ndim != 2:
        raise InputError(f"Expected a fused image [H, W] but got shape {tuple(luma.shape)}; pass its luma.")
    if not 0 <= float(luma.min()) <= float(luma.max()) <= 1:  # NaN fails every comparison
        raise InputError("Expected a fused image in [0, 1] without NaN; clip it first, as fl.fuse does.")
    images = [image.detach()[None, None].to(device=device, dtype=dtype) * WHITE for image in (pair.a.y, pair.b.y, luma)]
    if quantize:
        images = [rounded(image) for image in images]
    return {name: float(metric.on_levels(*images, convention=code)) for name, (metric, code) in chosen.items()}
