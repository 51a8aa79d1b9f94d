"""Training samples: crops of labelled images, each a pure function of (seed, number), so that resuming is exact."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn.functional import interpolate, pad

from fuselens.core.errors import InputError
from fuselens.segmentation.labelled import ELSEWHERE, Labelled, Sample
from fuselens.segmentation.protocol import IGNORED


class LabelledCrops:
    """The endless stream of crops of a labelled set: images `[1, side, side]` and the label map `[side, side]`.

    Args:
        data: pairs or images; every one of them once before any of them again.
        side: of the crops, in pixels. What an image lacks is padded with black and ignored.
        seed: of order, places, sizes, flips and light.
        scales: smallest and largest factor by which images are resized before they are cropped.
        light: how much brightness and contrast vary; the images of a pair alike. 0 leaves them.
        aim: share of the crops that are centred on an object: a random pixel of a random class above 0 of the image.
    """

    def __init__(
        self,
        data: Labelled,
        side: int,
        *,
        seed: int = 0,
        scales: tuple[float, float] = (1.0, 1.0),
        light: float = 0.0,
        aim: float = 0.0,
    ) -> None:
        """Keep the settings.

        Raises:
            InputError: no sample, or a setting out of range.
        """
        if not len(data):
            raise InputError("There is no labelled image to train on; name other folders.")
        if side < 8 or not 0 < scales[0] <= scales[1] or not 0 <= light < 1 or not 0 <= aim <= 1:
            raise InputError(
                f"Expected crops of at least 8 pixels, growing scales above 0, light in [0, 1) and aim in [0, 1] but "
                f"got {side}, {scales}, {light} and {aim}."
            )
        self.data, self.side, self.seed, self.scales, self.light, self.aim = data, side, seed, scales, light, aim

    def __getitem__(self, number: int) -> Sample:
        """Return crop `number` of the stream."""
        random = np.random.default_rng((self.seed, number))
        epoch, place = divmod(number, len(self.data))
        order = np.random.default_rng((self.seed, epoch, 1)).permutation(len(self.data))
        *images, label = self.data[int(order[place])]
        scale = float(np.exp(random.uniform(*np.log(self.scales))))
        middle = _object_in(label, random) if self.aim and random.random() < self.aim else None
        *images, label = _cut(images, label, scale, self.side, middle, random)
        if random.random() < 0.5:
            images, label = [image.flip(-1) for image in images], label.flip(-1)
        if self.light:
            contrast, brightness = 1 + random.uniform(-self.light, self.light, 2)
            gamma = float(np.exp(random.uniform(-self.light, self.light)))
            images = [((contrast * image + brightness - 1).clamp(0, 1)) ** gamma for image in images]
        return *(image.contiguous() for image in images), label.contiguous()

    def batch(self, number: int, size: int) -> Sample:
        """Return batch `number` of `size` crops: `[N, 1, side, side]` for each image, and `[N, side, side]`."""
        crops = [self[size * number + place] for place in range(size)]
        return tuple(torch.stack(planes) for planes in zip(*crops, strict=True))


def _object_in(label: torch.Tensor, random: np.random.Generator) -> tuple[int, int] | None:
    """Return a random pixel of a random class above 0, or None where there is none."""
    counts = torch.bincount(label.flatten(), minlength=ELSEWHERE)[1:ELSEWHERE]
    present = counts.nonzero().flatten()
    if not len(present):
        return None
    chosen = int(present[int(random.integers(len(present)))])
    place = (label == chosen + 1).flatten().nonzero()[int(random.integers(int(counts[chosen])))]
    return divmod(int(place), label.shape[1])


def _cut(
    images: list[torch.Tensor],
    label: torch.Tensor,
    scale: float,
    side: int,
    middle: tuple[int, int] | None,
    random: np.random.Generator,
) -> Sample:
    """Cut a square of `side / scale` pixels round `middle`, or from a random place, and resize it to `side`."""
    wanted = max(2, round(side / scale))
    height, width = label.shape
    rooms = [max(1, length - wanted + 1) for length in (height, width)]
    if middle is None:
        top, left = (int(random.integers(room)) for room in rooms)
    else:
        top, left = (min(max(0, at - wanted // 2), room - 1) for at, room in zip(middle, rooms, strict=True))
    rows, columns = slice(top, top + wanted), slice(left, left + wanted)
    label = label[rows, columns]
    below, beside = wanted - label.shape[0], wanted - label.shape[1]
    label = pad(label, (0, beside, 0, below), value=IGNORED)
    images = [pad(image[:, rows, columns], (0, beside, 0, below)) for image in images]
    if wanted == side:
        return *images, label
    size = (side, side)
    resized = [
        interpolate(image[None], size=size, mode="bilinear", antialias=True, align_corners=False)[0].clamp(0, 1)
        for image in images
    ]
    # Class numbers have no averages.
    return *resized, interpolate(label[None, None].float(), size=size, mode="nearest-exact")[0, 0].long()
