"""SwinFuse: sizes, window attention and fusion rule against loops, what its features know of the image."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fuselens.core.errors import InputError
from fuselens.models.layers import window_attention
from fuselens.models.layers.fusion_rules import l1_mean
from fuselens.models.layers.swin_block import SwinBlock
from fuselens.models.layers.window_attention import WindowAttention
from fuselens.models.swinfuse import SwinFuse


def network(**settings: str) -> SwinFuse:
    torch.manual_seed(4)
    return SwinFuse(**settings).double().eval()  # type: ignore[arg-type]


def image(*shape: int, seed: int = 5) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_parameter_counts() -> None:
    """The code's 18 blocks come with a norm of 192 channels and a PReLU that nothing reads."""
    published, full = (sum(p.numel() for p in SwinFuse(blocks).parameters()) for blocks in ("published", "full"))
    assert published == 337_376
    assert full + 2 * 192 + 1 == 2_021_276


@pytest.mark.parametrize("size", [(14, 7), (8, 8), (10, 17), (7, 3)])
@pytest.mark.parametrize(("heads", "shift"), [(1, 0), (2, 3), (4, 0), (4, 3)])
@torch.no_grad()
def test_window_attention_equals_swins_own_rule(size: tuple[int, int], heads: int, shift: int) -> None:
    """Token by token and head by head: pad, roll, number windows and regions, attend where both agree."""
    torch.manual_seed(1)
    attention = WindowAttention(8, heads, shift).double()
    attention.position_bias.mul_(50)
    tokens = torch.randn(1, *size, 8, dtype=torch.float64)
    places = list(itertools.product(range(size[0]), range(size[1])))
    qkv = attention.qkv(tokens)[0].reshape(len(places), 3, heads, 8 // heads)
    homes = [tuple(_home(place[axis], size[axis], shift) for axis in (0, 1)) for place in places]
    expected = torch.zeros(len(places), 8, dtype=torch.float64)
    for i, head in itertools.product(range(len(places)), range(heads)):
        seen = [j for j in range(len(places)) if homes[j] == homes[i]]
        scores = []
        for j in seen:
            down, right = places[i][0] - places[j][0], places[i][1] - places[j][1]
            dot = sum(q * k for q, k in zip(qkv[i, 0, head].tolist(), qkv[j, 1, head].tolist(), strict=True))
            bias = float(attention.position_bias[13 * (down + 6) + right + 6, head])
            scores.append(np.exp(dot / np.sqrt(8 // heads) + bias))
        value = sum(score * qkv[j, 2, head] for score, j in zip(scores, seen, strict=True)) / sum(scores)
        expected[i, head * (8 // heads) : (head + 1) * (8 // heads)] = value
    torch.testing.assert_close(attention(tokens)[0].reshape(-1, 8), attention.project(expected))


def _home(place: int, length: int, shift: int) -> tuple[int, int]:
    padded = length + -length % 7
    rolled = (place - shift) % padded
    return rolled // 7, (rolled >= padded - 7) + (rolled >= padded - shift)


@pytest.mark.parametrize("blocks", ["published", "full"])
def test_padding_is_never_seen(blocks: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, picture = network(blocks=blocks), image(1, 1, 9, 15)
    clean = model.encode(picture)

    def noisy(tokens: torch.Tensor, edges: tuple[int, ...]) -> torch.Tensor:
        return torch.nn.functional.pad(tokens, edges, value=7.0)

    monkeypatch.setattr(window_attention, "pad", noisy)
    assert torch.equal(model.encode(picture), clean)


@pytest.mark.parametrize("blocks", ["published", "full"])
@torch.no_grad()
def test_batch_equals_loop(blocks: str) -> None:
    model = network(blocks=blocks)
    a, b = image(2, 3, 1, 12, 16)
    alone = torch.cat([model(a[i : i + 1], b[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(model(a, b), alone)


def _seen_from(model: SwinFuse, y: int, x: int) -> torch.Tensor:
    """Return which pixels of a 21 x 24 image move the features of one pixel."""
    picture = image(1, 1, 21, 24).requires_grad_(True)
    weights = torch.randn(96, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    (model.encode(picture)[0, :, y, x] @ weights).backward()
    assert picture.grad is not None
    return picture.grad[0, 0] != 0


@pytest.mark.parametrize(("y", "x"), [(10, 11), (0, 6), (20, 23)])
def test_published_features_know_their_window_and_nothing_else(y: int, x: int) -> None:
    window = torch.zeros(21, 24, dtype=torch.bool)
    window[y // 7 * 7 : y // 7 * 7 + 7, x // 7 * 7 : x // 7 * 7 + 7] = True
    assert torch.equal(_seen_from(network(), y, x), window)


def test_full_features_cross_windows() -> None:
    assert bool(_seen_from(network(blocks="full"), 10, 11).all())


@torch.no_grad()
def test_fusion_is_global() -> None:
    """The row part: a change in one corner moves the fused pixel in the other, by little."""
    model = network()
    a, b = image(2, 1, 1, 22, 22)
    changed = a.clone()
    changed[..., :3, :3] = 1.0
    moved = (model(changed, b) - model(a, b)).abs()
    assert 0 < float(moved[..., 21, 21]) < float(moved[..., :3, :3].max()) / 10
    assert model.reach is None


@torch.no_grad()
def test_equal_sources_are_reconstructed_by_the_mean_and_doubled_by_the_sum() -> None:
    picture = image(2, 1, 13, 11)
    mean, total = network(), network(combine="sum")
    torch.testing.assert_close(mean(picture, picture), mean.reconstruct(picture), rtol=0, atol=1e-5)
    doubled = total.decode(2 * total.encode(picture))
    torch.testing.assert_close(total(picture, picture), doubled, rtol=0, atol=1e-5)
    assert float((doubled - total.reconstruct(picture)).abs().max()) > 0.01


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(1, 5), st.integers(1, 6), st.integers(1, 7))
def test_l1_mean_is_its_formula(seed: int, count: int, channels: int, height: int, width: int) -> None:
    a, b = np.random.default_rng(seed).normal(0, 3, (2, count, channels, height, width))
    expected = np.empty_like(a)
    for n, c, y, x in np.ndindex(a.shape):
        row = [np.exp(np.abs(phi[n, c]).sum() / (height * width)) for phi in (a, b)]
        column = [np.exp(np.abs(phi[n, :, y, x]).sum() / channels) for phi in (a, b)]
        expected[n, c, y, x] = sum(
            (part[0] * a[n, c, y, x] + part[1] * b[n, c, y, x]) / (part[0] + part[1] + 1e-5) for part in (row, column)
        )
    pair = torch.from_numpy(a), torch.from_numpy(b)
    np.testing.assert_allclose(l1_mean(*pair, combine="sum").numpy(), expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(l1_mean(*pair).numpy(), expected / 2, rtol=1e-9, atol=1e-12)


@torch.no_grad()
def test_stochastic_depth_skips_halves_of_a_block_and_enlarges_the_rest() -> None:
    torch.manual_seed(0)
    block = SwinBlock(8, 2, drop=0.25).double().train()
    one = torch.randn(1, 7, 7, 8, dtype=torch.float64)

    def half(layer: str, tokens: torch.Tensor, keep: float) -> torch.Tensor:
        normed = block.get_submodule(f"{layer}_norm")(tokens)
        return tokens + block.get_submodule(layer)(normed) / keep  # type: ignore[no-any-return]

    attended = half("attention", one, 0.75)
    outcomes = [one, attended, half("perceptron", one, 0.75), half("perceptron", attended, 0.75)]
    many = block(one.expand(200, -1, -1, -1))
    matches = torch.stack([(many - outcome).abs().amax((1, 2, 3)) < 1e-12 for outcome in outcomes])
    assert bool((matches.sum(0) == 1).all())
    shares = matches.double().mean(1)
    torch.testing.assert_close(shares, torch.tensor([1, 3, 3, 9], dtype=torch.float64) / 16, rtol=0, atol=0.1)
    torch.testing.assert_close(block.eval()(one), half("perceptron", half("attention", one, 1), 1))


def test_depth_rates_rise_over_all_eighteen_blocks() -> None:
    rates = {
        blocks: [block.drop for stage in network(blocks=blocks).stages for block in stage]
        for blocks in ("published", "full")
    }
    np.testing.assert_allclose(rates["full"], 0.2 * np.arange(18) / 17, atol=1e-7)
    assert rates["published"] == rates["full"][::6]


@pytest.mark.parametrize("blocks", ["published", "full"])
def test_autocast_rounds_the_layers_but_not_the_image(blocks: str) -> None:
    model = network(blocks=blocks).float()
    a, b = image(2, 1, 1, 16, 19).float()
    with torch.autocast("cpu", torch.bfloat16):
        fused = model(a, b)
    assert fused.dtype == torch.float32
    torch.testing.assert_close(fused, model(a, b), rtol=0, atol=0.02)
    fused.sum().backward()
    assert all(bool(parameter.grad.isfinite().all()) for parameter in model.parameters() if parameter.grad is not None)
    assert all(parameter.grad is not None for parameter in model.parameters())


@pytest.mark.parametrize("wrong", [{"blocks": "some"}, {"combine": "max"}])
def test_unknown_words_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(InputError, match=f"but got .*{next(iter(wrong.values()))}"):
        network(**wrong)
