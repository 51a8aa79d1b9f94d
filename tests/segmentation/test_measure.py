"""The measures against torchmetrics and against counting by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torchmetrics.classification import MulticlassAccuracy, MulticlassConfusionMatrix, MulticlassJaccardIndex

from fuselens.core.errors import InputError
from fuselens.segmentation.labelled import LabelledImages
from fuselens.segmentation.measure import Confusion, measure_segmenter

CLASSES = tuple("abcde")


def test_all_measures_are_those_of_torchmetrics() -> None:
    random = torch.Generator().manual_seed(2)
    confusion = Confusion(CLASSES)
    predicted = torch.randint(0, 5, (3, 17, 19), generator=random)
    label = torch.where(torch.rand(3, 17, 19, generator=random) < 0.5, predicted, predicted.flip(0))
    label[:, 3:5] = 255
    for one, truth in zip(predicted, label, strict=True):
        confusion.add(one, truth)
    options = {"num_classes": 5, "ignore_index": 255}
    assert torch.equal(confusion.counts, MulticlassConfusionMatrix(**options)(predicted, label))
    for measured, average, metric in (
        (confusion.iou, "none", MulticlassJaccardIndex),
        (confusion.mean_iou, "macro", MulticlassJaccardIndex),
        (confusion.accuracy, "none", MulticlassAccuracy),
        (confusion.mean_accuracy, "macro", MulticlassAccuracy),
        (confusion.pixel_accuracy, "micro", MulticlassAccuracy),
    ):
        expected = metric(**options, average=average)(predicted, label)
        torch.testing.assert_close(torch.as_tensor(measured).float(), expected.float())


def test_by_hand() -> None:
    confusion = Confusion(("a", "b", "c", "d"))
    confusion.add(torch.tensor([0, 0, 1, 2, 2, 1]), torch.tensor([0, 1, 1, 1, 0, 254]))
    assert confusion.counts.tolist() == [[1, 0, 1, 0], [1, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert confusion.iou.tolist() == pytest.approx([1 / 3, 1 / 3, 0, math.nan], nan_ok=True)
    assert confusion.accuracy.tolist() == pytest.approx([1 / 2, 1 / 3, math.nan, math.nan], nan_ok=True)
    assert confusion.mean_iou == pytest.approx(2 / 9)
    assert confusion.mean_accuracy == pytest.approx(5 / 12)
    assert confusion.pixel_accuracy == pytest.approx(2 / 5)
    assert confusion.as_dict()["confusion"] == confusion.counts.tolist()


def test_what_cannot_be_counted() -> None:
    confusion = Confusion(("a", "b"))
    with pytest.raises(InputError, match="one shape"):
        confusion.add(torch.zeros(3, dtype=torch.int64), torch.zeros(4, dtype=torch.int64))
    with pytest.raises(InputError, match="classes 0 to 1"):
        confusion.add(torch.tensor([2]), torch.tensor([0]))


def test_a_segmenter_is_measured_on_whole_images(halves: LabelledImages) -> None:
    def threshold(image: torch.Tensor) -> torch.Tensor:
        return torch.cat((torch.zeros_like(image) - 1, 0.5 - image, image - 0.5), dim=1)

    confusion = measure_segmenter(threshold, halves)
    assert confusion.mean_iou == 1
    assert int(confusion.counts.sum()) == 6 * 40 * 47

    # Classes that the labels do not have count as their class 0.
    coarse = halves.in_table(("nothing", "bright"))
    confusion = measure_segmenter(threshold, coarse, ("nothing", "dark", "bright"))
    assert confusion.classes == ("nothing", "bright")
    assert confusion.accuracy[1] == 1

    with pytest.raises(InputError, match="2 classes"):
        measure_segmenter(threshold, halves, ("nothing", "bright"))
