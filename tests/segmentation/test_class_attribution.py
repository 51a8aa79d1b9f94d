"""Class-wise attribution: against autograd one class and step at a time, in both directions, and in closed form."""

from __future__ import annotations

import pytest
import torch

from fuselens.core.errors import InputError
from fuselens.segmentation.class_attribution import class_maps, class_scores, class_sums, maps_of, regions_of
from fuselens.segmentation.class_weights import class_weights, share_of_first, weigh
from fuselens.segmentation.stations import Rule
from tests.segmentation.attributed import SmallSegmenter, noise, quarters

SIZE = (11, 14)


def segmenter(smooth: bool = False) -> SmallSegmenter:
    return SmallSegmenter(smooth=smooth).double().eval()


def one_by_one(network: SmallSegmenter, image: torch.Tensor, regions: torch.Tensor, steps: int) -> torch.Tensor:
    """Equations 5 to 7 as printed: a backward pass for each picture, class and step; maps `[classes, N, H, W]`."""
    maps = torch.zeros(4, len(image), *image.shape[2:], dtype=image.dtype)
    for index in range(len(image)):
        for step in range(1, steps + 1):
            for number in regions[index].unique().tolist():
                point = (image[index : index + 1] * step / steps).requires_grad_(True)
                score = network(point)[0, number][regions[index] == number].mean()
                (slope,) = torch.autograd.grad(score, point)
                maps[number, index] += (slope * image[index : index + 1] / steps)[0, 0]
    return maps


def test_maps_equal_one_backward_pass_a_class_step_and_picture() -> None:
    network, image, regions = segmenter(), noise(2, 1, *SIZE), quarters(*SIZE, count=2)
    expected = one_by_one(network, image, regions, steps=3)
    found = class_maps(network, image, regions, steps=3, rule="right")
    assert list(found) == [0, 1, 2, 3]
    for number, values in found.items():
        torch.testing.assert_close(values[:, 0], expected[number])


def test_backward_and_forward_products_agree() -> None:
    network, image, regions = segmenter(), noise(3, 1, *SIZE), quarters(*SIZE, count=3)
    backward = class_sums(network, image, regions, steps=4)
    forward = class_sums(network, image, regions, steps=4, product="forward")
    assert backward.keys() == forward.keys()
    for number, sums in backward.items():
        torch.testing.assert_close(forward[number], sums, rtol=1e-5, atol=1e-12)


def test_more_steps_complete_the_score() -> None:
    """Over all pixels, S^c adds up to Score^c(image) - Score^c(black)."""
    network, image, regions = segmenter(smooth=True), noise(1, 1, *SIZE), quarters(*SIZE)
    full, black = class_scores(network, image, regions), class_scores(network, 0 * image, regions)

    def gap(steps: int, rule: Rule) -> float:
        maps = class_maps(network, image, regions, steps=steps, rule=rule)
        return max(abs(float(maps[number].sum() - full[number] + black[number])) for number in maps)

    assert gap(200, "right") < gap(50, "right") / 3 < gap(5, "right") / 9
    assert gap(5, "gauss") < gap(5, "midpoint") / 30 < gap(5, "right") / 300


def test_batch_normalisation_and_dropout_are_frozen_and_the_mode_is_left_as_found() -> None:
    network, image, regions = segmenter(), noise(1, 1, *SIZE), quarters(*SIZE)
    expected = class_sums(network, image, regions)
    network.train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with torch.inference_mode():
        found = class_sums(network, image, regions)
    for number, sums in expected.items():
        torch.testing.assert_close(found[number], sums)
    assert all(module.training for module in network.modules())
    assert all(parameter.requires_grad and parameter.grad is None for parameter in network.parameters())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_one_forward_pass_for_all_steps_and_pictures() -> None:
    network, image, regions = segmenter(), noise(2, 1, *SIZE), quarters(*SIZE, count=2)
    class_weights(network, image, 1 - image, regions, steps=5)
    assert (network.calls, network.images) == (1, 5 * 2 * 2)


def test_gradients_pass_through_where_asked() -> None:
    """The derivative of the sums by the image agrees with finite differences; without `through` there is none."""
    network, image, regions = segmenter(), noise(1, 1, 6, 7), quarters(6, 7)
    image.requires_grad_(True)
    assert not class_sums(network, image, regions)[2].requires_grad
    (slope,) = torch.autograd.grad(class_sums(network, image, regions, through=True)[2].sum(), image)
    direction, step = noise(1, 1, 6, 7, seed=4), 1e-6
    with torch.no_grad():
        ends = [float(class_sums(network, image + sign * step * direction, regions)[2]) for sign in (1, -1)]
    assert float((slope * direction).sum()) == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-5)


def test_weights_add_up_to_one_and_are_constant_within_a_region() -> None:
    regions = quarters(*SIZE, count=2)
    found = class_weights(segmenter(), noise(2, 1, *SIZE), noise(2, 1, *SIZE, seed=2), regions)
    assert torch.equal(found.a + found.b, torch.ones_like(found.a))
    assert 0 <= float(found.a.min()) <= float(found.a.max()) <= 1
    for index in range(2):
        for place, number in enumerate(found.classes):
            inside = found.a[index, 0][regions[index] == number]
            assert (inside == found.shares[index, place]).all()
            a, b = (float(side[index, place].clamp(min=0)) for side in (found.brought_a, found.brought_b))
            assert float(inside[0]) == pytest.approx(a / (a + b) if a + b else 0.5, abs=1e-7)


def test_each_picture_of_a_batch_is_weighed_by_itself() -> None:
    a, b, regions = noise(3, 1, *SIZE), noise(3, 1, *SIZE, seed=2), quarters(*SIZE, count=3)
    together = class_weights(segmenter(), a, b, regions)
    for index in range(3):
        part = slice(index, index + 1)
        alone = class_weights(segmenter(), a[part], b[part], regions[part])
        torch.testing.assert_close(together.a[part], alone.a)


def test_swapped_sources_swap_the_weights() -> None:
    a, b, regions = noise(1, 1, *SIZE), noise(1, 1, *SIZE, seed=2), quarters(*SIZE)
    torch.testing.assert_close(class_weights(segmenter(), a, b, regions).a, class_weights(segmenter(), b, a, regions).b)


def test_a_linear_segmenter_in_closed_form() -> None:
    """With logits that are the image itself, a region's share is that of its mean brightness, whatever its size."""
    a, b, regions = noise(1, 1, *SIZE), noise(1, 1, *SIZE, seed=2), quarters(*SIZE)
    found = class_weights(lambda image: image.expand(-1, 4, -1, -1), a, b, regions, steps=1)
    for place, number in enumerate(found.classes):
        first, second = (float(source[0, 0][regions[0] == number].mean()) for source in (a, b))
        assert float(found.brought_a[0, place]) == pytest.approx(first)
        assert float(found.shares[0, place]) == pytest.approx(first / (first + second))


def test_sums_are_immune_to_a_small_scale_that_draws_means_to_one_half() -> None:
    """The published code's absolute epsilon, and our relative one, on contributions as a large region has them."""
    regions = torch.zeros(1, 100, 100, dtype=torch.int64)
    brought = torch.tensor([[3e-5]]), torch.tensor([[1e-5]])
    assert float(weigh(regions, [0], *brought).shares) == pytest.approx(0.75)
    assert float(weigh(regions, [0], *brought, reduce="mean").shares) == pytest.approx(13 / 24, rel=1e-4)


def test_a_source_that_speaks_against_a_class_gets_no_weight() -> None:
    assert share_of_first(torch.tensor([0.0, 2e-30, 0.0]), torch.tensor([1e-30, 0.0, 0.0])).tolist() == pytest.approx(
        [0.0, 1.0, 0.5], abs=1e-7
    )


def test_pixels_of_no_class_weigh_the_same() -> None:
    a, b, regions = noise(1, 1, *SIZE), noise(1, 1, *SIZE, seed=2), quarters(*SIZE)
    regions[0, :3] = 255
    found = class_weights(segmenter(), a, b, regions)
    assert (found.a[0, 0, :3] == 0.5).all()
    assert 255 not in found.classes
    nothing = class_weights(segmenter(), a, b, torch.full_like(regions, 255))
    assert (nothing.a == 0.5).all()
    assert nothing.classes == []


def test_a_single_class_has_one_weight() -> None:
    a, b = noise(1, 1, *SIZE), noise(1, 1, *SIZE, seed=2)
    found = class_weights(segmenter(), a, b, torch.zeros(1, *SIZE, dtype=torch.int64))
    assert found.classes == [0]
    assert found.a.unique().numel() == 1


@pytest.mark.parametrize(
    ("network", "regions", "words"),
    [
        (SmallSegmenter(2), quarters(*SIZE), "The regions name class 3, but the segmenter knows classes 0 to 1"),
        (SmallSegmenter(), quarters(*SIZE) - 1, "The regions name class -1,"),
        (SmallSegmenter(), quarters(9, 9), "Expected regions"),
        (SmallSegmenter(), quarters(*SIZE).float(), "whole numbers"),
        (lambda image: image * torch.nan, quarters(*SIZE), "at least two classes"),
        (lambda image: (image * torch.nan).expand(-1, 4, -1, -1), quarters(*SIZE), "NaN or infinite logits"),
        (torch.nn.Conv2d(3, 4, 1), quarters(*SIZE), "as_segmenter"),
    ],
)
def test_what_is_no_segmenter_or_no_region_is_refused(network: object, regions: torch.Tensor, words: str) -> None:
    image = noise(1, 1, *SIZE, dtype=torch.float32)
    for product in ("backward", "forward"):
        with pytest.raises(InputError, match=words):
            class_sums(network, image, regions, product=product)  # type: ignore[arg-type]


def test_settings_are_checked() -> None:
    image, regions = noise(1, 1, *SIZE), quarters(*SIZE)
    with pytest.raises(InputError, match="at least one step"):
        class_sums(segmenter(), image, regions, steps=0)
    with pytest.raises(InputError, match="'gauss', 'midpoint', 'right'"):
        class_sums(segmenter(), image, regions, rule="left")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="product"):
        class_sums(segmenter(), image, regions, product="sideways")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="reduce"):
        class_weights(segmenter(), image, image, regions, reduce="max")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="3 classes"):
        regions_of(segmenter(), image, classes=3)


@pytest.mark.parametrize("rule", ["gauss", "right"])
def test_steps_one_by_one_are_the_steps_at_once(rule: Rule) -> None:
    segmenter, image, regions = SmallSegmenter().double().eval(), noise(2, 1, 14, 17), quarters(14, 17, count=2)
    once, singly = (
        maps_of(segmenter, [image], regions, steps=4, rule=rule, at_once=at_once) for at_once in (True, False)
    )
    assert once.keys() == singly.keys()
    for number, (values,) in once.items():
        torch.testing.assert_close(singly[number][0], values)
