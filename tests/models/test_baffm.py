"""BAFFM: its size, the paper's sum taken literally, interventions, dictionaries, and what it starts from."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fuselens.core.errors import InputError
from fuselens.models import load_model
from fuselens.models.baffm import BAFFM
from fuselens.models.confounder_dictionary import ConfounderDictionary, Scenes
from fuselens.models.lrrnet import LRRNet
from fuselens.models.weights import save_weights
from tests.models.low_rank import Array, arrays_of, codes_of, convolved, part_of
from tests.models.scene_dictionaries import dictionary_of


def seeded(dictionary: ConfounderDictionary | None = None, **settings: str) -> BAFFM:
    """A network whose attention is far from even, so that the scenes matter."""
    torch.manual_seed(0)
    model = BAFFM(5, 6, **settings).double().eval()  # type: ignore[arg-type]
    model.set_dictionary(dictionary or dictionary_of())
    with torch.no_grad():
        for backdoor in (model.backdoor_a, model.backdoor_b):
            backdoor.query *= 6
    return model


@pytest.fixture
def pair() -> tuple[torch.Tensor, torch.Tensor]:
    a, b = torch.rand(2, 1, 1, 8, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return a, b


def softmax(scores: Array) -> Array:
    raised = np.exp(scores - scores.max())
    return raised / raised.sum()


def adjusted_by_hand(source: Array, tensors: dict[str, Array], side: str, prior: Array, *, pooled: bool) -> Array:
    """W_h x + W_g sum_i lambda_i z_i P(z_i), pixel by pixel and scene by scene."""
    codes = codes_of(source, part_of(tensors, f"extract_{side}"))
    backdoor = part_of(tensors, f"backdoor_{side}")
    keep = tensors[f"keep_{side}.weight"][:, :, 0, 0]
    centres = backdoor["centres"]
    features = np.empty((len(keep), *source.shape))
    for y in range(source.shape[0]):
        for x in range(source.shape[1]):
            code = codes[:, y, x]
            query = backdoor["query"] @ (codes.mean((1, 2)) if pooled else code)
            weights = softmax(np.array([query @ (backdoor["key"] @ z) / math.sqrt(64) for z in centres]))
            expected = sum(weights[i] * centres[i] * prior[i] for i in range(len(centres)))
            features[:, y, x] = keep @ code + backdoor["bring"] @ expected
    return features


@pytest.mark.parametrize(("attention", "prior"), [("pixel", "uniform"), ("pixel", "frequency"), ("pooled", "uniform")])
def test_equals_the_paper_sum_by_loops(pair: tuple[torch.Tensor, torch.Tensor], attention: str, prior: str) -> None:
    model = seeded(attention=attention, prior=prior)
    tensors = arrays_of(model)
    likely = np.full(5, 0.2) if prior == "uniform" else np.arange(1, 6) / 15
    features = np.concatenate(
        [
            adjusted_by_hand(source[0, 0].numpy(), tensors, side, likely, pooled=attention == "pooled")
            for side, source in zip("ab", pair, strict=True)
        ]
    )
    by_hand = np.tanh(convolved(features, tensors["reconstruct.0.weight"], tensors["reconstruct.0.bias"])[0])
    with torch.no_grad():
        np.testing.assert_allclose(model(*pair)[0, 0].numpy(), by_hand, rtol=0, atol=1e-7)
    assert model.reach == (None if attention == "pooled" else 10)


def test_parameter_counts() -> None:
    assert sum(p.numel() for p in BAFFM().parameters()) == 144_011
    assert sum(p.numel() for p in BAFFM().backdoor_a.parameters()) + 256 * 64 == 49_152
    assert sum(p.numel() for p in BAFFM(scenes=30).parameters()) == 144_011
    assert sum(p.numel() for p in BAFFM(adjust=False).parameters()) == 144_011 - 2 * (256 * 64 + 128 * 64 + 128 * 64)


@pytest.mark.parametrize("attention", ["pixel", "pooled"])
def test_attention_is_a_distribution_over_scenes(pair: tuple[torch.Tensor, torch.Tensor], attention: str) -> None:
    model = seeded(attention=attention)
    with torch.no_grad():
        weights = model.backdoor_a.weights(model.backdoor_a.scores(model.extract_a(pair[0])))
    assert weights.shape == (1, 5, *((8, 9) if attention == "pixel" else (1, 1)))
    assert float(weights.max() - weights.min()) > 0.05
    assert float(weights.min()) >= 0
    torch.testing.assert_close(weights.sum(1), torch.ones_like(weights[:, 0]))


def test_without_expectation_it_is_the_ablation(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    model = seeded()
    ablation = BAFFM(5, 6, adjust=False).double().eval()
    left = {name: tensor for name, tensor in model.state_dict().items() if not name.startswith("backdoor")}
    ablation.load_state_dict(left)
    with torch.no_grad():
        assert not torch.allclose(model(*pair), ablation(*pair), rtol=0, atol=1e-3)
        for backdoor in (model.backdoor_a, model.backdoor_b):
            backdoor.centres.zero_()
        assert torch.equal(model(*pair), ablation(*pair))


def changed(dictionary: ConfounderDictionary, change: Callable[[Scenes], Scenes]) -> ConfounderDictionary:
    return ConfounderDictionary(change(dictionary.a), change(dictionary.b), dictionary.facts)


def permuted(scenes: Scenes) -> Scenes:
    order = torch.tensor([3, 0, 4, 2, 1])
    return replace(scenes, centres=scenes.centres[order], sizes=scenes.sizes[order], labels=None)


@pytest.mark.parametrize("prior", ["uniform", "frequency"])
def test_the_order_of_the_scenes_does_not_matter(pair: tuple[torch.Tensor, torch.Tensor], prior: str) -> None:
    fused = seeded(prior=prior)(*pair)
    again = seeded(changed(dictionary_of(), permuted), prior=prior)(*pair)
    torch.testing.assert_close(again, fused, rtol=0, atol=1e-12)


def test_the_unit_of_the_features_does_not_matter(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    """A backbone in other units makes the same network."""
    larger = changed(dictionary_of(), lambda scenes: replace(scenes, centres=40 * scenes.centres))
    torch.testing.assert_close(seeded(larger)(*pair), seeded()(*pair), rtol=0, atol=1e-6)


@pytest.mark.parametrize("attention", ["pixel", "pooled"])
def test_gradients_flow_to_every_parameter(pair: tuple[torch.Tensor, torch.Tensor], attention: str) -> None:
    model = seeded(attention=attention).train()
    model(*pair).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert float(parameter.grad.abs().sum()) > 0, name


def test_interventions(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    """Each equals a network that was built that way, and differs from the whole one."""
    model = seeded()
    with torch.no_grad():
        whole = model.fuse_with(*pair)
        assert torch.equal(whole, model(*pair))
        swapped = seeded(ConfounderDictionary(dictionary_of().b, dictionary_of().a))
        scale = [backdoor.centres.clone() for backdoor in (model.backdoor_a, model.backdoor_b)]
        assert torch.equal(swapped.backdoor_a.centres, scale[1])
        torch.testing.assert_close(model.fuse_with(*pair, swap=True), swapped(*pair))

        even = seeded()
        for backdoor in (even.backdoor_a, even.backdoor_b):
            backdoor.query.zero_()
        torch.testing.assert_close(model.fuse_with(*pair, uniform=True), even(*pair))

        # The rest of four scenes, at the prior of five.
        fewer = BAFFM(4, 6).double().eval()
        tensors = model.state_dict()
        for name in ("centres", "frequencies", "pictures"):
            for side in ("a", "b"):
                tensors[f"backdoor_{side}.{name}"] = tensors[f"backdoor_{side}.{name}"][[0, 1, 3, 4]]
        fewer.load_state_dict(tensors)
        for backdoor in (fewer.backdoor_a, fewer.backdoor_b):
            backdoor.bring *= 4 / 5
        torch.testing.assert_close(model.fuse_with(*pair, without={"a": 2, "b": 2}), fewer(*pair))
        for changes in ({"swap": True}, {"uniform": True}, {"without": {"a": 2}}, {"without": {"b": 2}}):
            assert not torch.allclose(model.fuse_with(*pair, **changes), whole, rtol=0, atol=1e-6)  # type: ignore[arg-type]


def test_interventions_that_cannot_be(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    with pytest.raises(InputError, match="scenes 0 to 4"):
        seeded().fuse_with(*pair, without={"a": 5})
    with pytest.raises(InputError, match="no scenes"):
        BAFFM(adjust=False).double().fuse_with(*pair, uniform=True)


def test_dictionaries_that_do_not_fit() -> None:
    with pytest.raises(InputError, match=r"4 scenes of dim 6.*takes 5 of dim 6"):
        BAFFM(5, 6).set_dictionary(dictionary_of(4))
    with pytest.raises(InputError, match="without the adjustment"):
        BAFFM(adjust=False).set_dictionary(dictionary_of())


@pytest.mark.parametrize("settings", [{"scenes": 1}, {"attention": "patch"}, {"prior": "even"}])
def test_settings_that_cannot_be(settings: dict[str, object]) -> None:
    with pytest.raises(InputError, match="Expected scenes >= 2"):
        BAFFM(**settings)  # type: ignore[arg-type]


def test_weights_carry_the_scenes_and_their_pictures(pair: tuple[torch.Tensor, torch.Tensor], tmp_path: Path) -> None:
    model = seeded(dictionary_of(pictures=True)).float()
    path = save_weights(model, tmp_path / "baffm.safetensors", {"scenes": 5, "dim": 6})
    again = load_model("baffm", path)
    assert isinstance(again, BAFFM)
    assert torch.equal(again.backdoor_b.pictures, dictionary_of(pictures=True).b.pictures)  # type: ignore[arg-type]
    a, b = (source.float() for source in pair)
    assert torch.equal(again(a, b), model(a, b))


def test_coloured_pictures_turn_grey() -> None:
    colours = torch.zeros(5, 64, 64, 3, dtype=torch.uint8)
    colours[..., 0] = 90
    model = BAFFM(5, 6)
    model.set_dictionary(changed(dictionary_of(), lambda scenes: replace(scenes, pictures=colours)))
    assert bool((model.backdoor_a.pictures == 30).all())


def test_starts_from_lrrnet() -> None:
    torch.manual_seed(5)
    lrrnet, model = LRRNet(), BAFFM()
    model.start_from_lrrnet(lrrnet.state_dict())
    source = torch.rand(1, 1, 10, 11)
    assert torch.equal(model.extract_b(source), lrrnet.extract_b(source))
    with pytest.raises(InputError, match="not the weights of an LRRNet"):
        model.start_from_lrrnet({"extract_a.first.weight": torch.zeros(1)})
