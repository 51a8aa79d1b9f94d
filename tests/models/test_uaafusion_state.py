"""UAAFusion's account of itself, checked against the network run as a whole."""

from __future__ import annotations

import pytest
import torch

import fuselens as fl
from fuselens.core.errors import InputError
from fuselens.core.intrinsic import ModelState, StateBars, StateMaps
from fuselens.core.pair import ImagePair
from fuselens.segmentation.path_attribution import score_of_regions, scores_at
from tests.models.test_uaafusion import SIZE, built, noise


@pytest.fixture(scope="module")
def pair() -> ImagePair:
    return ImagePair.from_arrays(noise(*SIZE), noise(*SIZE, seed=2), ("infrared", "visible"))


def part(state: ModelState, title: str) -> StateMaps | StateBars:
    return next(part for part in state.parts if part.title == title)


def maps(state: ModelState, title: str) -> list[torch.Tensor]:
    found = part(state, title)
    assert isinstance(found, StateMaps)
    return list(found.maps.values())


def bars(state: ModelState, title: str) -> dict[str, torch.Tensor]:
    found = part(state, title)
    assert isinstance(found, StateBars)
    return dict(found.series)


def test_the_account_is_what_the_network_did(pair: ImagePair) -> None:
    model = built()
    state = fl.explain(model, pair, "intrinsic")
    with torch.no_grad():
        found = model.unfold(*pair.tensors(dtype=torch.float64))
    assert found.weights is not None
    w1, w2 = maps(state, "Weights of the sources")
    torch.testing.assert_close(w1, found.weights.a[0, 0])
    torch.testing.assert_close(w1 + w2, torch.ones_like(w1))
    for shown, picture in zip(maps(state, "The path of pictures"), found.path, strict=True):
        torch.testing.assert_close(shown, picture[0, 0])
    # The attention in front of stage k is what was gathered after f k; the last of them has no stage behind it.
    for shown, attention in zip(maps(state, "Attention along the path"), found.attention[1:], strict=False):
        torch.testing.assert_close(shown, attention[0, 0])


def test_class_maps_average_to_the_bars(pair: ImagePair) -> None:
    model = built()
    state = model.explain_state(pair)
    with torch.no_grad():
        weights = model.weights(*pair.tensors(dtype=torch.float64))
    assert weights is not None
    brought = bars(state, "What each source brings to its classes")
    for name, shown in zip(pair.names, maps(state, "Class attribution"), strict=True):
        means = torch.stack([shown[weights.regions[0] == number].mean() for number in weights.classes])
        torch.testing.assert_close(means, brought[name])


def test_completeness_gaps(pair: ImagePair) -> None:
    model = built()
    state = model.explain_state(pair)
    series = bars(state, "Completeness of the attention")
    with torch.no_grad():
        found = model.unfold(*pair.tensors(dtype=torch.float64))
        assert found.weights is not None
        assert model.segmenter is not None
        score = score_of_regions(found.weights.regions)
        scores = torch.cat([scores_at(model.segmenter, f, score) for f in found.path])
    torch.testing.assert_close(series["score gained"], scores[1:] - scores[0])
    gaps = [state.facts[f"Completeness gap of stage {k}"] for k in range(1, 6)]
    assert sum(gaps) == pytest.approx(state.facts["Completeness gap of the path"])
    ends = series["attention adds up to"][-1] - series["score gained"][-1]
    assert float(ends) == pytest.approx(sum(gaps))
    finer = built(path_samples=32).explain_state(pair).facts
    assert abs(finer["Completeness gap of stage 1"]) < abs(gaps[0])


def test_classes_of_the_attention_add_up_to_all(pair: ImagePair) -> None:
    state = built().explain_state(pair)
    total = maps(state, "Attention along the path")[-1]
    parts = maps(state, "Attention by class")
    assert len(parts) == len(part(state, "Weights by class").labels)  # type: ignore[union-attr]
    torch.testing.assert_close(torch.stack(parts).sum(0), total)


def test_effects_equal_interventions(pair: ImagePair) -> None:
    model = built()
    facts = model.explain_state(pair).facts
    a, b = pair.tensors(dtype=torch.float64)
    with torch.no_grad():
        found = model.unfold(a, b)
        model.network.step_sizes.zero_()
        moved = model.unfold(a, b, weights=found.weights, attention=found.attention).path[-1]
    expected = float((moved - found.path[-1]).abs().mean())
    assert facts["Mean change with no gradient step"] == pytest.approx(expected)
    assert facts["Mean change with no attention"] > 0


def test_step_sizes_are_left_as_found(pair: ImagePair) -> None:
    model = built()
    before = model.network.step_sizes.clone()
    model.explain_state(pair)
    assert torch.equal(model.network.step_sizes, before)


def test_no_account_without_a_segmenter(pair: ImagePair) -> None:
    with pytest.raises(InputError, match="without a segmenter"):
        built(None).explain_state(pair)
