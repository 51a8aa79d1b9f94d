"""CAMF: sizes, rules and class weights by formulas written out, exact windows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import conv2d

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.locality import Box, window_of
from fuselens.core.model import explaining
from fuselens.core.pair import ImagePair
from fuselens.models.camf import CAMF
from fuselens.models.camf_head import CamfHead, ParallelDepthwise
from fuselens.models.camf_rules import channel_weights, merge_by_rule
from fuselens.models.layers.local_network import continued


def camf(*rule: Any, **settings: Any) -> CAMF:
    torch.manual_seed(3)
    return CAMF(*rule, **settings).eval()


def images(*shape: int, seed: int = 5) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_parameters_of_each_part() -> None:
    model = CAMF()
    parts = (model.encoder, model.decoder, model.head, model)
    assert [count(part) for part in parts] == [392_320, 396_705, 20_738, 809_763]


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("border", ["reflect", "zero"])
@pytest.mark.parametrize("size", [(8, 8), (9, 15), (37, 53), (40, 64)])
def test_sizes(size: tuple[int, int], border: str, training: bool) -> None:
    model = camf(border=border).double().train(training)
    a, b = images(2, 2, 1, *size)
    with torch.no_grad():
        assert model(a, b).shape == model.reconstruct(a).shape == a.shape
        features = model.encode(a)
        assert features.shape == (2, 128, -(-size[0] // 4), -(-size[1] // 4))
        assert model.decode(features).shape[-2:] == (4 * features.shape[-2], 4 * features.shape[-1])


def test_features_are_those_of_the_image_continued_by_its_mirror_image() -> None:
    """The frame is cut back at the right place: an image with its own mirror image put round it has the same ones."""
    model = camf().double()
    image = images(1, 1, 64, 72)
    wide = torch.from_numpy(np.pad(image.numpy(), ((0, 0), (0, 0), (40, 40), (40, 40)), mode="reflect"))
    with torch.no_grad():
        torch.testing.assert_close(model.encode(wide)[..., 10:26, 10:28], model.encode(image))
        torch.testing.assert_close(model.reconstruct(wide)[..., 40:104, 40:112], model.reconstruct(image))


@settings(max_examples=50, deadline=None)
@given(
    dense=st.lists(st.lists(st.floats(-20, 20), min_size=16, max_size=16), min_size=2, max_size=2),
    scale=st.floats(0.1, 3),
)
def test_weights_average_to_the_scale(dense: list[list[float]], scale: float) -> None:
    scores = np.array(dense)
    weights = channel_weights(torch.tensor(scores), scale)
    assert (weights >= 0).all()
    torch.testing.assert_close(weights.mean(dim=1), torch.full((2,), scale, dtype=torch.float64))
    logistic = 1 / (1 + np.exp(-2 * scores))  # half a tanh and a half, written another way
    np.testing.assert_allclose(weights, scale * logistic / logistic.mean(axis=1, keepdims=True), rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("stride", [1, 2])
def test_parallel_convolutions_are_four_written_out(stride: int) -> None:
    torch.manual_seed(0)
    layer = ParallelDepthwise(stride).double()
    features = images(2, 128, 9, 10)
    kernels, biases = layer.convolutions.weight, layer.convolutions.bias
    assert biases is not None
    expected = sum(
        conv2d(features, kernels[k::4], biases[k::4], stride=stride, groups=128).clamp(min=0) for k in range(4)
    )
    assert isinstance(expected, torch.Tensor)
    torch.testing.assert_close(layer(features), expected)


def test_a_channel_reaches_the_logits_by_its_dense_row_alone() -> None:
    torch.manual_seed(1)
    head = CamfHead().double().requires_grad_(False)
    features, other = images(2, 1, 128, 14, 17)
    c = 17
    changed = features.clone()
    changed[:, c] = other[:, c]
    assert not torch.allclose(head(changed), head(features))
    added = head.dense.weight[:, c] * head.layers(features).mean(dim=(2, 3))[:, c]
    with_channel = head(features)
    head.dense.weight[:, c] = 0
    # Without its row, what the channel added is missing from the logits, and what it holds does not matter.
    torch.testing.assert_close(with_channel - head(features), added[None])
    assert torch.equal(head(changed), head(features))


@pytest.mark.parametrize("rule", ["mean", "add", "max", "l1"])
def test_rules_against_their_formulas(rule: Any) -> None:
    a, b = (images(1, 4, 5, 6, seed=seed).numpy() for seed in (1, 2))
    a[:, :, :3, :3] = b[:, :, :3, :3] = 0  # a place without any activity
    if rule == "l1":
        expected = np.zeros_like(a)
        for y in range(5):
            for x in range(6):
                block = np.s_[0, :, max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]
                n_a, n_b = np.abs(a[block]).sum(), np.abs(b[block]).sum()
                if n_a + n_b > 0:
                    expected[0, :, y, x] = (n_a * a[0, :, y, x] + n_b * b[0, :, y, x]) / (n_a + n_b)
    else:
        expected = {"mean": (a + b) / 2, "add": a + b, "max": np.maximum(a, b)}[rule]
    leaves = [torch.from_numpy(each).requires_grad_(True) for each in (a, b)]
    merged = merge_by_rule(rule, *leaves)
    np.testing.assert_allclose(merged.detach(), expected, rtol=1e-12)
    assert all(torch.isfinite(gradient).all() for gradient in torch.autograd.grad(merged.sum(), leaves))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("weights_of", ["dataset", "image"])
def test_class_weights_fuse_as_written(weights_of: Any, training: bool) -> None:
    """The whole way by plain calls, on an image whose size needs no frame while training."""
    model = camf(scale=0.7, weights_of=weights_of).double().train(training).requires_grad_(False)
    sources = images(2, 1, 1, 40, 44)
    # The reach in whole cells.
    frame = 0 if training else 36
    edges = ((0, 0), (0, 0), (frame, frame), (frame, frame))
    merged = torch.zeros(1)
    for source, dense in zip(sources, model.head.dense.weight, strict=True):
        phi = model.encoder(2 * torch.from_numpy(np.pad(source.numpy(), edges, "reflect")) - 1)[0]
        own = phi[:, frame // 4 : frame // 4 + 10, frame // 4 : frame // 4 + 11]
        w = torch.tanh(dense * own.mean(dim=(1, 2)) if weights_of == "image" else dense) / 2 + 0.5
        merged = merged + (0.7 * w / w.mean())[:, None, None] * phi
    fused = (1 + model.decoder(merged[None])) / 2
    torch.testing.assert_close(model(*sources), fused[..., frame : frame + 40, frame : frame + 44])


def test_convolutions_without_padding_see_the_edge_repeated() -> None:
    model = camf().double().requires_grad_(False)
    features = images(1, 128, 3, 4)
    enlarged = model.decoder[:8](features)
    assert enlarged.shape == (1, 64, 12, 16)
    x = torch.from_numpy(np.pad(enlarged.numpy(), ((0, 0), (0, 0), (2, 2), (2, 2)), "edge"))
    first, second, last = (layer for layer in list(model.decoder)[8:] if isinstance(layer, nn.Conv2d))
    for layer in (first, second):
        x = conv2d(x, layer.weight, layer.bias).clamp(min=0)
    x = conv2d(x, last.weight, last.bias)
    torch.testing.assert_close(model.decode(features), torch.sigmoid(2 * x))  # half a tanh and a half


def test_equal_sources_by_mean_are_reconstructed() -> None:
    model = camf("mean").double()
    image = images(1, 1, 21, 30)
    torch.testing.assert_close(model(image, image), model.reconstruct(image))


def test_weights_of_the_data_set_ignore_the_images_and_those_of_the_image_do_not() -> None:
    a, b, other = images(3, 2, 1, 24, 32)
    for weights_of in ("dataset", "image"):
        model = camf(weights_of=weights_of).double()
        with torch.no_grad():
            first, second = (
                torch.stack(model.weights_by_class(model.encode(s), model.encode(t))) for s, t in ((a, b), (a, other))
            )
            torch.testing.assert_close(first.mean(dim=2), torch.ones(2, 2, dtype=torch.float64))
        assert torch.equal(first[0], second[0])
        assert torch.equal(first[1], second[1]) == (weights_of == "dataset")
        assert torch.equal(first[:, 0], first[:, 1]) == (weights_of == "dataset")
    assert model.reach is None
    scores = model.head.class_weights[1] * model.encode(b).mean(dim=(2, 3))
    torch.testing.assert_close(first[1], channel_weights(scores, 1.0))


@pytest.mark.parametrize(("rule", "reach"), [("class_weights", 34), ("l1", 38)])
def test_windows_equal_the_whole_image(rule: Any, reach: int) -> None:
    model = camf(rule).double()
    assert (model.reach, model.stride) == (reach, 4)
    size = (101, 107)
    a, b = images(2, 1, 1, *size)
    with explaining(model), torch.inference_mode():
        whole = model(a, b)
        for box in (Box(0, 0, 5, 6), Box(45, 50, 47, 53), Box(61, 62, 64, 65), Box(96, 101, 101, 107)):
            window = window_of(box, size, reach, 4)
            assert window != Box(0, 0, *size)
            part = model.on_window(a[(..., *window.slices)], b[(..., *window.slices)], window.borders(size))
            torch.testing.assert_close(
                part[(..., *box.inside(window))], whole[(..., *box.slices)], rtol=1e-10, atol=1e-12
            )


def test_reach_of_the_l1_rule_is_not_padded() -> None:
    model = camf("l1").double()
    a, b = images(2, 1, 1, 85, 85).requires_grad_(True)
    furthest = 0
    with explaining(model):
        fused = model(a, b)
        for at in range(40, 44):
            gradient = torch.autograd.grad(fused[0, 0, at, at], a, retain_graph=True)[0][0, 0]
            furthest = max(furthest, int((torch.nonzero(gradient) - at).abs().max()))
    assert furthest == 38


def test_stretch_spreads_each_image_and_leaves_flat_ones() -> None:
    model = camf(output="stretch").double()
    assert model.reach is None
    a, b = images(2, 2, 1, 16, 20)
    with torch.no_grad():
        plain = camf().double()(a, b).numpy()
        low, high = (extreme(plain, axis=(2, 3), keepdims=True) for extreme in (np.min, np.max))
        np.testing.assert_allclose(model(a, b), (plain - low) / (high - low), rtol=1e-9)
        model.decoder[-2].weight.zero_()  # type: ignore[operator]
        assert (model(a, b) == 0.5).all()


def test_only_the_head_learns_from_the_classes() -> None:
    model = camf().train()
    logits = model.classify(images(2, 1, 49, 64).float())
    assert logits.shape == (2, 2)
    nn.functional.cross_entropy(logits, torch.tensor([0, 1])).backward()
    learning = {name.split(".")[0] for name, parameter in model.named_parameters() if parameter.grad is not None}
    assert learning == {"head"}
    assert all(parameter.grad is not None for parameter in model.head.parameters())


def test_refusals() -> None:
    with pytest.raises(InputError, match="49x49 pixels or more but got 60x48"):
        camf().classify(torch.zeros(1, 1, 48, 60))
    with pytest.raises(UnknownNameError, match="rule of camf"):
        CAMF("classweights")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="weights_of"):
        CAMF(weights_of="picture")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="output of camf"):
        CAMF(output="minmax")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="above 0"):
        CAMF(scale=0)
    with pytest.raises(InputError, match="no weights to take from the image"):
        CAMF("max", weights_of="image")
    with pytest.raises(InputError, match="'mean' camf has no weights to show"):
        camf("mean").explain_state(ImagePair.from_arrays(*images(2, 16, 16)))


@pytest.mark.parametrize(("size", "edge"), [((5, 9), 3), ((5, 9), 7)])
def test_images_thinner_than_their_frame_repeat_the_end_of_their_mirror_image(size: tuple[int, int], edge: int) -> None:
    image = np.arange(45.0).reshape(1, 1, *size)
    got = continued(torch.from_numpy(image), (edge, 0, edge, 0))
    mirrored = min(edge, size[0] - 1)
    tall = np.pad(image, ((0, 0), (0, 0), (mirrored, mirrored), (0, 0)), "reflect")
    rest = ((0, 0), (0, 0), (edge - mirrored, edge - mirrored), (0, 0))
    np.testing.assert_array_equal(got, np.pad(tall, rest, "edge"))
