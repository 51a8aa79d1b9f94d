"""Grad-CAM and HiRes-CAM: which call belongs to which source, closed forms after one linear layer, windows, hooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

import fuselens as fl
from fuselens.core.errors import InputError, ModelError, UnknownNameError
from fuselens.core.locality import Box
from fuselens.core.targets import Closeness, Pixel, RegionMean, Similarity
from fuselens.explainers.gradcam import gradcam, hirescam
from tests.explainers.fusion_networks import Shared, Stacked, Two

BOTH = pytest.mark.parametrize("method", [gradcam, hirescam])
Method = Callable[..., fl.Attribution]


def pair_of(height: int = 20, width: int = 25) -> fl.ImagePair:
    a, b = torch.rand(2, height, width, generator=torch.Generator().manual_seed(8))
    return fl.ImagePair.from_arrays(a, b, ("infrared", "visible"))


def by_hand(model: Shared, pair: fl.ImagePair, region: Box, *, pooled: bool) -> list[torch.Tensor]:
    """Both maps at the encoder's second convolution, computed piece by piece, out of place."""
    acts = [
        model.encode[2](model.encode[1](model.encode[0](source))).detach().requires_grad_() for source in pair.tensors()
    ]
    fused = model.decode(acts[0].relu() + acts[1].relu())
    gradients = torch.autograd.grad(fused[(..., *region.slices)].mean(), acts)
    weights = [g.mean(dim=(2, 3), keepdim=True) if pooled else g for g in gradients]
    return [(weight * act).sum(dim=1)[0].detach() for weight, act in zip(weights, acts, strict=True)]


@BOTH
@pytest.mark.parametrize("how", ["ab", "ba", "batch", "batch ba"])
def test_each_source_gets_its_own_call(method: Method, how: str) -> None:
    model, pair = Shared(how), pair_of()
    got = method(model, pair, RegionMean((4, 5, 11, 13)))
    expected = by_hand(model, pair, Box(4, 5, 11, 13), pooled=method is gradcam)
    torch.testing.assert_close(got.a, expected[0], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(got.b, expected[1], rtol=1e-4, atol=1e-6)
    assert got.facts["layer"] == "encode.2"
    assert not got.facts["layer_is_after_fusion"]
    assert (got.facts["call_a"], got.facts["call_b"]) == {"ab": (0, 1), "ba": (1, 0)}.get(how, (0, 0))
    assert bool((got.a < 0).any())


@BOTH
def test_swapped_sources_swap_the_maps(method: Method) -> None:
    pair = pair_of()
    other = fl.ImagePair.from_arrays(pair.b.y, pair.a.y, ("visible", "infrared"))
    got, swapped = method(Shared(), pair, Pixel(7, 9)), method(Shared(), other, Pixel(7, 9))
    torch.testing.assert_close(got.a, swapped.b)
    torch.testing.assert_close(got.b, swapped.a)


def test_hirescam_adds_up_to_the_score_before_a_linear_layer() -> None:
    model, target = Shared(), RegionMean((3, 4, 12, 20))
    got = hirescam(model, pair_of(), target, layer="encode.3")
    without_bias = got.value - float(model.decode.bias.detach())
    assert got.facts["sum_a"] + got.facts["sum_b"] == pytest.approx(without_bias, abs=1e-6)
    assert float(got.a.sum() + got.b.sum()) == pytest.approx(without_bias, abs=1e-5)
    with torch.no_grad():
        assert got.value == pytest.approx(float(model(*pair_of().tensors())[0, 0, 3:12, 4:20].mean()), abs=1e-6)


@BOTH
def test_a_silent_encoder_has_a_zero_map(method: Method) -> None:
    model = Two()
    with torch.no_grad():
        for parameter in model.second.parameters():
            parameter.zero_()
    got = method(model, pair_of())
    assert got.a.any()
    assert not got.b.any()
    with torch.no_grad():
        for parameter in model.first.parameters():
            parameter.zero_()
    assert not method(model, pair_of()).a.any()


@BOTH
def test_an_encoder_a_source(method: Method) -> None:
    model, pair = Two(), pair_of()
    got = method(model, pair, Pixel(7, 9))
    assert got.facts["layer"] == "first.2, second.2"
    named = method(model, pair, Pixel(7, 9), layer=("first.2", model.second[2]))
    assert torch.equal(got.a, named.a)
    assert torch.equal(got.b, named.b)
    with pytest.raises(InputError, match="sees source b alone"):
        method(model, pair, layer="first.2")
    with pytest.raises(InputError, match="sees source a alone"):
        method(model, pair, layer=("second.0", "second.2"))


@BOTH
def test_a_layer_after_fusion_is_not_divided(method: Method) -> None:
    model, pair = Stacked(), pair_of()
    got = method(model, pair, RegionMean((2, 3, 9, 9)))
    assert got.facts["layer"] == "two"
    assert got.facts["layer_is_after_fusion"]
    assert torch.equal(got.a, got.b)
    assert got.share() == 0.5
    with torch.no_grad():
        act = model.two(model.one(torch.cat(pair.tensors(), dim=1)).relu())
    weight = model.out.weight.detach()
    inside = torch.zeros(20, 25)
    inside[2:9, 3:9] = 1 / 42
    gradient = weight / (20 * 25) if method is gradcam else weight * inside
    torch.testing.assert_close(got.a + got.b, (gradient * act).sum(dim=1)[0], rtol=1e-4, atol=1e-6)
    assert method(model, pair, layer=model.one).facts["layer"] == "one"
    assert method(Shared(), pair, layer="decode").facts["layer_is_after_fusion"]


@BOTH
@pytest.mark.parametrize("pixel", [(22, 20), (2, 3), (43, 25)])
def test_windows_change_nothing(method: Method, pixel: tuple[int, int]) -> None:
    """The window's maps are the whole image's, borders included, where the layers see a continued image."""
    torch.manual_seed(0)
    model, pair = fl.load_model("deepfuse", weights=None), pair_of(44, 41)
    local, whole = method(model, pair, Pixel(*pixel)), method(fl.wrap_model(model), pair, Pixel(*pixel))
    assert local.facts["layer"] == whole.facts["layer"] == "features.1.0"
    assert local.window.height < 44
    inside = torch.zeros(44, 41, dtype=torch.bool)
    inside[local.window.slices] = True
    for mine, other in ((local.a, whole.a), (local.b, whole.b)):
        torch.testing.assert_close(mine[inside], other[inside], rtol=1e-3, atol=1e-4 * float(other.abs().max()))
        assert not mine[~inside].any()
        assert mine.any()
    if method is hirescam:
        assert float(whole.a[~inside].abs().max()) == 0
        assert local.facts["sum_a"] == pytest.approx(whole.facts["sum_a"], rel=1e-3, abs=1e-6)


def test_coarse_layers_are_enlarged_to_the_image() -> None:
    """A lone bright spot: its map has its peak there, at the coarse grid's precision, padding to a divisor or not."""
    a = torch.zeros(21, 27)
    a[14:16, 20:22] = 1
    pair = fl.ImagePair.from_arrays(a, torch.zeros(21, 27))
    model = Two(stride=2)
    for layer in (model.first[2], model.second[2]):
        nn.init.constant_(layer.weight, 0.1)
        nn.init.zeros_(layer.bias)
    nn.init.constant_(model.first[0].weight, 0.1)
    nn.init.zeros_(model.first[0].bias)
    nn.init.constant_(model.decode[0].weight, 0.1)
    nn.init.constant_(model.decode[2].weight, 0.1)
    for wrapped in (model, fl.wrap_model(model, divisor=4)):
        got = gradcam(wrapped, pair, RegionMean())
        assert got.facts["layer"] == "first.2, second.2"
        y, x = divmod(int(got.a.argmax()), 27)
        assert abs(y - 14.5) <= 1.5
        assert abs(x - 20.5) <= 1.5
        assert got.a.shape == (21, 27)


@BOTH
def test_relu_and_smooth(method: Method) -> None:
    model, pair = Shared(), pair_of()
    signed, classic = method(model, pair, RegionMean()), method(model, pair, RegionMean(), preset="classic")
    torch.testing.assert_close(classic.a, signed.a.clamp(min=0))
    assert torch.equal(classic.b, method(model, pair, RegionMean(), relu=True).b)
    smooth = method(model, pair, RegionMean(), smooth=True)
    assert float(smooth.a.sum()) == pytest.approx(float(signed.a.sum()), rel=1e-4)
    assert float(smooth.a.diff().abs().sum()) < float(signed.a.diff().abs().sum())
    assert (classic.settings["relu"], smooth.settings["smooth"]) == (True, True)


def test_a_layer_called_again_counts_by_its_last_call() -> None:
    class Twice(Shared):
        def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            for _ in range(2):
                first, second = self.features(a, b)
            return self.decode(first + second)

    class Auxiliary(Shared):
        """The last convolution leads nowhere, and must not be looked at."""

        def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            fused = super().forward(a, b)
            self.encode(a), self.encode(b)
            return fused

    pair = pair_of()
    expected = gradcam(Shared(), pair)
    twice, auxiliary = gradcam(Twice(), pair), gradcam(Auxiliary(), pair)
    assert torch.equal(twice.a, expected.a)
    assert (twice.facts["call_a"], twice.facts["call_b"]) == (2, 3)
    assert torch.equal(auxiliary.b, expected.b)
    assert (auxiliary.facts["call_a"], auxiliary.facts["call_b"]) == (0, 1)


def hooks_of(model: nn.Module) -> int:
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())


@BOTH
def test_the_model_is_left_as_it_was(method: Method) -> None:
    class Failing(Shared):
        def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            super().forward(a, b)
            raise RuntimeError("broken")

    for model in (Shared().train(), Failing().train()):
        model.encode[0].weight.requires_grad_(False)
        model.decode.register_forward_hook(lambda *_: None)
        before = [(p.requires_grad, p.grad) for p in model.parameters()]
        if isinstance(model, Failing):
            with pytest.raises(RuntimeError, match="broken"):
                method(model, pair_of())
        else:
            method(model, pair_of())
        assert hooks_of(model) == 1
        assert all(module.training for module in model.modules())
        assert [(p.requires_grad, p.grad) for p in model.parameters()] == before


@BOTH
def test_refusals(method: Method) -> None:
    pair = pair_of()
    cases: list[tuple[object, dict[str, Any], type[Exception], str]] = [
        (Shared(), {"target": Similarity()}, InputError, "would return noise"),
        (fl.load_model("laplacian_pyramid"), {}, InputError, "use occlusion, lime or ddfimage"),
        (lambda a, b: (a + b) / 2, {}, InputError, "no convolution"),
        (Shared(), {"layer": "encode.9"}, UnknownNameError, "layer 'encode.9'"),
        (Shared(), {"layer": 3}, InputError, "Expected a layer's name"),
        (Shared(), {"layer": nn.Conv2d(1, 1, 1)}, InputError, "leads from the sources"),
        (Shared(), {"preset": "paper"}, UnknownNameError, "preset 'paper'"),
        (Shared(), {"target": Pixel(50, 0)}, InputError, "not in the image"),
    ]
    for model, settings, error, words in cases:
        with pytest.raises(error, match=words):
            method(model, pair, **settings)
    assert method(Shared(), pair, Closeness("a")).a.any()


@BOTH
def test_models_that_give_no_maps_or_gradients(method: Method) -> None:
    class Flat(Shared):
        def __init__(self) -> None:
            super().__init__()
            self.flat = nn.Flatten()

        def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            return self.flat(a).view_as(a) + super().forward(a, b)

    class Cut(Shared):
        def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            return super().forward(a, b).detach()

    class OneSided(Shared):
        """Only source a passes through layers."""

        def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            return self.decode(self.encode(a)) + b

    with pytest.raises(InputError, match="sees source b alone"):
        method(OneSided(), pair_of())
    model = Flat()
    with pytest.raises(InputError, match=r"maps \[N, C, h, w\] but got shape \(1, 500\)"):
        method(model, pair_of(), layer="flat")
    assert hooks_of(model) == 0
    with pytest.raises(ModelError, match="passes no gradient"):
        method(Cut(), pair_of())
