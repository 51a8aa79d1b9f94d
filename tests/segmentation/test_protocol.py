"""The segmenter protocol: what keeps it, what does not, and what the messages say."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate

from fuselens.core.errors import InputError
from fuselens.segmentation.protocol import as_segmenter, check_segmenter, resized

IMAGE = torch.rand(2, 1, 9, 13, generator=torch.Generator().manual_seed(0))


def two_classes(image: torch.Tensor) -> torch.Tensor:
    return torch.cat((image, 1 - image), dim=1)


def test_a_function_of_the_right_form_is_a_segmenter_and_gradients_pass() -> None:
    image = IMAGE.clone().requires_grad_()
    logits = check_segmenter(two_classes, image, classes=2)
    (3 * logits[:, 1]).sum().backward()
    assert image.grad is not None
    assert torch.equal(image.grad, torch.full_like(IMAGE, -3.0))
    assert check_segmenter(two_classes, IMAGE, ("nothing", "something")).shape == (2, 2, 9, 13)


@pytest.mark.parametrize(
    ("segmenter", "message"),
    [
        (lambda image: image, "at least two classes"),
        (lambda image: two_classes(image)[..., :-1], r"Expected logits \[2, C, 9, 13\].*as_segmenter"),
        (lambda image: two_classes(image)[:1], r"Expected logits \[2, C, 9, 13\]"),
        (lambda image: two_classes(image).flatten(1), "Expected logits"),
        (lambda image: SimpleNamespace(logits=two_classes(image)), "tensor of logits but got SimpleNamespace"),
        (lambda image: two_classes(image) / 0, "NaN or infinite"),
        (lambda image: two_classes(image).repeat(1, 2, 1, 1), "2 classes from the segmenter but got 4"),
        (nn.Conv2d(3, 2, 1), r"fails on a grey image.*channels=3"),
    ],
)
def test_what_is_no_segmenter_is_told_in_one_sentence(segmenter: object, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        check_segmenter(segmenter, IMAGE, classes=2)  # type: ignore[arg-type]
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("image", [IMAGE[0], IMAGE.repeat(1, 3, 1, 1), (255 * IMAGE).to(torch.uint8)])
def test_images_that_are_no_grey_batch_are_refused(image: torch.Tensor) -> None:
    with pytest.raises(InputError, match="grey float image"):
        check_segmenter(two_classes, image)


def test_errors_of_the_house_and_foreign_bugs_pass_unchanged() -> None:
    def refuses(image: torch.Tensor) -> torch.Tensor:
        raise InputError("no such thing.")

    def stumbles(image: torch.Tensor) -> torch.Tensor:
        raise KeyError("a bug")

    with pytest.raises(InputError, match=r"^no such thing\.$"):
        check_segmenter(refuses, IMAGE)
    with pytest.raises(KeyError):
        check_segmenter(stumbles, IMAGE)


def test_a_network_of_three_channels_at_half_size_is_wrapped() -> None:
    network = nn.Conv2d(3, 4, 2, stride=2)
    segmenter = as_segmenter(lambda image: SimpleNamespace(logits=network(image)), classes=tuple("abcd"))
    logits = check_segmenter(segmenter, IMAGE, segmenter.classes)
    small = network(IMAGE.repeat(1, 3, 1, 1))
    expected = interpolate(small, size=(9, 13), mode="bilinear", align_corners=False)
    assert torch.equal(logits, expected)


def test_the_wrapper_owns_the_parameters_and_passes_one_channel_on() -> None:
    network = nn.Conv2d(1, 2, 1)
    segmenter = as_segmenter(network, channels=1)
    assert [*segmenter.parameters()] == [*network.parameters()]
    assert segmenter.classes == ()
    assert torch.equal(segmenter(IMAGE), network(IMAGE))


def test_the_wrapper_refuses_what_cannot_be_wrapped() -> None:
    with pytest.raises(InputError, match="callable"):
        as_segmenter("deeplab")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="1 or 3 channels but got 4"):
        as_segmenter(two_classes, channels=4)
    with pytest.raises(InputError, match=r"logits \[N, C, h, w\].*got shape \(2, 9, 13\)"):
        as_segmenter(lambda image: image[:, 0])(IMAGE)
    with pytest.raises(InputError, match="3 classes from the segmenter but got 2"):
        as_segmenter(two_classes, channels=1, classes=("a", "b", "c"))(IMAGE)


def test_resizing_to_the_same_size_is_the_identity_and_corners_can_be_kept() -> None:
    assert resized(IMAGE, (9, 13)) is IMAGE
    large = resized(IMAGE, (17, 25), corners=True)
    assert torch.allclose(large[..., ::2, ::2], IMAGE, atol=1e-6)
