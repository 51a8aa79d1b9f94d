"""The auxiliary network: sizes of the published one, any image size, and what its parts do."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.segmentation import load_segmenter
from fuselens.segmentation.classes import FMB, ROAD
from fuselens.segmentation.deeplab import AtrousPyramid, DeepLab
from fuselens.segmentation.mobilenet import InvertedResidual, MobileNetV2, rounded
from fuselens.segmentation.protocol import check_segmenter


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def tiny(**settings: object) -> DeepLab:
    network = load_segmenter("deeplab", None, classes=("n", "p", "c"), width=0.25, channels=16, **settings)
    assert isinstance(network, DeepLab)
    return network


def test_the_official_network_has_the_published_number_of_parameters() -> None:
    network = DeepLab(FMB, preset="official", sigmoid=True)
    parts = (network.backbone, network.low, network.decoder, network.head)
    assert [count(part) for part in parts] == [1_811_136, 1_296, 1_439_232, 3_855]
    assert count(network) == 3_255_519


def test_the_default_network_has_an_atrous_pyramid() -> None:
    network = DeepLab(FMB)
    assert count(network) == 2_717_439
    assert count(network.pyramid) == 750_656
    assert [m.dilation[0] for m in network.pyramid.modules() if isinstance(m, nn.Conv2d) and m.dilation[0] > 1] == [
        6,
        12,
        18,
    ]


@pytest.mark.parametrize("size", [(8, 8), (16, 16), (33, 57), (101, 64)])
@pytest.mark.parametrize("preset", ["default", "official"])
def test_any_size_gives_logits_of_that_size(size: tuple[int, int], preset: str) -> None:
    network = tiny(preset=preset)
    assert check_segmenter(network, torch.rand(2, 1, *size), network.classes).shape == (2, 3, *size)


def test_the_backbone_halves_four_times_and_keeps_the_low_level_features() -> None:
    low, high = MobileNetV2(0.25).eval()(torch.rand(1, 1, 64, 96))
    assert low.shape == (1, 8, 16, 24)
    assert high.shape == (1, 80, 4, 6)


def test_dilation_replaces_the_last_halving() -> None:
    depthwise = [m for m in MobileNetV2().modules() if isinstance(m, nn.Conv2d) and m.groups > 1]
    assert len(depthwise) == 17
    assert [m.dilation[0] for m in depthwise] == [1] * 14 + [2] * 3
    assert sum(m.stride[0] == 2 for m in depthwise) == 3  # the stem halves once more


def test_a_residual_is_added_where_shapes_agree_only() -> None:
    same, other = InvertedResidual(8, 8, 6, 1).eval(), InvertedResidual(8, 16, 6, 1).eval()
    x = torch.rand(1, 8, 5, 5)
    assert torch.equal(same(x), x + same.layers(x))
    assert torch.equal(other(x), other.layers(x))


@pytest.mark.parametrize(("channels", "expected"), [(3.0, 8), (8.0, 8), (12.0, 16), (11.9, 16), (24.0, 24), (40.1, 40)])
def test_channels_are_multiples_of_eight(channels: float, expected: int) -> None:
    assert rounded(channels) == expected


def test_the_pyramid_sees_the_whole_image() -> None:
    torch.manual_seed(0)
    pyramid = AtrousPyramid(4, 8).eval()
    x = torch.rand(1, 4, 60, 60, requires_grad=True)
    pyramid(x)[..., 0, 0].sum().backward()
    assert x.grad is not None
    assert bool((x.grad[0, :, 59, 59] != 0).any())


def test_a_sigmoid_is_that_of_the_same_logits() -> None:
    plain, bounded = tiny(preset="official"), tiny(preset="official", sigmoid=True)
    image = torch.rand(1, 1, 40, 40)
    assert torch.equal(bounded(image), plain(image).sigmoid())


def test_seeds_decide_the_weights_and_leave_the_callers_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, again, other = tiny(), tiny(), tiny(seed=1)
    assert torch.equal(torch.rand(1), expected)
    image = torch.rand(1, 1, 32, 32)
    assert torch.equal(first(image), again(image))
    assert not torch.equal(first(image), other(image))


def test_gradients_reach_every_parameter_and_match_finite_differences() -> None:
    network = tiny().double().train()
    network(torch.rand(2, 1, 64, 64, dtype=torch.float64)).square().sum().backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in network.parameters())
    network.eval()
    image = torch.rand(1, 1, 24, 24, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(network(image)[:, 1].mean(), image)
    step = torch.randn(image.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    with torch.no_grad():
        forward, backward = (network(image + sign * 1e-6 * step)[:, 1].mean() for sign in (1, -1))
    assert float((gradient * step).sum()) == pytest.approx(float(forward - backward) / 2e-6, rel=1e-4)


def test_a_batch_of_one_can_be_trained_on() -> None:
    tiny().train()(torch.rand(1, 1, 64, 64)).sum().backward()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"classes": ("one",)}, "at least two"),
        ({"classes": ("one", "one")}, "different"),
        ({"preset": "paper"}, "preset"),
        ({"sigmoid": True}, "sigmoid"),
        ({"width": 0.0}, "width"),
        ({"channels": 4}, "channels"),
        ({"depth": 4}, "cannot be built"),
    ],
)
def test_settings_that_make_no_network_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_segmenter("deeplab", None, **{"classes": ("a", "b"), **settings})  # type: ignore[arg-type]


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="did you mean deeplab"):
        load_segmenter("deeplap")
    with pytest.raises(UnknownNameError, match="weights of deeplab"):
        load_segmenter("deeplab", "raod")


def test_without_a_table_the_classes_are_those_of_the_road() -> None:
    assert load_segmenter("deeplab", None, width=0.25, channels=8).classes == ROAD  # type: ignore[comparison-overlap]
