"""A pair: two registered images of one scene, as the models see them and as they came.

Reference: DESIGN "Words". Made by `fuselens.data.read_pair`, used by every room.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import torch

from fuselens.core.errors import InputError
from fuselens.core.modalities import canonical_modality

Depth = Literal["uint8", "uint16", "float32"]
MIN_SIDE = 8


@dataclass(frozen=True, eq=False)
class Source:
    """One image of a pair.

    Attributes:
        y: luma `[H, W]`, float, in `[0, 1]`: what a model fuses.
        name: the modality, such as `"infrared"`.
        chroma: `[2, H, W]` Cb and Cr, centred at 0, in `[-0.5, 0.5]`; None for a grey image.
        depth: number type of the file; fused images are written back in it.
        low, high: the file's values that map to 0 and 1 (`0, 255` for 8 bit), so value = low + y * (high - low).
        origin: where the image came from, for reports.
    """

    y: torch.Tensor
    name: str
    chroma: torch.Tensor | None = None
    depth: Depth = "uint8"
    low: float = 0.0
    high: float = 255.0
    origin: str = ""

    def __post_init__(self) -> None:
        """Refuse what no model can fuse."""
        _check_luma(self.y, self.name)
        if self.chroma is not None and self.chroma.shape != (2, *self.y.shape):
            raise InputError(
                f"Expected chroma of shape {(2, *self.y.shape)} for '{self.name}' but got {tuple(self.chroma.shape)}."
            )

    @property
    def is_coloured(self) -> bool:
        """True where the image carries chroma."""
        return self.chroma is not None


@dataclass(frozen=True, eq=False)
class ImagePair:
    """Two registered sources of one size.

    Attributes:
        a, b: the sources.
        truth: ground truth of generated scenes (labels, which sensor carries what); empty for real images.
    """

    a: Source
    b: Source
    truth: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse sources of different size, and two of one name, which no face could tell apart."""
        if self.a.name == self.b.name:
            raise InputError(f"Both sources are called '{self.a.name}'; give two names, such as infrared,visible.")
        if self.a.y.shape != self.b.y.shape:
            sizes = [f"{s.name} {s.y.shape[1]}x{s.y.shape[0]}" for s in (self.a, self.b)]
            raise InputError(
                f"The two sources differ in size ({sizes[0]}, {sizes[1]}); register or crop them to one size first."
            )

    def __iter__(self) -> Iterator[Source]:
        """Yield a, then b."""
        yield self.a
        yield self.b

    @property
    def names(self) -> tuple[str, str]:
        """The two modality names."""
        return self.a.name, self.b.name

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return int(self.a.y.shape[0]), int(self.a.y.shape[1])

    def tensors(self, *, dtype: torch.dtype = torch.float32, device: Any = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Return both lumas as `[1, 1, H, W]` tensors in `[0, 1]`."""
        return tuple(s.y.to(device=device, dtype=dtype)[None, None] for s in self)  # type: ignore[return-value]

    def renamed(self, names: tuple[str, str]) -> ImagePair:
        """Return the same pair under other modality names."""
        first, second = (canonical_modality(name) for name in names)
        return replace(self, a=replace(self.a, name=first), b=replace(self.b, name=second))

    @classmethod
    def from_arrays(cls, a: Any, b: Any, names: tuple[str, str] = ("a", "b")) -> ImagePair:
        """Make a grey pair of two arrays or tensors `[H, W]` (leading axes of length 1 are dropped) in `[0, 1]`.

        Raises:
            InputError: not two-dimensional, different sizes, smaller than 8x8, outside `[0, 1]`, or not finite.

        Example:
            >>> import numpy as np
            >>> ImagePair.from_arrays(np.zeros((8, 9)), np.ones((1, 1, 8, 9)), names=("ir", "vi")).names
            ('infrared', 'visible')
        """
        sources = []
        for array, name in zip((a, b), names, strict=True):
            y = array.detach() if isinstance(array, torch.Tensor) else torch.as_tensor(np.asarray(array))
            while y.ndim > 2 and y.shape[0] == 1:
                y = y[0]
            y = y if y.is_floating_point() else y.float()
            sources.append(Source(y, canonical_modality(name), depth="float32", low=0.0, high=1.0))
        return cls(sources[0], sources[1])


def _check_luma(y: torch.Tensor, name: str) -> None:
    if y.ndim != 2:
        raise InputError(f"Expected one image [H, W] for '{name}' but got shape {tuple(y.shape)}; pass one plane.")
    if min(y.shape) < MIN_SIDE:
        raise InputError(
            f"The {name} image is {y.shape[1]}x{y.shape[0]} pixels; the smallest that can be fused is "
            f"{MIN_SIDE}x{MIN_SIDE}."
        )
    if not bool(torch.isfinite(y).all()):
        raise InputError(f"The {name} image holds NaN or infinite values; replace them before fusing.")
    low, high = float(y.min()), float(y.max())
    if low < -1e-6 or high > 1 + 1e-6:
        raise InputError(f"Expected values in [0, 1] for '{name}' but got {low:.4g}..{high:.4g}; scale them first.")
