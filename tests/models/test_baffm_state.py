"""BAFFM's account of itself: attention, evenness and effects, checked against the network run as a whole."""

from __future__ import annotations

import math

import pytest
import torch

from fuselens.core.errors import InputError
from fuselens.core.intrinsic import ModelState, StateBars, StateMaps
from fuselens.core.pair import ImagePair
from fuselens.models.baffm import BAFFM
from tests.models.scene_dictionaries import dictionary_of
from tests.models.test_baffm import seeded

SIZE = (12, 14)


@pytest.fixture(scope="module")
def pair() -> ImagePair:
    a, b = torch.rand(2, *SIZE, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    return ImagePair.from_arrays(a, b, ("infrared", "visible"))


def bars(state: ModelState, title: str) -> StateBars:
    return next(part for part in state.parts if isinstance(part, StateBars) and part.title == title)


def maps(state: ModelState, title: str) -> StateMaps:
    return next(part for part in state.parts if isinstance(part, StateMaps) and part.title == title)


def scene_numbers(part: StateBars) -> list[int]:
    return [int(label.removeprefix("scene ")) for label in part.labels]


def test_attention_and_its_maps(pair: ImagePair) -> None:
    model = seeded(dictionary_of(pictures=True))
    state = model.explain_state(pair)
    a, _ = pair.tensors(dtype=torch.float64)
    with torch.no_grad():
        weights = model.backdoor_a.weights(model.backdoor_a.scores(model.extract_a(a)))[0]
    part = bars(state, "infrared: attention to the scenes")
    order = scene_numbers(part)
    torch.testing.assert_close(part.series["attention"], weights.mean((1, 2))[order])
    assert list(part.series["attention"]) == sorted(part.series["attention"], reverse=True)
    assert float(part.series["attention"].sum()) == pytest.approx(1)
    torch.testing.assert_close(part.series["training images"].float(), (torch.tensor(order) + 1) / 15)
    pictures = dictionary_of(pictures=True).a.pictures
    assert pictures is not None
    torch.testing.assert_close(torch.stack(list(part.pictures)), pictures[order].float() / 255)
    shown = maps(state, "infrared: where the attention goes").maps
    assert list(shown) == [f"scene {scene}" for scene in order[:3]]
    torch.testing.assert_close(shown[f"scene {order[1]}"], weights[order[1]])
    decided = maps(state, "How decided the attention is").maps["infrared"]
    torch.testing.assert_close(decided, 1 + (weights * weights.log()).sum(0) / math.log(5))


def test_effects_equal_interventions_on_the_whole_network(pair: ImagePair) -> None:
    model = seeded()
    state = model.explain_state(pair)
    sources = pair.tensors(dtype=torch.float64)
    with torch.no_grad():
        fused = model(*sources)
        for side, name in (("a", "infrared"), ("b", "visible")):
            part = bars(state, f"{name}: effect of each scene")
            for scene, effect in zip(scene_numbers(part), part.series["mean change"], strict=True):
                moved = model.fuse_with(*sources, without={side: scene}) - fused  # type: ignore[dict-item]
                assert float(effect) == pytest.approx(float(moved.abs().mean()), rel=1e-6)
        moves = bars(state, "Effect of all scenes").series["mean change"]
        uniform, swapped = model.fuse_with(*sources, uniform=True), model.fuse_with(*sources, swap=True)
        for backdoor in (model.backdoor_a, model.backdoor_b):
            backdoor.centres.zero_()
        bare = model(*sources)
    expected = torch.stack([(image - fused).abs().mean() for image in (bare, uniform, swapped)])
    torch.testing.assert_close(moves, expected)
    change = maps(state, "What the adjustment changes")
    assert change.display == "signed"
    torch.testing.assert_close(next(iter(change.maps.values())), (fused - bare)[0, 0])


def test_facts_in_closed_form(pair: ImagePair) -> None:
    """Without keys the attention is even; without scenes the adjustment has no size."""
    model = seeded()
    with torch.no_grad():
        model.backdoor_a.key.zero_()
        model.backdoor_b.centres.zero_()
    facts = model.explain_state(pair).facts
    assert facts["Evenness of the infrared attention"] == pytest.approx(1)
    assert facts["Size of the visible adjustment, relative to the features"] == 0
    assert facts["Size of the infrared adjustment, relative to the features"] > 0


def test_pooled_attention_has_no_maps(pair: ImagePair) -> None:
    state = seeded(attention="pooled").explain_state(pair)
    assert not bars(state, "visible: attention to the scenes").pictures
    assert [part.title for part in state.parts if isinstance(part, StateMaps)] == ["What the adjustment changes"]
    assert float(bars(state, "visible: attention to the scenes").series["attention"].sum()) == pytest.approx(1)


def test_the_ablation_has_no_account(pair: ImagePair) -> None:
    with pytest.raises(InputError, match="without the adjustment"):
        BAFFM(adjust=False).explain_state(pair)
