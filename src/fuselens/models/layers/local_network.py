"""Zero-padded convolution networks without the dark frame that zero padding draws round their images."""

from __future__ import annotations

from typing import Literal

import torch
from torch.nn.functional import pad

from fuselens.core.locality import EVERY_SIDE, Sides
from fuselens.core.model import FusionModel
from fuselens.core.shrinking import in_frame

Border = Literal["reflect", "zero"]


class LocalNetwork(FusionModel):
    """A network whose padding acts outside the image.

    Subclasses write `network`. Before it runs, the sources are continued by their mirror image as far as the network
    reaches, and the result is cut back, so that no fused pixel sees the network's zeros. Networks with a `stride` see
    whole cells of their sampling grid: what is missing of the last ones is the mirror image too.

    Args:
        border: `"reflect"`, or `"zero"` for the published behaviour: a frame of one or two darker or brighter pixels.
            While training, the crops' borders are left to the network in either case.
    """

    def __init__(self, border: Border = "reflect") -> None:
        """Choose what lies beyond the image."""
        super().__init__()
        self.border = border

    def network(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Fuse two batches as published, zero padding included."""
        raise NotImplementedError

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Fuse two batches `[N, 1, H, W]` in `[0, 1]`."""
        return self.on_window(a, b, EVERY_SIDE)

    def on_window(self, a: torch.Tensor, b: torch.Tensor, at_border: Sides) -> torch.Tensor:
        """Fuse a window; only its sides at the image's border are continued."""
        height, width = a.shape[-2:]
        top, left, bottom, right = self.frame((height, width), at_border)
        if not any((top, left, bottom, right)):
            return self.network(a, b)
        sources = [continued(source, (top, left, bottom, right)) for source in (a, b)]
        fused = in_frame(self.network, sources, (top, left, bottom, right), self.margin)
        return fused[..., top : top + height, left : left + width]

    @property
    def margin(self) -> int:
        """How far the sources are continued: the reach. Networks that may be global say here what to continue by."""
        return self.reach or 0

    def frame(self, size: tuple[int, int], at_border: Sides) -> tuple[int, int, int, int]:
        """Return how far the sources are continued at the top, left, bottom and right."""
        width = 0 if self.border == "zero" or self.training else self.margin
        top, left = (_whole_cells(width * side, self.stride) for side in (at_border.top, at_border.left))
        # Top and left are whole cells already, so the other two complete the last cells.
        bottom = _whole_cells(size[0] + width * at_border.bottom, self.stride) - size[0]
        right = _whole_cells(size[1] + width * at_border.right, self.stride) - size[1]
        return top, left, bottom, right


def continued(image: torch.Tensor, frame: tuple[int, int, int, int]) -> torch.Tensor:
    """Put a mirror image of so many pixels at the top, left, bottom and right of `[N, 1, H, W]`."""
    top, left, bottom, right = frame
    height, width = image.shape[-2:]
    # A mirror image needs more pixels than it adds; beyond what there is, the last of them are repeated.
    near = [min(edge, side - 1) for edge, side in ((left, width), (right, width), (top, height), (bottom, height))]
    far = [edge - taken for edge, taken in zip((left, right, top, bottom), near, strict=True)]
    return pad(pad(image, near, mode="reflect"), far, mode="replicate")


def _whole_cells(length: int, stride: int) -> int:
    return -(-length // stride) * stride
