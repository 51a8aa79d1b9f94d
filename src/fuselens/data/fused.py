"""The fused image: luma from the model, chroma from the sources, written in the sources' depth.

Reference: DESIGN "Colour" and "Size and depth".
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, overload

import numpy.typing as npt
import torch

from fuselens.core.files import writable_depth, write_image
from fuselens.core.model import as_model
from fuselens.core.pair import Depth, ImagePair
from fuselens.core.rich import ShownInNotebooks
from fuselens.core.run import fuse_luma
from fuselens.data.colour import join_colour, merge_chroma
from fuselens.data.images import to_file_values

_FINENESS: tuple[Depth, ...] = ("uint8", "uint16", "float32")


@dataclass(frozen=True, eq=False)
class FusedImage(ShownInNotebooks):
    """What a model made of a pair.

    Attributes:
        y: fused luma `[H, W]` in `[0, 1]`, on the CPU.
        rgb: fused colours `[3, H, W]` in `[0, 1]` whose luma is `y`; None for a grey image.
        colour_note: where the colour comes from, for people.
        names: modality names of the sources.
        model: name and weights of the model.
        depth: the finer number type of the two sources; `array` and `save` use it.
    """

    y: torch.Tensor
    rgb: torch.Tensor | None
    colour_note: str
    names: tuple[str, str]
    model: str
    depth: Depth

    def array(self) -> npt.NDArray[Any]:
        """Return `[H, W]`, or `[H, W, 3]` where coloured, over the full range of `depth` (float32: `[0, 1]`)."""
        return self._array_in(self.depth)

    def save(self, path: str | Path) -> Path:
        """Write the image and return its path; the suffix decides the format.

        `.tif` keeps every depth. Where the format holds less, the image is rounded to what it holds: float and 16 bit
        to 16-bit `.png`, all to 8-bit `.jpg` and `.bmp`.

        Raises:
            InputError: unknown suffix, or the file cannot be written.
        """
        path = Path(path)
        write_image(path, self._array_in(writable_depth(path, self.depth)))
        return path

    def _png(self) -> bytes:
        """Return the image as notebooks show it, in 8 bit."""
        from PIL import Image

        file = io.BytesIO()
        Image.fromarray(self._array_in("uint8")).save(file, format="png")
        return file.getvalue()

    def _array_in(self, depth: Depth) -> npt.NDArray[Any]:
        unit = self.y if self.rgb is None else self.rgb.movedim(0, -1)
        return to_file_values(unit.numpy(), depth)


@overload
def fuse(
    model: Any,
    pair: ImagePair,
    *,
    keep_colour: bool = ...,
    device: str | torch.device | None = ...,
    tile: int | Literal["auto"] | None = ...,
) -> FusedImage: ...


@overload
def fuse(
    model: Any,
    pair: Sequence[ImagePair],
    *,
    keep_colour: bool = ...,
    device: str | torch.device | None = ...,
    tile: int | Literal["auto"] | None = ...,
) -> list[FusedImage]: ...


def fuse(
    model: Any,
    pair: ImagePair | Sequence[ImagePair],
    *,
    keep_colour: bool = True,
    device: str | torch.device | None = None,
    tile: int | Literal["auto"] | None = "auto",
) -> FusedImage | list[FusedImage]:
    """Fuse a pair, or each of several pairs, to images of the same size.

    Args:
        model: a `FusionModel` or any callable `(a, b) -> fused` on `[N, 1, H, W]` in `[0, 1]`.
        pair: one pair, or a sequence of pairs of any sizes.
        keep_colour: carry the sources' chroma; False gives grey images.
        device: where to run, such as `"cuda"`; None leaves the model where it is.
        tile: side of the tiles in pixels; `"auto"` cuts large images for local models, None never. The result is the
            same: tiles overlap by the model's reach.

    Returns:
        A fused image, or a list of them in the order of the pairs.

    Raises:
        InputError: the model is not callable, or the device does not exist.
        ModelError: what the model returned is no fused image.
    """
    if not isinstance(pair, ImagePair):
        return [fuse(model, each, keep_colour=keep_colour, device=device, tile=tile) for each in pair]
    operator = as_model(model)
    y = fuse_luma(operator, pair, device=device, tile=tile).detach().cpu().float().clamp(0, 1)
    chroma, note = merge_chroma(pair)
    if not keep_colour:
        chroma, note = None, "grey: colour was not kept"
    return FusedImage(
        y=y,
        rgb=None if chroma is None else join_colour(y, chroma.cpu().float()),
        colour_note=note,
        names=pair.names,
        model=operator.title,
        depth=max((source.depth for source in pair), key=_FINENESS.index),
    )
