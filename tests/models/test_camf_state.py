"""CAMF's account of a pair: its weights and maps, recomputed from the network's tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from fuselens.core.intrinsic import ModelState, StateBars, StateMaps
from fuselens.core.pair import ImagePair
from fuselens.models.camf import CAMF

NAMES = ("infrared", "visible")


def camf(**settings: Any) -> CAMF:
    torch.manual_seed(3)
    return CAMF(**settings).eval()


def pair_of(height: int, width: int) -> ImagePair:
    a, b = torch.rand(2, height, width, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    return ImagePair.from_arrays(a, b, NAMES)


def part(state: ModelState, title: str) -> Any:
    (found,) = (each for each in state.parts if each.title == title)
    return found


def mean_ranks(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Equal values share a rank: channels that the classifier never answers to have gradients of exactly 0."""
    below = (values[None, :] < values[:, None]).sum(axis=1)
    ranks: np.ndarray[Any, Any] = below + (values[None, :] == values[:, None]).sum(axis=1) / 2
    return ranks


@pytest.fixture(scope="module")
def model() -> CAMF:
    """The head as if trained: dense weights that differ, and biases, without which its ReLUs stand at their kinks."""
    model = camf(scale=0.7).double().requires_grad_(False)
    model.head.dense.weight *= 5
    for name, parameter in model.head.named_parameters():
        if name.endswith("bias"):
            parameter.uniform_(0.1, 0.3)
    return model


@pytest.fixture(scope="module")
def state(model: CAMF) -> ModelState:
    return model.explain_state(pair_of(53, 62))


def test_account_weights_are_those_of_the_fusion_in_order(model: CAMF, state: ModelState) -> None:
    bars = part(state, "Channel weights")
    assert isinstance(bars, StateBars)
    order = [int(label) for label in bars.labels]
    assert sorted(order) == list(range(128))
    difference = (bars.series["infrared"] - bars.series["visible"]).numpy()
    assert (np.diff(difference) <= 0).all()
    w = torch.tanh(model.head.dense.weight) / 2 + 0.5
    for name, row in zip(NAMES, w, strict=True):
        torch.testing.assert_close(bars.series[name], (0.7 * row / row.mean())[order])
    assert f"Channel {order[0]} counts most in favour of infrared" in state.summary[2]


def test_account_maps_are_sums_over_the_channels(model: CAMF, state: ModelState) -> None:
    pair = pair_of(53, 62)
    features = [model.encode(source)[0] for source in pair.tensors(dtype=torch.float64)]
    maps = part(state, "Class activation maps").maps
    assert len(maps) == 4
    for source, phi in zip(NAMES, features, strict=True):
        for m, modality in enumerate(NAMES):
            expected = torch.zeros(14, 16, dtype=torch.float64)
            for c in range(128):
                expected += model.head.dense.weight[m, c] * phi[c]
            torch.testing.assert_close(maps[f"{source}: like {modality}"], expected)
    weights = [row[0] for row in model.weights_by_class(features[0][None], features[1][None])]
    for name, phi, row in zip(NAMES, features, weights, strict=True):
        ranked = np.argsort(-row.numpy())
        for which, channels in (("most", ranked[:3]), ("least", ranked[:-4:-1])):
            shown = part(state, f"{name}: channels of {which} weight")
            assert isinstance(shown, StateMaps)
            for (caption, each), c in zip(shown.maps.items(), channels, strict=True):
                assert caption == f"channel {c}, weight {row[c]:.2f}"
                torch.testing.assert_close(each, phi[c])


def test_account_gradients_and_their_rank_correlation(model: CAMF, state: ModelState) -> None:
    bars, phi = part(state, "Grad-CAM weights"), model.encode(pair_of(53, 62).tensors(dtype=torch.float64)[1])
    order = [int(label) for label in bars.labels]
    assert bars.labels == part(state, "Channel weights").labels
    # All positions of a channel moved by one small step change the logit by the sum of its gradients.
    some = list(range(0, 128, 6))
    step = 1e-6 * torch.eye(128, dtype=torch.float64)[some, :, None, None]
    slopes = (model.head(phi + step) - model.head(phi - step))[:, 1] / 2e-6 / (14 * 16)
    assert (slopes != 0).sum() > len(some) / 2
    gradient = np.empty(128)
    gradient[order] = bars.series["visible"].numpy()
    np.testing.assert_allclose(gradient[some], slopes, rtol=1e-3, atol=1e-12)
    ranks = [mean_ranks(values) for values in (gradient, model.head.dense.weight[1].numpy())]
    fact = state.facts["Rank correlation of the classifier's weights for visible with Grad-CAM's"]
    assert fact == pytest.approx(float(np.corrcoef(ranks)[0, 1]))
    logits = model.head(phi)[0].numpy()
    chance = np.exp(logits[1]) / np.exp(logits).sum()
    assert state.facts["Probability by which the classifier takes the visible image for visible"] == pytest.approx(
        float(chance)
    )


def test_account_of_images_too_small_for_the_classifier_says_so() -> None:
    state = camf(weights_of="image").explain_state(pair_of(9, 60))
    assert "too small for the classifier" in state.summary[-1]
    assert not state.facts
    assert [each.title for each in state.parts][:2] == ["Channel weights", "Class activation maps"]
    assert "made for these two images" in state.summary[1]


def test_account_repeats_the_accuracy_of_the_card_and_leaves_the_model_as_found() -> None:
    model = camf().train()
    model.weights_info = {"classifier": {"accuracy": 0.987}}
    state = model.explain_state(pair_of(52, 50))
    assert state.facts["Accuracy of the classifier"] == 0.987
    assert "98.7%" in state.summary[-1]
    assert all(module.training for module in model.modules())
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())
    tensors = [
        tensor
        for each in state.parts
        for tensor in (each.maps if isinstance(each, StateMaps) else each.series).values()
    ]
    assert all(tensor.dtype == torch.float32 and not tensor.requires_grad for tensor in tensors)
