"""Layers of transformers: whose channels are last, whose channels cannot be told, and which are passed over."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import fuselens as fl
from fuselens.core.errors import InputError
from fuselens.core.model import explaining
from fuselens.core.targets import RegionMean
from fuselens.explainers.gradcam import gradcam, hirescam
from tests.core.small import small_pair

BOX = (1, 2, 7, 8)


class Tokens(nn.Module):
    """Features of each source as tokens `[N, H, W, C]`, mixed by a perceptron of one's own; a convolution begins.

    Args:
        side: where given, the norm sees windows of so many tokens a side as a batch.
        flat: the norm sees sequences `[N, H W, C]`.
    """

    def __init__(self, channels: int = 5, side: int | None = None, flat: bool = False) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.embed = nn.Conv2d(1, channels, 3, padding=1)
        self.norm = nn.LayerNorm(channels)
        self.mix = nn.Sequential(nn.Linear(channels, channels), nn.GELU())
        self.head = nn.Conv2d(channels, 1, 1)
        self.side, self.flat = side, flat

    def features(self, image: torch.Tensor) -> torch.Tensor:
        tokens = self.embed(image).permute(0, 2, 3, 1)
        return self.mix(self._normed(tokens)).permute(0, 3, 1, 2)  # type: ignore[no-any-return]

    def _normed(self, tokens: torch.Tensor) -> torch.Tensor:
        count, height, width, channels = tokens.shape
        if self.flat:
            return self.norm(tokens.flatten(1, 2)).view_as(tokens)  # type: ignore[no-any-return]
        if self.side is None:
            return self.norm(tokens)  # type: ignore[no-any-return]
        cut = tokens.view(count, height // self.side, self.side, width // self.side, self.side, channels)
        windows = cut.transpose(2, 3).reshape(-1, self.side, self.side, channels)
        back = self.norm(windows).view(count, height // self.side, width // self.side, self.side, self.side, channels)
        return back.transpose(2, 3).reshape(tokens.shape)  # type: ignore[no-any-return]

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.head(self.features(a) + self.features(b).square()))


def by_hand(model: fl.FusionModel, pair: fl.ImagePair, layer: str, *, pooled: bool) -> list[torch.Tensor]:
    """Both maps of a layer of tokens, whose channels are the last dimension."""
    outputs: list[torch.Tensor] = []
    hook = model.get_submodule(layer).register_forward_hook(lambda *given: outputs.append(given[2]))
    try:
        with explaining(model):
            fused = model(*(source.requires_grad_(True) for source in pair.tensors()))
            gradients = torch.autograd.grad(fused[..., BOX[0] : BOX[2], BOX[1] : BOX[3]].mean(), outputs)
    finally:
        hook.remove()
    assert len(outputs) == 2
    weights = [g.mean(dim=(1, 2), keepdim=True) if pooled else g for g in gradients]
    return [(weight * tokens).sum(dim=-1)[0].detach() for weight, tokens in zip(weights, outputs, strict=True)]


@pytest.mark.parametrize("method", [gradcam, hirescam])
@pytest.mark.parametrize("layer", [None, "stages.2", "stages.1.0", "stages.2.0.perceptron.2", "embed_norm"])
def test_tokens_of_a_network_are_maps(method: Any, layer: str | None) -> None:
    """A norm, a linear layer and blocks of the network's own."""
    torch.manual_seed(0)
    model, pair = fl.load_model("swinfuse", weights=None), small_pair(12, 16)
    got = method(model, pair, RegionMean(BOX), layer=layer)
    expected = by_hand(model, pair, layer or "norm", pooled=method is gradcam)
    for mine, other in zip((got.a, got.b), expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-6 * float(other.abs().max()) + 1e-9)
        assert mine.any()


def test_a_block_whose_channels_cannot_be_told_is_refused() -> None:
    """8 channels on 8 x 8 pixels; layers that are what they are by their kind stay possible."""
    model, pair = fl.wrap_model(Tokens(8)), small_pair(8, 8)
    with pytest.raises(InputError, match=r"'mix' returns shape \(1, 8, 8, 8\), which may be maps .* or tokens"):
        gradcam(model, pair, RegionMean(BOX), layer="mix")
    for layer in ("norm", "mix.0"):
        got = hirescam(model, pair, RegionMean(BOX), layer=layer)
        torch.testing.assert_close(got.b, by_hand(model, pair, f"function.{layer}", pooled=False)[1])
    assert hirescam(model, pair, RegionMean(BOX), layer="embed").facts["layer"] == "embed"
    larger = small_pair(12, 8)
    got = hirescam(model, larger, RegionMean(BOX), layer="mix")
    torch.testing.assert_close(got.a, by_hand(model, larger, "function.mix", pooled=False)[0])


@pytest.mark.parametrize("settings", [{"side": 4}, {"flat": True}])
def test_norms_of_windows_and_sequences_are_passed_over_unless_asked_for(settings: dict[str, Any]) -> None:
    model, pair = Tokens(**settings), small_pair(12, 16)
    assert gradcam(model, pair).facts["layer"] == "embed"
    with pytest.raises(InputError, match="take one that returns whole images"):
        gradcam(model, pair, layer="norm")
    assert gradcam(Tokens(), pair).facts["layer"] == "norm"
