"""Every explainer on networks that see whole images: against finite differences, full autograd and plain composites."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import torch

import fuselens as fl
from fuselens.core.composites import CPU_PIXELS
from fuselens.core.explanation import SetExplanation
from fuselens.core.model import explaining
from fuselens.core.targets import Pixel, RegionMean, Similarity, Target
from fuselens.evaluation import check
from fuselens.explainers import explain
from fuselens.explainers.gradcam import gradcam, hirescam
from fuselens.explainers.integrated_gradients import integrated_gradients
from tests.core.small import small_pair

SIZE = (13, 17)
BOX = (3, 4, 9, 12)
MEAN, SAME = RegionMean(BOX), Similarity(BOX)
LAYERS = {"cmcffuse": "deep.attention.merge", "swinfuse": "norm"}
BOTH = pytest.mark.parametrize("name", LAYERS)
SAMPLED: dict[str, dict[str, Any]] = {name: {"samples": 20} for name in ("baylime", "lime", "rise")}
SETS = ("ddfimage", "sedc", "sedc_t")
HIDING = (*SAMPLED, *SETS, "occlusion")
METHODS = [name for name in fl.list_explainers() if name != "intrinsic"]


@cache
def network(name: str, dtype: torch.dtype = torch.float32) -> fl.FusionModel:
    """The network with random weights, but with a fused image that is not all grey."""
    torch.manual_seed(0)
    model = fl.load_model(name, weights=None, **({"width": 16} if name == "cmcffuse" else {}))
    if name == "cmcffuse":
        with torch.no_grad():
            for layer, factor in ((model.shallow[0], 4), (model.shallow[2], 4), (model.decode[-1], 50)):
                layer.weight.mul_(factor)
    assert model.reach is None
    return model.to(dtype)


def pair_of(height: int = SIZE[0], width: int = SIZE[1], dtype: torch.dtype = torch.float32) -> fl.ImagePair:
    return small_pair(height, width, dtype)


def settings(method: str) -> dict[str, Any]:
    if method == "guidance":
        return {"probes": 3}
    if method == "integrated_gradients":
        return {"target": MEAN, "max_steps": 4, "steps": 4}
    if method in HIDING:
        return {"target": SAME, "units": "grid:6", "fill": "black", **SAMPLED.get(method, {})}
    return {"segmenter": bright} if method == "task_share" else {"target": MEAN}


def bright(image: torch.Tensor) -> torch.Tensor:
    """A segmenter of two classes: dark and bright."""
    return torch.cat((0.4 - image, image - 0.4), dim=1)


@cache
def explained(name: str, method: str) -> Any:
    return explain(network(name), pair_of(), method, **settings(method))


def score(name: str, target: Target, a: torch.Tensor, b: torch.Tensor) -> float:
    with explaining(network(name, a.dtype)) as model, torch.no_grad():
        return float(target(model(a, b)[(..., *target.box((a.shape[-2], a.shape[-1])).slices)]))


@BOTH
@pytest.mark.parametrize("method", METHODS)
def test_every_explainer_runs(method: str, name: str) -> None:
    result = explained(name, method)
    maps = result.keep_maps() if isinstance(result, SetExplanation) else (result.a, result.b)
    assert all(each.shape == SIZE and bool(torch.isfinite(each.float()).all()) for each in maps)
    assert any(each.any() for each in maps)
    if isinstance(result, SetExplanation):
        assert result.status == "EXPLAINED"
        assert result.model_pixels == result.model_images * SIZE[0] * SIZE[1]
    assert not any(module._forward_hooks for module in network(name).modules())


@BOTH
@pytest.mark.parametrize("target", [Pixel(2, 14), MEAN], ids=str)
def test_jacobian_equals_finite_differences(name: str, target: Target) -> None:
    """At the target itself, near it, in the same window, and in the corner farthest away."""
    pair, step = pair_of(dtype=torch.float64), 1e-5
    got = fl.jacobian(network(name, torch.float64), pair, target=target)
    sources = pair.tensors(dtype=torch.float64)
    for index, mine in enumerate((got.a, got.b)):
        for y, x in ((2, 14), (3, 13), (6, 7), (12, 0)):
            ends = []
            for moved in (step, -step):
                changed = [source.clone() for source in sources]
                changed[index][..., y, x] += moved
                ends.append(score(name, target, *changed))
            assert float(mine[y, x]) == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-4, abs=1e-10)
            assert mine[y, x] != 0


def naive_diagonal(name: str, pair: fl.ImagePair, pixels: list[tuple[int, int]]) -> torch.Tensor:
    """Both sources' guidance at these pixels, `[2, len(pixels)]`, by one backward pass through the whole each."""
    with explaining(network(name)) as model:
        sources = [source.requires_grad_(True) for source in pair.tensors()]
        fused = model(*sources)
        rows = [
            [each[0, 0, y, x] for each in torch.autograd.grad(fused[0, 0, y, x], sources, retain_graph=True)]
            for y, x in pixels
        ]
    return torch.tensor(rows).T


@BOTH
def test_exact_guidance_equals_the_naive_diagonal(name: str) -> None:
    pair = pair_of(8, 9)
    got = fl.guidance(network(name), pair, algorithm="exact")
    naive = naive_diagonal(name, pair, [divmod(place, 9) for place in range(72)])
    for mine, by_pixel in zip((got.a, got.b), naive, strict=True):
        assert float((mine.flatten() - by_pixel).abs().max()) < 1e-5 * float(by_pixel.abs().max())
    assert got.is_exact


@pytest.mark.parametrize(("name", "side", "every", "probes"), [("cmcffuse", 24, 5, 100), ("swinfuse", 12, 2, 60)])
def test_estimated_guidance_is_as_far_off_as_it_says(name: str, side: int, every: int, probes: int) -> None:
    """Errors are those of a normal distribution of the standard error told, and fall with the probes' square root."""
    pair = pair_of(side, side)
    pixels = [divmod(place, side) for place in range(0, side**2, every)]
    naive = naive_diagonal(name, pair, pixels)
    few, many = (fl.guidance(network(name), pair, probes=count, seed=1) for count in (probes // 4, probes))
    assert not many.is_exact
    at = tuple(list(axis) for axis in zip(*pixels, strict=True))
    means, errors = (
        [torch.stack([getattr(guess, f"{kind}{letter}")[at] for letter in "ab"]) for guess in (few, many)]
        for kind in ("", "error_")
    )
    away = (means[1] - naive).abs() / errors[1]
    assert float((away < 4).double().mean()) > 0.99
    assert float(away.square().mean().sqrt()) == pytest.approx(1, abs=0.2)
    assert float(errors[0].mean() / errors[1].mean()) == pytest.approx(2, rel=0.1)
    off = [float((mean - naive).square().mean().sqrt()) for mean in means]
    assert off[0] / off[1] == pytest.approx(2, rel=0.25)


def test_a_small_standard_error_is_not_rounded_away() -> None:
    """0.7 a + c mean(a): a probe gives 0.7 + c v_p mean(v), whose deviation is c / sqrt(pixels)."""
    pair, strength = pair_of(20, 20), 1e-3
    got = fl.guidance(lambda a, b: 0.7 * a + strength * a.mean() + 0 * b, pair, probes=200)
    assert got.error_a is not None
    expected = torch.full((20, 20), strength / (20 * 200**0.5))
    torch.testing.assert_close(got.error_a, expected, rtol=0.3, atol=0)


@BOTH
@pytest.mark.parametrize("method", SETS)
def test_certificates_pass_the_independent_checker(method: str, name: str) -> None:
    """Scores come from batches of composites; the checker fuses one by one."""
    found = explained(name, method)
    assert found.status == "EXPLAINED"
    if method != "sedc_t":  # its target lives in the search only
        result = check(network(name), found, SAME)
        assert result.holds, result.problems
        assert result.deviation < 1e-5


@BOTH
def test_occlusion_equals_plain_composites(name: str) -> None:
    got = explained(name, "occlusion")
    a, b = pair_of().tensors()
    assert got.unit_scores is not None
    with explaining(network(name)) as model, torch.no_grad():
        target = SAME.bound(a, b, model(a, b))
    for unit, effect in enumerate(got.unit_scores.tolist()):
        shown = (torch.where(got.units.labels_a == unit, 0.0, a), torch.where(got.units.labels_b == unit, 0.0, b))
        assert effect == pytest.approx(1 - score(name, target, *shown), abs=1e-5)


@BOTH
@pytest.mark.parametrize("path", ["joint", "b"])
def test_integrated_gradients_add_up(name: str, path: Any) -> None:
    got = integrated_gradients(network(name), pair_of(), MEAN, path=path, baseline="black", steps=8)
    a, b = pair_of().tensors()
    gain = score(name, MEAN, a, b) - score(name, MEAN, 0 * a if path == "joint" else a, 0 * b)
    assert abs(gain) > 1e-3
    assert got.facts["complete"]
    assert float(got.a.double().sum() + got.b.double().sum()) == pytest.approx(gain, rel=0.01)


@BOTH
def test_cams_look_at_the_last_features_of_each_source(name: str) -> None:
    """HiRes-CAM's sum is the score's derivative by a factor on all that the layer says of one source."""
    model, pair, step = network(name, torch.float64), pair_of(dtype=torch.float64), 1e-5
    got, pooled = hirescam(model, pair, MEAN), gradcam(model, pair, MEAN)
    assert got.facts["layer"] == pooled.facts["layer"] == LAYERS[name]
    assert not got.facts["layer_is_after_fusion"]
    assert got.a.shape == pooled.a.shape == SIZE

    def scaled(call: int, factor: float) -> float:
        factors = iter(factor if number == call else 1.0 for number in range(2))
        hook = model.get_submodule(LAYERS[name]).register_forward_hook(lambda *given: given[2] * next(factors))
        try:
            return score(name, MEAN, *pair.tensors(dtype=torch.float64))
        finally:
            hook.remove()

    for call, mine in enumerate((got.facts["sum_a"], got.facts["sum_b"])):
        assert mine == pytest.approx((scaled(call, 1 + step) - scaled(call, 1 - step)) / (2 * step), rel=1e-4)


def test_large_images_go_in_small_calls() -> None:
    """16 composites of half a megapixel at once would take tens of gigabytes."""
    pixels: list[int] = []

    def global_mean(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        pixels.append(a.numel())
        return (a + b) / 2 + 0.1 * a.mean(dim=(2, 3), keepdim=True)

    for method in ("lime", "rise"):
        for side in (64, 200):
            pixels.clear()
            explain(global_mean, small_pair(side, side), method, samples=20, units="grid:16", fill="black")
            assert max(pixels) == max(CPU_PIXELS, side**2)


@BOTH
@pytest.mark.parametrize("method", HIDING)
def test_budgets_hold(method: str, name: str) -> None:
    result = explain(network(name), pair_of(), method, **settings(method) | {"max_images": 9})
    if isinstance(result, SetExplanation):
        assert result.status in ("BUDGET_EXHAUSTED", "EXPLAINED")
        assert result.model_images <= 9 + 2  # the certificate may take two more
    else:
        assert result.facts["complete"] is False
        assert result.facts["model_images"] <= 9
