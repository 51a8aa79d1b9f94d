"""Guidance: combs against the naive diagonal, closed forms, the estimator's standard error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import fuselens as fl
from fuselens.core.errors import InputError, ModelError
from fuselens.core.model import explaining


def pair_of(height: int, width: int, dtype: torch.dtype = torch.float32) -> fl.ImagePair:
    a, b = torch.rand(2, height, width, generator=torch.Generator().manual_seed(7), dtype=torch.float64).to(dtype)
    return fl.ImagePair.from_arrays(a, b, ("ir", "vi"))


def naive_diagonal(model: torch.nn.Module, pair: fl.ImagePair, pixels: list[tuple[int, int]]) -> torch.Tensor:
    """One backward pass a pixel, by autograd alone: FuseVis' loop. Returns `[2, len(pixels)]`."""
    a, b = (s.requires_grad_(True) for s in pair.tensors())
    result = torch.zeros(2, len(pixels))
    with explaining(model):  # type: ignore[arg-type]
        fused = model(a, b)
        for i, (y, x) in enumerate(pixels):
            gradients = torch.autograd.grad(fused[0, 0, y, x], (a, b), retain_graph=True)
            result[0, i], result[1, i] = (g[0, 0, y, x] for g in gradients)
    return result


def mixing(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """A global model: every fused pixel depends on all of b."""
    return a * b.mean(dim=(2, 3), keepdim=True) + 0.5 * torch.sin(3 * b) * a.mean(dim=(2, 3), keepdim=True)


@pytest.mark.parametrize(
    ("name", "every"), [("deepfuse", 5), ("funfusean", 5), ("masknet", 29), ("deeppedestrian", 29)]
)
def test_combs_equal_the_naive_loop(name: str, every: int) -> None:
    """At the corners and every n-th pixel; n is coprime to the width, so all columns come up."""
    torch.manual_seed(0)
    model = fl.load_model(name, weights=None)
    pair = pair_of(48, 37)
    guide = fl.guidance(model, pair)
    corners = [(0, 0), (0, 36), (47, 0), (47, 36)]
    pixels = corners + [divmod(p, 37) for p in range(0, 48 * 37, every)]
    rows, columns = (list(axis) for axis in zip(*pixels, strict=True))
    for mine, naive in zip((guide.a, guide.b), naive_diagonal(model, pair, pixels), strict=True):
        assert float((mine[rows, columns] - naive).abs().max()) <= 1e-5 * float(naive.abs().max())
    assert model.reach is not None
    assert guide.settings["backward_passes"] == (model.reach + 1) ** 2
    assert guide.is_exact


@pytest.mark.parametrize("name", ["laplacian_pyramid", "weighted_average", "maximum"])
def test_rules_by_combs_equal_the_exact_algorithm(name: str) -> None:
    pair = pair_of(33, 41)
    model = fl.load_model(name)
    combs, exact = fl.guidance(model, pair), fl.guidance(model, pair, algorithm="exact")
    torch.testing.assert_close(combs.a, exact.a, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(combs.b, exact.b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("side", [7, 16, 64])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_tiles_and_batches_change_nothing(side: int, batch_size: int) -> None:
    from fuselens.core.diagonal import comb_diagonal

    torch.manual_seed(0)
    layers = torch.nn.Sequential(
        torch.nn.Conv2d(2, 4, 5, padding=2), torch.nn.Tanh(), torch.nn.Conv2d(4, 1, 3, padding=1)
    ).double()
    model = fl.wrap_model(lambda a, b: layers(torch.cat((a, b), 1)), reach=3)
    pair = pair_of(35, 30, torch.float64)
    a, b = pair.tensors(dtype=torch.float64)
    with explaining(model):
        reference = comb_diagonal(model, a, b)
        other = comb_diagonal(model, a, b, side=side, batch_size=batch_size)
    torch.testing.assert_close(other.a, reference.a, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(other.b, reference.b, rtol=1e-9, atol=1e-12)


def test_closed_forms() -> None:
    pair = pair_of(12, 13)
    average = fl.guidance(fl.load_model("average"), pair)
    assert float((average.a - 0.5).abs().max()) == 0
    assert float((average.share() - 0.5).abs().max()) == 0
    maximum = fl.guidance(fl.load_model("maximum"), pair)
    assert torch.equal(maximum.a, (pair.a.y > pair.b.y).float())
    frozen = fl.guidance(fl.load_model("weighted_average"), pair)
    torch.testing.assert_close(frozen.a + frozen.b, torch.ones(12, 13))
    assert frozen.scatter().correlation == pytest.approx(-1, abs=1e-5)


def test_estimate_of_a_global_model_is_right_within_its_standard_error() -> None:
    pair = pair_of(24, 24, torch.float64)
    exact = fl.guidance(mixing, pair, algorithm="exact")
    guess = fl.guidance(mixing, pair, probes=200, seed=1)
    assert not guess.is_exact
    for letter in "ab":
        truth, mean, error = (getattr(r, k) for r, k in ((exact, letter), (guess, letter), (guess, f"error_{letter}")))
        assert float(error.max()) > 0
        deviations = (mean - truth).abs() / error.clamp_min(1e-12)
        assert float((deviations < 2).double().mean()) > 0.9  # 95 % expected
        assert float(deviations.max()) < 6
    again = fl.guidance(mixing, pair, probes=200, seed=1)
    assert torch.equal(again.a, guess.a)
    tighter = fl.guidance(mixing, pair, probes=800, seed=1)
    assert tighter.error_a is not None
    assert guess.error_a is not None
    assert float(tighter.error_a.mean() / guess.error_a.mean()) == pytest.approx(0.5, abs=0.1)


def test_finite_differences() -> None:
    torch.manual_seed(2)
    model = fl.load_model("deepfuse", weights=None).double()
    pair = pair_of(20, 18, torch.float64)
    guide = fl.guidance(model, pair)
    a, b = pair.tensors(dtype=torch.float64)
    step = 1e-6
    with torch.inference_mode():
        for y, x in [(0, 0), (19, 17), (10, 9), (0, 12)]:
            up, down = a.clone(), a.clone()
            up[0, 0, y, x] += step
            down[0, 0, y, x] -= step
            slope = (model(up, b) - model(down, b))[0, 0, y, x] / (2 * step)
            assert float(guide.a[y, x]) == pytest.approx(float(slope), rel=1e-4, abs=1e-8)


def test_rgb_and_share_conventions() -> None:
    pair = pair_of(10, 11)
    guide = fl.guidance(lambda a, b: a * a + 0 * b, pair, algorithm="exact")
    rgb = guide.rgb()
    assert rgb.shape == (10, 11, 3)
    assert rgb.dtype == np.uint8
    assert int(rgb[..., 0].max()) == 255
    assert int(rgb[..., 1].max()) == 0  # an ignored source is constant, not stretched noise
    dead = fl.guidance(lambda a, b: (a - 0.5).clamp_min(0) + 0 * b, pair, algorithm="exact").share()
    assert torch.equal(dead.isnan(), pair.a.y <= 0.5)


def test_progress_is_complete_and_monotone() -> None:
    seen: list[tuple[int, int]] = []
    fl.guidance(fl.load_model("deepfuse", weights=None), pair_of(16, 15), progress=lambda *state: seen.append(state))
    assert [done for done, _ in seen] == list(range(1, 170))
    assert {total for _, total in seen} == {169}


def test_many_pairs_give_a_list() -> None:
    guides = fl.guidance(fl.load_model("average"), [pair_of(9, 9), pair_of(10, 8)])
    assert [tuple(g.a.shape) for g in guides] == [(9, 9), (10, 8)]


def test_refusals() -> None:
    with pytest.raises(InputError, match="is global"):
        fl.guidance(mixing, pair_of(9, 9), algorithm="comb")
    with pytest.raises(InputError, match="at least 2 probes"):
        fl.guidance(mixing, pair_of(9, 9), probes=1)
    with pytest.raises(ModelError, match="no gradient"):
        fl.guidance(lambda a, b: ((a + b) / 2).detach(), pair_of(9, 9))


def test_save_writes_what_can_be_read_back(tmp_path: Path) -> None:
    import json

    guide = fl.guidance(fl.load_model("average"), pair_of(9, 10))
    guide.save(tmp_path / "out")
    with np.load(tmp_path / "out" / "maps.npz") as maps:
        assert maps["attribution_a"].shape == (9, 10)
        np.testing.assert_array_equal(maps["attribution_b"], guide.b.numpy())
    facts = json.loads((tmp_path / "out" / "explanation.json").read_text())
    assert facts["method"] == "guidance"
    assert facts["names"] == ["infrared", "visible"]
    assert facts["share_a"] == 0.5
    guide.plot()
