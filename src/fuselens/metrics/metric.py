"""What a fusion metric is: a pure function with the facts that its users must know.

Input rule of all metrics: images in `[0, 1]` are read on the scale 0..255 of the field; three channels become luma
(BT.601), except in conventions whose codes average over the channels. The luma of coloured images, like every value
within a thousandth of a grey level, is rounded to whole levels, since the field scores 8-bit images.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import torch

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.metrics.parts.levels import grey_levels, per_channel

CANONICAL = "canonical"
PER_CHANNEL = ("mefb", "vifb")  # codes that score red, green and blue apart and average
APART = "colour: mean over red, green and blue"

Better = Literal["higher", "lower", "zero"]
Needs = Literal["fused", "sources"]


# What a metric file defines: levels 0..255 `[N, 1, H, W]` in, `(fused)` or `(a, b, fused)`, with the keyword
# `convention`; one value an image `[N]` out.
Formula = Callable[..., torch.Tensor]


@dataclass(frozen=True, eq=False)
class FusionMetric:
    """A fusion metric, callable as `metric(a, b, fused)`.

    Attributes:
        name: the registry's name, such as `"qabf"`.
        title: what tables print, such as `"Qabf"`.
        formula: the pure function on grey levels.
        better: which direction is better; `"zero"` where the ideal is 0.
        bounds: smallest and largest possible value; None where there is none.
        needs: `"fused"` alone, or also the `"sources"`.
        reference: where the definition stands.
        unit: of the value, or `""`.
        smallest: the least side of an image, in pixels.
        differentiable: gradients with respect to the fused image exist almost everywhere and are useful.
        symmetric: swapping the sources changes nothing.
        conventions: name of each public code that computes something else under this name, and what it does
            differently. `"canonical"` is always there and need not be listed.
    """

    name: str
    title: str
    formula: Formula
    better: Better
    bounds: tuple[float | None, float | None]
    needs: Needs
    reference: str
    unit: str = ""
    smallest: int = 2
    differentiable: bool = False
    symmetric: bool = True
    conventions: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *images: torch.Tensor, convention: str = CANONICAL) -> torch.Tensor:
        """Score a batch of fused images.

        Args:
            images: `a, b, fused`, or `fused` alone where the metric needs no sources; `[N, 1, H, W]` or
                `[N, 3, H, W]` in `[0, 1]`, float32 or float64; the result has that type.
            convention: `"canonical"`, or the name of a public code whose numbers to reproduce.

        Returns:
            One value an image, `[N]`; NaN where the metric is not defined for the image.

        Raises:
            InputError: wrong number of images, shapes that differ, images too small, NaN, or values out of range.
            UnknownNameError: no such convention of this metric.
        """
        used = self._used(images, convention)
        for image in used:
            _check_values(image, self.title)
        levels = per_channel(used) if convention in PER_CHANNEL else grey_levels(used)
        values = self.formula(*levels, convention=convention)
        return values.view(-1, images[-1].shape[0]).mean(dim=0)

    def on_levels(self, *images: torch.Tensor, convention: str = CANONICAL) -> torch.Tensor:
        """Score grey images that are on the scale 0..255 already, `[N, 1, H, W]`; for many metrics of one image.

        Raises:
            InputError: wrong number of images, shapes that differ, or images too small. Values are not looked at.
            UnknownNameError: no such convention of this metric.
        """
        return self.formula(*self._used(images, convention), convention=convention)

    def _used(self, images: tuple[torch.Tensor, ...], convention: str) -> tuple[torch.Tensor, ...]:
        """Return the images that the metric looks at, their shapes checked."""
        if convention != CANONICAL and convention not in self.conventions:
            raise UnknownNameError(f"convention of {self.name}", convention, [CANONICAL, *self.conventions])
        if len(images) not in ((1, 3) if self.needs == "fused" else (3,)):
            wanted = "fused, or a, b, fused" if self.needs == "fused" else "a, b, fused"
            raise InputError(f"Expected the images {wanted} for {self.title} but got {len(images)} of them.")
        used = images[-1:] if self.needs == "fused" else images
        for image in used:
            _check_shape(image, self.title, self.smallest)
            if image.shape[0] != used[-1].shape[0] or image.shape[-2:] != used[-1].shape[-2:]:
                raise InputError(
                    f"Expected sources and fused image of one size for {self.title} but got "
                    f"{' and '.join(str(tuple(each.shape)) for each in used)}; scores of resized images mean nothing."
                )
        return used


def metric(
    *,
    title: str,
    better: Better,
    bounds: tuple[float | None, float | None],
    reference: str,
    needs: Needs = "sources",
    unit: str = "",
    smallest: int = 2,
    differentiable: bool = False,
    symmetric: bool = True,
    conventions: Mapping[str, str] | None = None,
) -> Callable[[Formula], FusionMetric]:
    """Turn a formula on grey levels into the `FusionMetric` of the formula's name; see there for the arguments."""

    def named(formula: Formula) -> FusionMetric:
        made = FusionMetric(
            str(formula.__name__), title, formula, better, bounds, needs, reference, unit, smallest, differentiable,
            symmetric, conventions or {},
        )  # fmt: skip
        object.__setattr__(made, "__doc__", formula.__doc__)
        return made

    return named


def _check_shape(image: torch.Tensor, title: str, smallest: int) -> None:
    if image.ndim != 4 or image.shape[1] not in (1, 3) or not image.is_floating_point():
        raise InputError(
            f"Expected float images [N, 1, H, W] or [N, 3, H, W] for {title} but got {image.dtype} "
            f"{tuple(image.shape)}; add the missing dimensions with image[None, None]."
        )
    height, width = image.shape[-2:]
    if min(height, width) < smallest:
        raise InputError(f"{title} needs images of at least {smallest}x{smallest} pixels but got {width}x{height}.")


def _check_values(image: torch.Tensor, title: str) -> None:
    low, high = (float(end) for end in torch.aminmax(image.detach()))
    if not (low >= -1e-3 and high <= 1 + 1e-3):  # NaN fails every comparison
        raise InputError(
            f"Expected values in [0, 1] for {title} but got {low:.4g}..{high:.4g}; divide 8-bit images by 255 and "
            "replace NaN."
        )
