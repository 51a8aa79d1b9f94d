"""The auxiliary network of paper 001: DeepLabV3+ on MobileNetV2, for one grey channel.

Chen et al., "Encoder-decoder with atrous separable convolution for semantic image segmentation", ECCV 2018. The paper's
published code calls its network DeepLabV3+ but has no atrous pyramid and ends in a sigmoid, whose values it then uses
as logits; `preset="official"` is that network (3,255,519 parameters with 15 classes). The default has the pyramid, of
separable convolutions like the decoder, as in the reference, and returns logits (2,717,439 with 15 classes).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import torch
from torch import nn

from fuselens.core.errors import InputError
from fuselens.segmentation.mobilenet import MobileNetV2
from fuselens.segmentation.protocol import resized

Preset = Literal["default", "official"]
RATES = (6, 12, 18)
LOW_CHANNELS = 48
DROPOUT = (0.5, 0.1)


class DeepLab(nn.Module):
    """Features at stride 16 with their surroundings at several scales, sharpened by features at stride 4.

    Args:
        classes: names by number; the first is that of unlabelled pixels.
        preset: `"official"` leaves the pyramid out and uses plain convolutions in the decoder, as the published code.
        sigmoid: return the sigmoid of the logits, as the published code; only with `preset="official"`.
        width: of the backbone, as a factor on its channels.
        channels: of pyramid and decoder.

    Attributes:
        settings: the constructor's arguments besides `classes`; weights carry them in their header.
    """

    name = "deeplab"

    def __init__(
        self,
        classes: Sequence[str],
        *,
        preset: Preset = "default",
        sigmoid: bool = False,
        width: float = 1.0,
        channels: int = 256,
    ) -> None:
        """Build the layers with PyTorch's default initialisation.

        Raises:
            InputError: fewer than two classes, or a setting out of range.
        """
        super().__init__()
        check_classes(classes)
        if preset not in get_args(Preset) or (sigmoid and preset != "official"):
            raise InputError(
                f"Expected preset 'default' or 'official', and a sigmoid with 'official' only, but got '{preset}' and "
                f"sigmoid={sigmoid}."
            )
        if not 0 < width <= 4 or not 8 <= channels <= 1024:
            raise InputError(f"Expected a width in (0, 4] and 8 to 1024 channels but got {width} and {channels}.")
        self.classes = tuple(classes)
        self.settings: dict[str, Any] = {"preset": preset, "sigmoid": sigmoid, "width": width, "channels": channels}
        self.weights_info: dict[str, Any] = {}
        self.sigmoid, self.corners = sigmoid, preset == "official"
        self.backbone = MobileNetV2(width)
        high = self.backbone.channels
        self.pyramid = nn.Identity() if preset == "official" else AtrousPyramid(high, channels)
        self.low = _unit(self.backbone.low_channels, LOW_CHANNELS, bias=preset == "official")
        self.decoder = _decoder((high if preset == "official" else channels) + LOW_CHANNELS, channels, preset)
        self.head = nn.Conv2d(channels, len(classes), 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Map `[N, 1, H, W]` in `[0, 1]` to logits `[N, C, H, W]`; any size from 8 x 8 on."""
        low, high = self.backbone(image)
        high = resized(self.pyramid(high), (low.shape[2], low.shape[3]), corners=self.corners)
        logits = self.head(self.decoder(torch.cat((high, self.low(low)), dim=1)))
        logits = resized(logits, (image.shape[2], image.shape[3]), corners=self.corners)
        return logits.sigmoid() if self.sigmoid else logits


class AtrousPyramid(nn.Module):
    """The same features seen pointwise, at three dilations, and averaged over the image; then mixed.

    The image's average is not normalised: at a batch of one it has a single value a channel, which batch normalisation
    refuses in training.
    """

    def __init__(self, before: int, channels: int) -> None:
        """Build the branches."""
        super().__init__()
        self.branches = nn.ModuleList(
            [_unit(before, channels), *(_separable(before, channels, dilation=rate) for rate in RATES)]
        )
        self.average = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(before, channels, 1), nn.ReLU(inplace=True))
        self.mix = _unit((len(RATES) + 2) * channels, channels)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map `[N, before, h, w]` to `[N, channels, h, w]`."""
        average = self.average(features).expand(-1, -1, *features.shape[2:])
        mixed: torch.Tensor = self.mix(torch.cat((*(branch(features) for branch in self.branches), average), dim=1))
        return mixed


def _decoder(before: int, channels: int, preset: Preset) -> nn.Module:
    build = _dense if preset == "official" else _separable
    return nn.Sequential(
        build(before, channels), nn.Dropout(DROPOUT[0]), build(channels, channels), nn.Dropout(DROPOUT[1])
    )


def _unit(before: int, after: int, *, bias: bool = False) -> nn.Module:
    """1x1 convolution, batch normalisation, ReLU; the official code has a bias that the normalisation swallows."""
    return nn.Sequential(nn.Conv2d(before, after, 1, bias=bias), nn.BatchNorm2d(after), nn.ReLU(inplace=True))


def _dense(before: int, after: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU(inplace=True))


def _separable(before: int, after: int, *, dilation: int = 1) -> nn.Module:
    """Filter each channel by itself, then mix them: an atrous separable convolution."""
    return nn.Sequential(
        nn.Conv2d(before, before, 3, padding=dilation, dilation=dilation, groups=before, bias=False),
        nn.BatchNorm2d(before),
        nn.ReLU(inplace=True),
        _unit(before, after),
    )


def check_classes(classes: Sequence[str]) -> None:
    """Refuse a class table that no network can learn.

    Raises:
        InputError: fewer than two names, or one of them twice.
    """
    if isinstance(classes, str) or len(classes) < 2 or len(set(classes)) != len(classes):
        raise InputError(f"Expected the names of at least two different classes but got {classes!r}.")
