"""CMCFFuse and its blocks: sizes of the fact sheet, literal formulas, the exact inverse."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fuselens.core.errors import InputError
from fuselens.models import load_model
from fuselens.models.cmcffuse import CMCFFuse
from fuselens.models.layers.base_features import BaseFeatures
from fuselens.models.layers.invertible import InvertibleBlock
from fuselens.models.layers.squeeze_excitation import SqueezeExcitation
from fuselens.models.layers.transposed_attention import ChannelNorm, TransposedAttention


def count(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(("width", "parameters"), [(64, 554_849), (32, 141_237)])
def test_parameter_counts(width: int, parameters: int) -> None:
    assert count(CMCFFuse(width)) == parameters
    assert CMCFFuse(width).reach is None


def test_parameter_counts_of_the_parts() -> None:
    assert count(TransposedAttention(64, 8)) == 18_120
    assert count(BaseFeatures(64, 8)) == 363_016
    assert count(InvertibleBlock(64)) == 18_176
    assert count(CMCFFuse(64, lt_depthwise=True)) == 554_849 - 192 * 192 * 9 + 192 * 9


def features(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_attention_between_channels_by_its_formula() -> None:
    """Queries and keys normalised along the pixels, one matrix a head, in plain numpy."""
    torch.manual_seed(0)
    layer = TransposedAttention(8, 2).double()
    with torch.no_grad():
        layer.temperature.copy_(torch.tensor([0.7, 2.5])[:, None, None])
    x = features(1, 1, 8, 5, 7)
    with torch.no_grad():
        planes = layer.spread(layer.project(x))[0].flatten(1).numpy()
        merged = layer(x)[0].flatten(1).numpy()
    queries, keys, values = planes[:8], planes[8:16], planes[16:]
    mixed = np.zeros((8, 35))
    for head in range(2):
        rows = slice(4 * head, 4 * head + 4)
        q = queries[rows] / np.linalg.norm(queries[rows], axis=1, keepdims=True)
        k = keys[rows] / np.linalg.norm(keys[rows], axis=1, keepdims=True)
        weights = np.exp(q @ k.T * layer.temperature[head].item())
        mixed[rows] = weights / weights.sum(axis=1, keepdims=True) @ values[rows]
    np.testing.assert_allclose(merged, layer.merge.weight[:, :, 0, 0].detach().numpy() @ mixed, rtol=1e-9)


def test_channel_norm_and_squeeze_excitation_by_their_formulas() -> None:
    x = features(2, 2, 16, 3, 5)
    norm = ChannelNorm(16).double()
    spread = x.var(dim=1, unbiased=False, keepdim=True)
    torch.testing.assert_close(norm(x), (x - x.mean(dim=1, keepdim=True)) / (spread + 1e-5).sqrt())
    excite = SqueezeExcitation(16).double()
    first, last = excite.gates[0], excite.gates[2]
    assert first.out_features == 4
    with torch.no_grad():
        hidden = (x.mean(dim=(2, 3)) @ first.weight.T + first.bias).clamp_min(0)
        gates = 1 / (1 + (-(hidden @ last.weight.T + last.bias)).exp())
        torch.testing.assert_close(excite(x), x * gates[:, :, None, None])


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000), st.integers(2, 9), st.integers(2, 9))
def test_the_invertible_block_gives_its_input_back(seed: int, height: int, width: int) -> None:
    torch.manual_seed(seed)
    block = InvertibleBlock(8).double()
    x = features(seed, 2, 8, height, width)
    with torch.no_grad():
        assert not torch.allclose(block(x), x, atol=1e-2)
        torch.testing.assert_close(block.inverse(block(x)), x, rtol=1e-5, atol=1e-5)


def test_a_trained_size_block_gives_its_input_back() -> None:
    torch.manual_seed(3)
    block = InvertibleBlock(32).double()
    x = features(4, 1, 32, 17, 23)
    with torch.no_grad():
        torch.testing.assert_close(block.inverse(block(x)), x, rtol=1e-9, atol=1e-9)


def pair_of(size: tuple[int, int]) -> torch.Tensor:
    return torch.rand(2, 1, 1, *size, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


def test_the_wiring_says_which_features_meet() -> None:
    """By equation 7, shallow features alone reach the transformer block; crossed, those of one source and the other's
    deep ones do."""
    torch.manual_seed(0)
    straight = CMCFFuse(16).double().eval()
    crossed = CMCFFuse(16, wiring="cross").double().eval()
    crossed.load_state_dict(straight.state_dict())
    a, b = pair_of((12, 15))
    seen: dict[str, torch.Tensor] = {}
    for name, model in (("eq7", straight), ("cross", crossed)):
        model.base.register_forward_pre_hook(lambda _, inputs, name=name: seen.__setitem__(name, inputs[0]))
        model(a, b)
        assert model(a, b).shape == a.shape
    (shallow_a, _), (shallow_b, deep_b) = straight.shallow_and_deep(a), straight.shallow_and_deep(b)
    torch.testing.assert_close(seen["eq7"], straight.reduce_first(torch.cat((shallow_a, shallow_b), dim=1)))
    torch.testing.assert_close(seen["cross"], straight.reduce_first(torch.cat((shallow_a, deep_b), dim=1)))


def test_vi_skip_adds_the_second_source_before_the_output() -> None:
    torch.manual_seed(0)
    plain, skipping = CMCFFuse(16).double().eval(), CMCFFuse(16, vi_skip=True).double().eval()
    skipping.load_state_dict(plain.state_dict())
    a, b = pair_of((9, 10))
    torch.testing.assert_close(skipping(a, b).logit(), plain(a, b).logit() + b)


def test_settings_that_cannot_be() -> None:
    with pytest.raises(InputError, match="multiple of 16 but got 24"):
        load_model("cmcffuse", weights=None, width=24)
    with pytest.raises(InputError, match="'eq7' or 'cross'"):
        load_model("cmcffuse", weights=None, wiring="straight")
