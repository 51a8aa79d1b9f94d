"""How well label maps agree with the truth: confusion matrix, intersection over union and accuracy by class.

A class that occurs neither in the truth nor in the prediction has no IoU, and one that does not occur in the truth has
no accuracy: they are NaN and left out of the means, as in the published tables. Pixels whose label is no class number
count nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from fuselens.core.errors import InputError
from fuselens.segmentation.labelled import LabelledImages
from fuselens.segmentation.protocol import Segmenter, check_segmenter


class Confusion:
    """Counts of pixels by true class (rows) and predicted class (columns).

    Attributes:
        classes: names by number.
        counts: `[C, C]`, int64.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        """Start with no pixel."""
        self.classes = tuple(classes)
        self.counts = torch.zeros(len(self.classes), len(self.classes), dtype=torch.int64)

    def add(self, predicted: torch.Tensor, label: torch.Tensor) -> None:
        """Count the pixels of label maps of one shape.

        Raises:
            InputError: other shapes, or a predicted number that is no class.
        """
        if predicted.shape != label.shape:
            raise InputError(
                f"Expected label maps of one shape but got {tuple(predicted.shape)} and {tuple(label.shape)}."
            )
        count = len(self.classes)
        counted = (label >= 0) & (label < count)
        pairs = count * label[counted] + predicted[counted]
        if pairs.numel() and not 0 <= int(predicted[counted].min()) <= int(predicted[counted].max()) < count:
            raise InputError(f"Expected predictions of the classes 0 to {count - 1}; take the segmenter's own table.")
        self.counts += torch.bincount(pairs.cpu(), minlength=count * count).reshape(count, count)

    @property
    def iou(self) -> torch.Tensor:
        """Intersection over union of each class, `[C]`; NaN where neither truth nor prediction has it."""
        shared = self.counts.diagonal().double()
        return shared / (self.counts.sum(0) + self.counts.sum(1) - shared)

    @property
    def accuracy(self) -> torch.Tensor:
        """Share of each class's true pixels that were found, `[C]`; NaN where the truth has none."""
        return self.counts.diagonal().double() / self.counts.sum(1)

    @property
    def mean_iou(self) -> float:
        """Mean IoU of the classes that have one."""
        return float(self.iou.nanmean())

    @property
    def mean_accuracy(self) -> float:
        """Mean accuracy of the classes that have one."""
        return float(self.accuracy.nanmean())

    @property
    def pixel_accuracy(self) -> float:
        """Share of all counted pixels that were labelled rightly."""
        return float(self.counts.diagonal().sum() / self.counts.sum())

    def as_dict(self) -> dict[str, object]:
        """Return all measures by name, for JSON."""
        return {
            "iou": dict(zip(self.classes, self.iou.tolist(), strict=True)),
            "accuracy": dict(zip(self.classes, self.accuracy.tolist(), strict=True)),
            "mean_iou": self.mean_iou,
            "mean_accuracy": self.mean_accuracy,
            "pixel_accuracy": self.pixel_accuracy,
            "confusion": self.counts.tolist(),
        }


def measure_segmenter(segmenter: Segmenter, images: LabelledImages, classes: Sequence[str] | None = None) -> Confusion:
    """Run a segmenter on whole labelled images and count.

    Args:
        segmenter: in the mode that it is to be measured in, which is evaluation mode for a network.
        images: with labels in any table.
        classes: the segmenter's table; by default its attribute `classes`, else that of the images. Classes that the
            images' table does not have count as its class 0.

    Raises:
        InputError: the segmenter does not keep the protocol, or has another number of classes.
    """
    own = tuple(classes or getattr(segmenter, "classes", ()) or images.classes)
    table = torch.tensor([images.classes.index(name) if name in images.classes else 0 for name in own])
    confusion = Confusion(images.classes)
    for image, label in images:
        with torch.no_grad():
            logits = check_segmenter(segmenter, image[None].to(_device_of(segmenter)), own)
        confusion.add(table[logits.argmax(1).cpu()], label[None])
    return confusion


def _device_of(segmenter: Segmenter) -> torch.device:
    found = next(segmenter.parameters(), None) if isinstance(segmenter, torch.nn.Module) else None
    return torch.device("cpu") if found is None else found.device
