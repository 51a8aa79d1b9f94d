"""Intrinsic explanations: models of every kind are asked, and the rules say what they do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve
from torch import nn

import fuselens as fl
from fuselens.core.errors import InputError, ModelError
from fuselens.core.intrinsic import ModelState, StateBars, StateMaps
from fuselens.core.run import fuse_luma
from fuselens.explainers.intrinsic import intrinsic
from fuselens.models.laplacian_pyramid import LaplacianPyramid

NAMES = ("infrared", "visible")


def pair_of(height: int = 18, width: int = 23, ties: bool = True) -> fl.ImagePair:
    a, b = torch.rand(2, height, width, generator=torch.Generator().manual_seed(6), dtype=torch.float64)
    if ties:
        a[0], b[0] = 0, 0  # both black: no weight can be read off the brightness
        b[1] = a[1]
    return fl.ImagePair.from_arrays(a, b, NAMES)


class Gated(nn.Module):
    """Weighs the sources by one learned gate, and needs gradients to account for it."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Parameter(torch.tensor(0.25))
        self.seen: dict[str, Any] = {}

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return self.gate * a + (1 - self.gate) * b

    def explain_state(self, pair: fl.ImagePair) -> ModelState:
        self.seen = {"training": self.training, "frozen": not self.gate.requires_grad, "size": pair.size}
        a, b = (source.requires_grad_() for source in pair.tensors())
        (slope,) = torch.autograd.grad(self(a, b).sum(), a)
        weights = StateBars("Gate", "", pair.names, {"weight": torch.stack([self.gate, 1 - self.gate])})
        maps = StateMaps("Slope", "", {pair.names[0]: slope[0, 0]})
        return ModelState(pair.names, ["The gate is fixed."], [weights, maps], settings={"gate": float(self.gate)})


def test_a_foreign_module_is_asked_through_its_wrapper_and_left_as_found() -> None:
    module = Gated()
    for model in (module, fl.wrap_model(module, reach=0, name="gated")):
        state = intrinsic(model, pair_of())
        assert module.seen == {"training": False, "frozen": True, "size": (18, 23)}
        assert module.training
        assert module.gate.requires_grad
        bars, maps = state.parts
        assert isinstance(bars, StateBars)
        assert bars.series["weight"].tolist() == [0.25, 0.75]
        assert isinstance(maps, StateMaps)
        assert (maps.maps["infrared"] == 0.25).all()
    assert state.settings["model"] == "gated"
    assert state.settings["reach"] == 0
    assert state.settings["gate"] == 0.25


def test_a_padded_module_is_asked_about_what_it_fuses() -> None:
    module = Gated()
    state = intrinsic(fl.wrap_model(module, divisor=8), pair_of())
    assert module.seen["size"] == (24, 24)
    assert state.parts[1].size == (24, 24)  # type: ignore[union-attr]


@pytest.mark.parametrize("divisor", [1, 4])
def test_models_without_an_account_say_so_by_their_name(divisor: int) -> None:
    plain = fl.wrap_model(lambda a, b: (a + b) / 2, name="plain", divisor=divisor)
    with pytest.raises(InputError, match=r"'plain' is not interpretable by design.*ddfimage"):
        intrinsic(plain, pair_of())
    network = fl.load_model("deepfuse", weights=None)
    with pytest.raises(InputError, match="'deepfuse' is not interpretable by design"):
        intrinsic(fl.wrap_model(network, divisor=divisor) if divisor == 1 else network, pair_of())


def test_what_is_no_account_is_refused() -> None:
    module = Gated()
    module.explain_state = lambda pair: {"gate": 0.25}  # type: ignore[assignment, method-assign]
    with pytest.raises(ModelError, match="explain_state of 'Gated' to return a ModelState but got dict"):
        intrinsic(module, pair_of())


def part(state: ModelState, place: int, name: str) -> torch.Tensor:
    found = state.parts[place]
    return (found.maps if isinstance(found, StateMaps) else found.series)[name]


def test_the_average_weighs_both_alike() -> None:
    state = intrinsic(fl.load_model("average"), pair_of())
    assert part(state, 0, "weight").tolist() == [0.5, 0.5]


@pytest.mark.parametrize("gradient", ["frozen", "true"])
def test_weights_of_the_weighted_average_add_up_to_one_and_make_the_fused_image(gradient: str) -> None:
    pair, model = pair_of(), fl.load_model("weighted_average", gradient=gradient)
    state = intrinsic(model, pair)
    first, second = (part(state, 0, name) for name in NAMES)
    torch.testing.assert_close(first + second, torch.ones(pair.size, dtype=torch.float64))
    torch.testing.assert_close(first * pair.a.y + second * pair.b.y, fuse_luma(model, pair))
    a, b = pair.a.y.numpy(), pair.b.y.numpy()
    for y, x in ((0, 3), (1, 4), (5, 6), (17, 22)):
        expected = a[y, x] / (a[y, x] + b[y, x]) if a[y, x] + b[y, x] else 0.5
        assert float(first[y, x]) == pytest.approx(expected)
    assert state.facts["mean weight of infrared"] == pytest.approx(float(first.mean()))
    assert state.facts["part of the pixels where visible weighs more"] == pytest.approx((b > a).mean())


def test_the_maximum_names_the_winner_of_every_pixel() -> None:
    pair, model = pair_of(), fl.load_model("maximum")
    state = intrinsic(model, pair)
    a, b, fused = pair.a.y.numpy(), pair.b.y.numpy(), fuse_luma(model, pair).numpy()
    winner = part(state, 0, "winner").numpy()
    assert np.array_equal(winner > 0, a > b)
    assert np.array_equal(winner < 0, a < b)
    assert np.array_equal(fused, np.where(winner > 0, a, b))
    assert np.array_equal(part(state, 1, "lead").numpy(), a - b)
    assert state.facts["part of the pixels won by infrared"] == pytest.approx((a > b).mean())
    assert state.facts["part of the pixels where both are equal"] == pytest.approx(2 / 18)
    assert "At 11% both are equal." in state.summary[0]
    assert "equal" not in intrinsic(model, pair_of(ties=False)).summary[0]


KERNEL = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256


def halved(image: np.ndarray) -> np.ndarray:
    return np.asarray(convolve(image, KERNEL, mode="nearest"))[::2, ::2]


def doubled(image: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    padded = np.pad(image, 1, mode="edge")
    wide = np.zeros([2 * side for side in padded.shape])
    wide[::2, ::2] = padded
    return np.asarray(convolve(wide, 4 * KERNEL, mode="constant"))[2 : 2 + shape[0], 2 : 2 + shape[1]]


@pytest.mark.parametrize("size", [(18, 23), (32, 40)])
@pytest.mark.parametrize("levels", [1, 3])
def test_winners_of_the_pyramid_reproduce_its_fused_levels(levels: int, size: tuple[int, int]) -> None:
    pair, model = pair_of(*size), LaplacianPyramid(levels)
    state = intrinsic(model, pair)
    pyramid, _ = model.pyramid(*pair.tensors(dtype=torch.float64))
    assert len(state.parts[1].maps) == levels  # type: ignore[union-attr]
    a, b = pair.a.y.numpy(), pair.b.y.numpy()
    strength = dict.fromkeys(NAMES, 0.0)
    for number, (level, lead) in enumerate(zip(pyramid, state.parts[1].maps.values(), strict=True)):  # type: ignore[union-attr]
        one, two = (image - doubled(halved(image), image.shape) for image in (a, b))
        a, b = halved(a), halved(b)
        assert lead.shape == size
        ahead = lead.numpy()[:: 2**number, :: 2**number]  # where the samples of this level lie
        np.testing.assert_allclose(ahead, np.abs(one) - np.abs(two), atol=1e-12)
        taken = np.where(ahead > 0, one, np.where(ahead < 0, two, (one + two) / 2))
        np.testing.assert_allclose(taken, level.fused[0, 0].numpy(), atol=1e-12)
        share = (ahead > 0).mean() + 0.5 * (ahead == 0).mean()
        assert float(part(state, 0, "infrared")[number]) == pytest.approx(share)
        assert float(part(state, 0, "visible")[number]) == pytest.approx(1 - share)
        strength["infrared"] += np.abs(np.where(ahead > 0, one, np.where(ahead < 0, 0, one / 2))).sum()
        strength["visible"] += np.abs(np.where(ahead > 0, 0, np.where(ahead < 0, two, two / 2))).sum()
    (told,) = state.facts.values()
    assert told == pytest.approx(strength["infrared"] / sum(strength.values()), rel=1e-6)


def test_levels_of_the_pyramid_add_up_to_the_sources() -> None:
    """With one source on both sides nothing is chosen, and the fused image is that source."""
    image = pair_of().a.y
    pair = fl.ImagePair.from_arrays(image, image.clone(), NAMES)
    model = LaplacianPyramid(3)
    torch.testing.assert_close(fuse_luma(model, pair), image)
    state = intrinsic(model, pair)
    assert part(state, 0, "infrared").tolist() == [0.5] * 3
    assert all((values == 0).all() for values in state.parts[1].maps.values())  # type: ignore[union-attr]
    (told,) = state.facts.values()
    assert told == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["average", "weighted_average", "maximum", "laplacian_pyramid"])
def test_a_black_pair_has_an_account_too(name: str) -> None:
    black = torch.zeros(9, 11)
    state = intrinsic(fl.load_model(name), fl.ImagePair.from_arrays(black, black.clone(), NAMES))
    assert all(0 <= value <= 1 for value in state.facts.values())
    assert "nan" not in " ".join(state.summary)
