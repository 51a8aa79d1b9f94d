"""The folded network against the network itself: logits, gradients, sums in windows; in float64, to the last digits."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from fuselens.core.errors import InputError
from fuselens.segmentation.class_attribution import class_maps, class_sums
from fuselens.segmentation.class_weights import class_weights
from fuselens.segmentation.deeplab import DeepLab
from fuselens.segmentation.folded import FoldedDeepLab, folded
from fuselens.segmentation.path_attribution import score_gradient, score_of_regions
from tests.segmentation.attributed import SmallSegmenter, noise, small_deeplab

SIZES = [(8, 8), (24, 32), (33, 23)]


def scattered(*size: int, classes: int = 3) -> torch.Tensor:
    """A first picture of blobs, whose boxes are cut, and a second one of stripes; some pixels belong to none."""
    rows, columns = torch.meshgrid(torch.arange(size[0]), torch.arange(size[1]), indexing="ij")
    blobs = ((rows // 5) * 7 + (columns // 6) * 3) % 5 % classes
    stripes = columns * classes // size[1]
    regions = torch.stack((blobs, stripes))
    regions[:, 1, :4] = 255
    return regions


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("preset", ["default", "official"])
def test_logits_and_gradients_are_those_of_the_network(preset: str, size: tuple[int, int]) -> None:
    network, image = small_deeplab(preset).double(), noise(2, 1, *size).requires_grad_(True)
    quick = folded(network)
    assert isinstance(quick, FoldedDeepLab)
    expected, found = network(image), quick(image)
    torch.testing.assert_close(found, expected)
    slope = noise(*expected.shape, seed=5) - 0.5
    (wanted,), (got,) = (torch.autograd.grad(logits, image, slope) for logits in (expected, found))
    assert float(wanted.abs().max()) > 0
    torch.testing.assert_close(got, wanted, rtol=1e-9, atol=1e-12)


def test_single_precision_agrees_to_five_digits() -> None:
    network, image = small_deeplab(), noise(1, 1, 40, 44, dtype=torch.float32)
    torch.testing.assert_close(folded(network)(image), network(image), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("preset", ["default", "official"])
def test_sums_in_windows_are_those_of_whole_passes(preset: str, size: tuple[int, int]) -> None:
    """Also by forward products: the derivative in the direction of the class, which knows no window."""
    network, image, regions = small_deeplab(preset).double(), noise(2, 1, *size), scattered(*size)
    whole = class_sums(network.forward, image, regions, steps=2)
    forward = class_sums(network, image, regions, steps=2, product="forward")
    found = class_sums(network, image, regions, steps=2)
    assert found.keys() == whole.keys() == forward.keys()
    for number, sums in found.items():
        torch.testing.assert_close(sums, whole[number], rtol=1e-9, atol=1e-14)
        torch.testing.assert_close(sums, forward[number], rtol=1e-5, atol=1e-12)


def test_maps_and_path_gradients_are_those_of_the_network() -> None:
    network, image, regions = small_deeplab().double(), noise(2, 1, 24, 32), scattered(24, 32)
    whole = class_maps(network.forward, image, regions, steps=2)
    for number, values in class_maps(network, image, regions, steps=2).items():
        torch.testing.assert_close(values, whole[number], rtol=1e-9, atol=1e-14)
    score = score_of_regions(regions)
    torch.testing.assert_close(score_gradient(network, image, score), score_gradient(network.forward, image, score))
    assert folded(network)(image[:0]).shape == (0, 3, 24, 32)


def test_windows_save_passes_but_for_the_deep_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    """2 M forward passes of one picture, C deep passes each, and cells of the decoder as for about one class."""
    network = small_deeplab()
    a, b, regions = (noise(1, 1, 128, 128, seed=seed, dtype=torch.float32) for seed in range(3))
    regions = (torch.arange(128) * 2 // 128)[None, :, None].expand(1, 128, 128)
    counts: dict[str, list[int]] = {"trace": [], "pull_decoder": [], "pull_late": [], "pull_early": []}

    def counted(name: str) -> Any:
        own = getattr(FoldedDeepLab, name)

        def count(self: FoldedDeepLab, first: torch.Tensor, *rest: Any) -> Any:
            counts[name].append(len(first) if name in ("trace", "pull_late") else first[0, 0].numel())
            return own(self, first, *rest)

        return count

    for name in counts:
        monkeypatch.setattr(FoldedDeepLab, name, counted(name))
    class_weights(network, a, b, regions, steps=3)
    assert counts["trace"] == [1] * 6
    assert sum(counts["pull_late"]) == 2 * 6
    frame, cells = 3, 32
    assert counts["pull_decoder"] == counts["pull_early"] == [(cells // 2 + frame) * cells] * 12


def test_it_follows_its_network() -> None:
    """Nothing is kept from one attribution to the next, so training, loading and pruning are seen."""
    network, image, regions = small_deeplab(), noise(1, 1, 16, 16, dtype=torch.float32), scattered(16, 16)[:1]
    network.train()
    before = class_sums(network, image, regions, steps=1)[0]
    network.head.weight.data.mul_(2)  # past the version counter
    torch.testing.assert_close(class_sums(network, image, regions, steps=1)[0], 2 * before)
    assert all(layer.training for layer in network.modules())
    assert all(parameter.requires_grad and parameter.grad is None for parameter in network.parameters())


class Own(DeepLab):
    """Somebody's variant, which may do anything."""


def test_what_it_does_not_know_is_left_as_it_is() -> None:
    changed, other, odd = small_deeplab(), SmallSegmenter(), small_deeplab()
    changed.decoder[0] = nn.GELU()  # type: ignore[index]
    odd.head = nn.Conv2d(8, 3, 1, padding=1)
    deeper = small_deeplab()
    deeper.backbone = nn.Sequential(deeper.backbone)  # type: ignore[assignment]
    strangers: list[Any] = [
        changed, other, odd, deeper, other.forward, Own(("n", "p"), width=0.25, channels=8),
        DeepLab(("n", "p"), preset="official", sigmoid=True, width=0.25, channels=8),
    ]  # fmt: skip
    for stranger in strangers:
        assert folded(stranger) is stranger


def test_gradients_of_gradients_take_the_network_itself() -> None:
    network, regions = small_deeplab().double(), scattered(16, 16)[:1]
    image = noise(1, 1, 16, 16).requires_grad_(True)
    sums = class_sums(network, image, regions, steps=1, through=True)
    (slope,) = torch.autograd.grad(sums[0].sum(), image)
    assert float(slope.abs().sum()) > 0


def test_bad_input() -> None:
    network, image = small_deeplab(), noise(1, 1, 16, 16, dtype=torch.float32)
    with pytest.raises(InputError, match="The regions name class 3"):
        class_sums(network, image, torch.full((1, 16, 16), 3))
    assert class_sums(network, image, torch.full((1, 16, 16), 255)) == {}
    assert class_sums(network, image[:0], scattered(16, 16)[:0]) == {}
    with pytest.raises(InputError, match="grey float image"):
        class_sums(network, image.expand(-1, 3, -1, -1), scattered(16, 16)[:1])
    with pytest.raises(InputError, match="The segmenter fails"):
        class_sums(network, image.double(), scattered(16, 16)[:1])
    network.head.bias.data.fill_(torch.nan)  # type: ignore[union-attr]
    with pytest.raises(InputError, match="NaN or infinite logits"):
        class_sums(network, image, scattered(16, 16)[:1])
