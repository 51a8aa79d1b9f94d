"""CAMF: an autoencoder whose features are fused by how a classifier weighs their channels (paper 004, Tang et al.).

The paper gives no more than an abstract; the published code is the authority. 809,763 parameters: encoder 392,320,
decoder 396,705, classifier 20,738. Reach 34 on a grid of 4 pixels (38 by the l1 rule).

Chosen differently from the code: padding is the same on all sides (TensorFlow's differs at stride 2), enlarging samples
between pixel centres, the two convolutions without padding get their features, not the sources, continued by 2 pixels,
and the fused image is not stretched unless asked. Layers start from He's initialisation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch import nn

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.locality import EVERY_SIDE, Sides
from fuselens.models.camf_head import CHANNELS, SMALLEST_FEATURES, CamfHead
from fuselens.models.camf_rules import RULES, Rule, channel_weights, merge_by_rule
from fuselens.models.layers.local_network import Border, LocalNetwork, continued

if TYPE_CHECKING:
    from fuselens.core.intrinsic import ModelState
    from fuselens.core.pair import ImagePair

CELL = 4  # pixels a feature, across and down
REACH = 34
REACH_OF_L1 = REACH + CELL


class CAMF(LocalNetwork):
    """Channels that tell a modality from the other one count more in its favour; the same weights for all pictures.

    Args:
        rule: `"class_weights"`, or a rule without a classifier to compare with: `"mean"`, `"add"`, `"max"`, `"l1"`.
        scale: what each source's channel weights average to (published: 1, and 0.7 for RoadScene).
        weights_of: `"dataset"` as published: weights of the classifier alone. `"image"`, an extension of FuseLens:
            each is first multiplied by the channel's mean over this very source, which makes the model global.
        output: `"clamp"` keeps the values, which never leave `[0, 1]`; `"stretch"` spreads each fused image over
            `[0, 1]` as the published code does when it saves, which makes the model global.
        border: as for `LocalNetwork`.
    """

    name = "camf"
    stride = CELL

    def __init__(
        self,
        rule: Rule = "class_weights",
        scale: float = 1.0,
        weights_of: Literal["dataset", "image"] = "dataset",
        output: Literal["clamp", "stretch"] = "clamp",
        border: Border = "reflect",
    ) -> None:
        """Build the layers and choose the rule.

        Raises:
            UnknownNameError: no such rule, `weights_of` or output.
            InputError: a scale that is not positive, or weights of the image by a rule that has no weights.
        """
        super().__init__(border)
        for kind, word, known in (
            ("rule of camf", rule, RULES),
            ("weights_of", weights_of, ("dataset", "image")),
            ("output of camf", output, ("clamp", "stretch")),
        ):
            if word not in known:
                raise UnknownNameError(kind, str(word), known)
        if not scale > 0:
            raise InputError(f"Expected a scale above 0 but got {scale}.")
        if weights_of == "image" and rule != "class_weights":
            raise InputError(f"The rule '{rule}' has no weights to take from the image; leave out weights_of.")
        self.rule, self.scale, self.weights_of, self.output = rule, scale, weights_of, output
        self.reach = None if weights_of == "image" or output == "stretch" else self.margin
        self.encoder = nn.Sequential(
            *_conv(1, 16), *_conv(16, 32, stride=2), *_conv(32, 64, stride=2),
            *_conv(64, CHANNELS), *_conv(CHANNELS, CHANNELS), *_conv(CHANNELS, CHANNELS),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            *_conv(CHANNELS, CHANNELS), *_conv(CHANNELS, CHANNELS),
            nn.Upsample(scale_factor=2, mode="bilinear"), *_conv(CHANNELS, 64),
            nn.Upsample(scale_factor=2, mode="bilinear"), nn.ReplicationPad2d(2),
            *_conv(64, 32, padding=0), *_conv(32, 32, padding=0),
            nn.Conv2d(32, 1, 1), nn.Tanh(),
        )  # fmt: skip
        for layer in (*self.encoder, *self.decoder):
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        self.head = CamfHead()

    @property
    def margin(self) -> int:
        """How far the sources are continued: as far as a fused pixel sees, but for its picture-wide weights."""
        return REACH_OF_L1 if self.rule == "l1" else REACH

    def on_window(self, a: torch.Tensor, b: torch.Tensor, at_border: Sides) -> torch.Tensor:
        """Fuse a window; only its sides at the image's border are continued."""
        frame = self.frame(_size(a), at_border)
        features = [self._encoded(source, frame) for source in (a, b)]
        if self.rule == "class_weights":
            # The mean over an image is taken without the frame.
            own = [_without_frame(each, _size(a), frame, CELL) for each in features]
            for_a, for_b = (weights[..., None, None] for weights in self.weights_by_class(*own))
            merged = for_a * features[0] + for_b * features[1]
        else:
            merged = merge_by_rule(self.rule, *features)
        fused = _without_frame(self.decode(merged), _size(a), frame)
        return _stretched(fused) if self.output == "stretch" else fused

    def weights_by_class(self, a: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the channel weights `[N, 128]` by which the features `[N, 128, h, w]` of the sources are added."""
        scores = [row.expand(len(a), CHANNELS) for row in self.head.class_weights]
        if self.weights_of == "image":
            scores = [row * each.mean(dim=(2, 3)) for row, each in zip(scores, (a, b), strict=True)]
        return channel_weights(scores[0], self.scale), channel_weights(scores[1], self.scale)

    def encode(self, image: torch.Tensor) -> torch.Tensor:
        """Return the features `[N, 128, h, w]` of images `[N, 1, H, W]` in `[0, 1]`; h and w are H/4 and W/4, up."""
        frame = self.frame(_size(image), EVERY_SIDE)
        return _without_frame(self._encoded(image, frame), _size(image), frame, CELL)

    def decode(self, features: torch.Tensor) -> torch.Tensor:
        """Return images `[N, 1, 4h, 4w]` in `[0, 1]` of features `[N, 128, h, w]`."""
        image: torch.Tensor = self.decoder(features) / 2 + 0.5
        return image

    def reconstruct(self, image: torch.Tensor) -> torch.Tensor:
        """Encode and decode images `[N, 1, H, W]` in `[0, 1]`: what the autoencoder is trained by."""
        frame = self.frame(_size(image), EVERY_SIDE)
        return _without_frame(self.decode(self._encoded(image, frame)), _size(image), frame)

    def classify(self, image: torch.Tensor) -> torch.Tensor:
        """Return the logits `[N, 2]` that images `[N, 1, H, W]` show source a's modality, and source b's.

        The encoder is frozen: only the `head` gets gradients.

        Raises:
            InputError: images of less than 49 x 49 pixels, which are too small for the four layers of the head.
        """
        with torch.no_grad():
            features = self.encode(image)
        if min(features.shape[-2:]) < SMALLEST_FEATURES:
            raise InputError(
                f"The classifier of camf needs images of {SMALLEST_PICTURE}x{SMALLEST_PICTURE} pixels or more but got "
                f"{image.shape[-1]}x{image.shape[-2]}; give it a larger one."
            )
        logits: torch.Tensor = self.head(features)
        return logits

    def explain_state(self, pair: ImagePair) -> ModelState:
        """Show the channel weights, what they were made of, and the maps they weigh.

        Raises:
            InputError: the model fuses by another rule than `"class_weights"`.
        """
        from fuselens.models.camf_state import account

        if self.rule != "class_weights":
            raise InputError(f"By the rule '{self.rule}' camf has no weights to show; take rule='class_weights'.")
        return account(self, pair)

    def _encoded(self, image: torch.Tensor, frame: tuple[int, int, int, int]) -> torch.Tensor:
        features: torch.Tensor = self.encoder(2 * continued(image, frame) - 1)
        return features


SMALLEST_PICTURE = (SMALLEST_FEATURES - 1) * CELL + 1


def _conv(inputs: int, outputs: int, *, stride: int = 1, padding: int = 1) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(inputs, outputs, 3, stride=stride, padding=padding), nn.ReLU()


def _size(image: torch.Tensor) -> tuple[int, int]:
    return image.shape[-2], image.shape[-1]


def _without_frame(
    maps: torch.Tensor, size: tuple[int, int], frame: tuple[int, int, int, int], cell: int = 1
) -> torch.Tensor:
    """Cut maps of `cell` pixels a position to the picture of `size` that they were made of, frame included."""
    top, left = frame[0] // cell, frame[1] // cell
    height, width = (-(-length // cell) for length in size)
    return maps[..., top : top + height, left : left + width]


def _stretched(image: torch.Tensor) -> torch.Tensor:
    low, high = image.amin(dim=(2, 3), keepdim=True), image.amax(dim=(2, 3), keepdim=True)
    flat = high == low
    return torch.where(flat, image, (image - low) / (high - low).where(~flat, 1))
