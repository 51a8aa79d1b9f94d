"""Integrated Gradients: completeness, closed forms of rules, the interaction identity, paths, baselines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from torch import nn

import fuselens as fl
from fuselens.core.errors import InputError, ModelError, UnknownNameError
from fuselens.core.fills import FILLS
from fuselens.core.targets import Closeness, GradientEnergy, Pixel, RegionMean, Similarity, Target
from fuselens.explainers.diffusion import diffusion_index
from fuselens.explainers.integrated_gradients import integrated_gradients


def pair_of(height: int = 22, width: int = 27, dtype: torch.dtype = torch.float32) -> fl.ImagePair:
    a, b = torch.rand(2, height, width, generator=torch.Generator().manual_seed(5), dtype=torch.float64).to(dtype)
    return fl.ImagePair.from_arrays(a, b, ("infrared", "visible"))


def network() -> fl.FusionModel:
    """Two convolutions with kinks between them, whose second reads the sum of what the first makes of both sources."""
    torch.manual_seed(3)
    return Small()


class Small(fl.FusionModel):
    name, reach = "small", 3

    def __init__(self) -> None:
        super().__init__()
        self.encode = nn.Conv2d(1, 6, 5, padding=2, padding_mode="replicate")
        self.decode = nn.Sequential(nn.LeakyReLU(0.1, inplace=True), nn.BatchNorm2d(6), nn.Conv2d(6, 1, 3, padding=1))

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.decode(self.encode(a) + 0.5 * self.encode(b).square()))


def linear(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return 0.3 * a + 0.6 * b.roll((1, 2), dims=(2, 3)) + 0.05


def score_of(model: Any, target: Target, a: torch.Tensor, b: torch.Tensor) -> float:
    """The target of the whole fused image, without any window."""
    size = (int(a.shape[-2]), int(a.shape[-1]))
    with torch.no_grad():
        return float(target(model.eval()(a, b)[(..., *target.box(size).slices)]))


@pytest.mark.parametrize("path", ["joint", "a", "b", "blur"])
def test_a_linear_operator_is_exact_in_one_step(path: Any) -> None:
    pair = pair_of(dtype=torch.float64)
    got = integrated_gradients(linear, pair, RegionMean((4, 5, 9, 12)), path=path, baseline="blur:2", steps=1)
    kept = fl.jacobian(linear, pair, region=(4, 5, 9, 12))
    without = [torch.from_numpy(gaussian_filter(source.y.numpy(), 2)) for source in pair]
    moves = {"joint": (1, 1), "blur": (1, 1), "a": (1, 0), "b": (0, 1)}[path]
    for mine, gradient, source, base, moved in zip((got.a, got.b), (kept.a, kept.b), pair, without, moves, strict=True):
        torch.testing.assert_close(mine.double(), moved * gradient * (source.y - base), rtol=1e-6, atol=1e-9)
    assert got.facts["steps"] == 1
    assert got.facts["complete"]
    assert got.facts["completeness_delta"] == pytest.approx(0, abs=1e-12)
    assert got.a.dtype == torch.float32


TARGETS: list[Target] = [
    Pixel(3, 20),
    RegionMean((2, 3, 12, 20)),
    GradientEnergy((5, 5, 14, 17)),
    Closeness("a", (3, 3, 15, 16)),
    Similarity((3, 3, 15, 16)),
]


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_the_maps_add_up_to_the_score_gained(target: Target) -> None:
    got = integrated_gradients(network(), pair_of(), target, steps=8, max_steps=256)
    gained = got.facts["score"] - got.facts["score_baseline"]
    total = float(got.a.double().sum() + got.b.double().sum())
    assert got.facts["complete"]
    assert abs(total - gained) <= 0.0101 * abs(gained) + 1e-5
    assert got.facts["completeness_delta"] == pytest.approx(total - gained, abs=1e-6)
    assert got.facts["sum_a"] + got.facts["sum_b"] == pytest.approx(total, abs=1e-6)
    assert got.facts["completeness_delta_relative"] == pytest.approx(abs(got.facts["completeness_delta"]) / abs(gained))
    assert got.facts["share_a"] == got.share()
    assert got.value == got.facts["score"]


def test_scores_are_those_of_the_whole_image() -> None:
    """Window and baseline: the scores that the facts name, computed without either."""
    model, pair, target = network(), pair_of(40, 44), RegionMean((3, 5, 6, 9))
    got = integrated_gradients(model, pair, target, baseline="mean", steps=2, max_steps=2)
    a, b = pair.tensors()
    mean_a, mean_b = torch.full_like(a, float(a.mean())), torch.full_like(b, float(b.mean()))
    scores = {key: score_of(model, target, *images) for key, images in
              {"x": (a, b), "b": (mean_a, b), "a": (a, mean_b), "0": (mean_a, mean_b)}.items()}  # fmt: skip
    assert got.facts["score"] == pytest.approx(scores["x"], abs=1e-6)
    assert got.facts["score_baseline"] == pytest.approx(scores["0"], abs=1e-6)
    assert got.facts["interaction"] == pytest.approx(scores["x"] - scores["a"] - scores["b"] + scores["0"], abs=1e-6)
    assert got.window.bottom < 40
    outside = torch.ones(40, 44, dtype=torch.bool)
    outside[got.window.slices] = False
    assert not got.a[outside].any()


def test_windows_change_nothing() -> None:
    model, pair = fl.load_model("deepfuse", weights=None), pair_of(44, 41)
    target = Pixel(15, 17)
    local = integrated_gradients(model, pair, target, steps=4, max_steps=4)
    whole = integrated_gradients(fl.wrap_model(model), pair, target, steps=4, max_steps=4)
    assert (local.window.height, whole.window.height) == (25, 44)
    torch.testing.assert_close(local.a, whole.a, rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(local.b, whole.b, rtol=1e-4, atol=1e-7)


@settings(max_examples=20, deadline=None)
@given(values=st.lists(st.floats(0, 1, width=32), min_size=4, max_size=4))
def test_one_source_paths_exceed_the_joint_path_by_the_interaction(values: list[float]) -> None:
    """For a * b all is known: the joint path gives half of the product's gain over black to each source."""
    pair = pair_of(8, 9, torch.float64)
    a, b = (torch.full((8, 9), value, dtype=torch.float64) for value in values[:2])
    pair = fl.ImagePair.from_arrays(a, b)
    base = tuple(torch.full((8, 9), value, dtype=torch.float64) for value in values[2:])
    sums = {}
    for path in ("joint", "a", "b"):
        found = integrated_gradients(lambda x, y: x * y, pair, path=path, baseline=base, steps=1)
        sums[path] = found.facts["sum_a"] + found.facts["sum_b"]
        assert found.facts["complete"]
    joint = integrated_gradients(lambda x, y: x * y, pair, baseline=base, steps=1)
    expected = (values[0] - values[2]) * (values[1] - values[3])
    assert joint.facts["interaction"] == pytest.approx(expected, abs=1e-9)
    assert sums["a"] + sums["b"] - sums["joint"] == pytest.approx(expected, abs=1e-9)
    assert joint.facts["sum_a"] == pytest.approx((values[0] - values[2]) * (values[1] + values[3]) / 2, abs=1e-9)


def test_the_interaction_identity_holds_for_a_network() -> None:
    found = {path: integrated_gradients(network(), pair_of(), path=path, steps=64, max_steps=64)
             for path in ("joint", "a", "b")}  # fmt: skip
    sums = {path: each.facts["sum_a"] + each.facts["sum_b"] for path, each in found.items()}
    gained = {path: each.facts["score"] - each.facts["score_baseline"] for path, each in found.items()}
    interaction = found["joint"].facts["interaction"]
    assert gained["a"] + gained["b"] - gained["joint"] == pytest.approx(interaction, abs=1e-6)
    assert sums["a"] + sums["b"] - sums["joint"] == pytest.approx(interaction, abs=1e-3)
    assert not found["a"].b.any()
    assert not found["b"].a.any()
    assert found["a"].share() == 1
    assert "interaction" not in found["a"].facts


def test_the_pair_as_baseline_gives_zeros() -> None:
    pair = pair_of()
    got = integrated_gradients(network(), pair, baseline=(pair.a.y, pair.b.y))
    assert not got.a.any()
    assert not got.b.any()
    assert got.facts["completeness_delta"] == 0
    assert got.facts["completeness_delta_relative"] == 0
    assert got.facts["complete"]
    assert got.facts["diffusion_index_a"] == 0


@pytest.mark.parametrize(("value_a", "value_b"), [(0.9, 0.4), (0.3, 0.8)])
def test_the_maximum_crosses_its_kink(value_a: float, value_b: float) -> None:
    """From (0.2, 0.5) the lead changes once, or never: each source counts only where it leads."""
    pair = fl.ImagePair.from_arrays(*(torch.full((9, 9), v, dtype=torch.float64) for v in (value_a, value_b)))
    base = tuple(torch.full((9, 9), v, dtype=torch.float64) for v in (0.2, 0.5))
    got = integrated_gradients(fl.load_model("maximum"), pair, Pixel(4, 4), baseline=base, max_steps=4096)
    crossing = min(1.0, 0.3 / ((value_a - 0.2) - (value_b - 0.5))) if value_a > value_b else 1.0
    assert float(got.b[4, 4]) == pytest.approx(crossing * (value_b - 0.5), abs=0.01)
    assert float(got.a[4, 4]) == pytest.approx((1 - crossing) * (value_a - 0.2), abs=0.01)
    assert got.facts["completeness_delta_relative"] <= 0.01
    assert int(torch.count_nonzero(got.a) + torch.count_nonzero(got.b)) <= 2


def test_steps_are_doubled_until_complete_or_spent() -> None:
    pair = fl.ImagePair.from_arrays(torch.full((9, 9), 0.9), torch.full((9, 9), 0.1))

    def steep(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(200 * (a - 0.77)) + 0 * b

    asked: list[tuple[int, int]] = []
    enough = integrated_gradients(steep, pair, baseline="black", steps=4, progress=lambda *now: asked.append(now))
    assert enough.facts["complete"]
    assert enough.facts["steps"] in (64, 128, 256)
    assert [done for done, _ in asked] == sorted(done for done, _ in asked)
    assert asked[-1][0] == asked[-1][1] == 2 * enough.facts["steps"] - 4
    spent = integrated_gradients(steep, pair, baseline="black", steps=4, max_steps=15)
    assert not spent.facts["complete"]
    assert spent.facts["steps"] == 8
    assert spent.facts["completeness_delta_relative"] > 0.01


def test_a_jump_is_reported_as_incomplete() -> None:
    pair = fl.ImagePair.from_arrays(torch.full((9, 9), 0.9), torch.full((9, 9), 0.1))
    got = integrated_gradients(lambda a, b: 0.1 * a + (a > 0.5), pair, baseline="black", steps=4, max_steps=32)
    assert not got.facts["complete"]
    assert got.facts["completeness_delta"] == pytest.approx(-1, abs=1e-6)
    assert got.facts["steps"] == 32


def test_average_is_the_mean_over_blur_and_mean() -> None:
    pair = pair_of()
    got = {name: integrated_gradients(network(), pair, baseline=name, steps=4, max_steps=4)
           for name in ("average", "blur", "mean")}  # fmt: skip
    torch.testing.assert_close(got["average"].a, (got["blur"].a + got["mean"].a) / 2)
    for fact in ("score_baseline", "interaction", "sum_b"):
        both = (got["blur"].facts[fact] + got["mean"].facts[fact]) / 2
        assert got["average"].facts[fact] == pytest.approx(both, abs=1e-9)
    assert got["average"].settings["baseline"] == "blur, mean"
    several = integrated_gradients(network(), pair, baseline=["blur", "mean"], steps=4, max_steps=4)
    assert torch.equal(several.a, got["average"].a)


@pytest.mark.parametrize("name", sorted(FILLS))
def test_every_fill_is_a_baseline(name: str) -> None:
    how = "value:0.25" if name == "value" else name
    got = integrated_gradients(linear, pair_of(), baseline=how, steps=1)
    assert got.facts["complete"]
    assert torch.equal(got.a, integrated_gradients(linear, pair_of(), baseline=how, steps=1).a)


def test_the_blur_path_begins_at_the_blur() -> None:
    pair = pair_of()
    curved = integrated_gradients(network(), pair, path="blur", steps=32)
    even = integrated_gradients(network(), pair, baseline="blur", steps=32)
    for fact in ("score", "score_baseline", "interaction"):
        assert curved.facts[fact] == pytest.approx(even.facts[fact], abs=1e-6)
    assert curved.facts["complete"]
    assert not torch.allclose(curved.a, even.a, atol=1e-5)
    with pytest.raises(InputError, match="blur path begins"):
        integrated_gradients(network(), pair, path="blur", baseline="black")
    with pytest.raises(InputError, match="blur path begins"):
        integrated_gradients(network(), pair, path="blur", baseline=(pair.a.y, pair.b.y))


@pytest.mark.parametrize("path", ["joint", "blur"])
def test_the_batch_size_changes_nothing(path: Any) -> None:
    maps = [integrated_gradients(network(), pair_of(), path=path, steps=7, max_steps=7, batch_size=size).a
            for size in (1, 3, 16)]  # fmt: skip
    for other in maps[1:]:
        torch.testing.assert_close(maps[0], other, rtol=0, atol=1e-6)


def test_the_model_is_left_as_it_was() -> None:
    model = network().train()
    next(iter(model.parameters())).requires_grad_(False)
    before = [(p.requires_grad, p.grad) for p in model.parameters()]
    buffers = {name: values.clone() for name, values in model.named_buffers()}
    integrated_gradients(model, pair_of(), steps=2, max_steps=2)
    assert all(module.training for module in model.modules())
    assert [(p.requires_grad, p.grad) for p in model.parameters()] == before
    assert all(torch.equal(values, buffers[name]) for name, values in model.named_buffers())
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(
    ("settings_", "error", "words"),
    [
        ({"path": "both"}, UnknownNameError, "path 'both'"),
        ({"steps": 0}, InputError, "at least 1"),
        ({"batch_size": 0}, InputError, "at least 1"),
        ({"baseline": "grey"}, UnknownNameError, "fill 'grey'"),
        ({"baseline": []}, InputError, "Expected a baseline"),
        ({"baseline": torch.zeros(9, 9)}, InputError, "Expected a baseline"),
        ({"baseline": (torch.zeros(9, 9), torch.zeros(9, 9))}, InputError, r"baseline has size \(9, 9\)"),
        ({"target": Pixel(99, 0)}, InputError, "not in the image"),
    ],
)
def test_refusals(settings_: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        integrated_gradients(linear, pair_of(), **settings_)


def test_a_model_without_gradient_is_refused() -> None:
    with pytest.raises(ModelError, match="passes no gradient"):
        integrated_gradients(lambda a, b: (a + b).detach() / 2, pair_of())
    with pytest.raises(ModelError, match="NaN or infinite"):
        integrated_gradients(lambda a, b: (a - a).sqrt() + b, pair_of())


def test_the_diffusion_index_is_one_less_gini() -> None:
    values = torch.randn(7, 6, generator=torch.Generator().manual_seed(2))
    sizes = values.abs().double().numpy().ravel()
    gini = np.abs(sizes[:, None] - sizes[None]).sum() / (2 * len(sizes) ** 2 * sizes.mean())
    assert diffusion_index(values) == pytest.approx(100 * (1 - gini))
    got = integrated_gradients(fl.load_model("average"), pair_of(dtype=torch.float64), baseline="black", steps=1)
    assert got.facts["diffusion_index_a"] == pytest.approx(100 / (22 * 27))
