"""Shipped weights: whole, honest cards, and fused images that keep what each sensor saw."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import fuselens as fl
from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.ssim import ssim_map
from fuselens.core.tensor_files import file_hash
from fuselens.models.weights import best_model, list_weights, load_weights, save_weights, weights_folder
from fuselens.training.losses import PARTS
from fuselens.training.recipe import load_recipe, recipe_from

CARDS = list_weights()
EXAMPLE = {"mri-pet": "brain", "infrared-visible": "street"}


@pytest.fixture(scope="module", params=sorted(EXAMPLE))
def example(request: pytest.FixtureRequest) -> tuple[str, fl.ImagePair]:
    return request.param, fl.example_pair(EXAMPLE[request.param])


def test_the_promised_weights_are_there() -> None:
    for name in ("funfusean", "masknet", "deepfuse", "deeppedestrian"):
        assert f"{name}-mri-pet" in CARDS
    assert sum(card["weights"] == "infrared-visible" for card in CARDS.values()) >= 2


@pytest.mark.parametrize("name", sorted(CARDS))
def test_card_matches_file_and_recipe(name: str) -> None:
    card = CARDS[name]
    assert file_hash(weights_folder() / f"{name}.safetensors") == card["sha256"]
    assert load_recipe(name) == recipe_from(card["recipe"], "the card")
    assert card["steps"] == card["recipe"]["steps"]
    assert card["data"]
    assert card["hardware"]
    assert set(card["test"][card["model"]]) == set(PARTS) == set(card["test"]["average"])
    model = fl.load_model(card["model"], weights=card["weights"])
    assert sum(p.numel() for p in model.parameters()) == card["parameters"]
    assert model.title == f"{card['model']}:{card['weights']}"


@pytest.mark.parametrize("name", ["deepfuse-mri-pet", "funfusean-mri-pet", "deepfuse-infrared-visible"])
def test_test_losses_on_the_card_are_reproduced(name: str, shared: Path) -> None:
    """Of the networks that are quick enough to run on all test pairs here."""
    from fuselens.data.folders import find_pairs
    from fuselens.training.card import mean_losses
    from fuselens.training.stores import PairStore

    card = CARDS[name]
    folder = "medical/mri_pet/test" if card["weights"] == "mri-pet" else "roadscene/test"
    files = find_pairs(shared / "data" / folder, *card["recipe"]["modalities"])
    assert len(files) == card["test"]["pairs"]
    losses = mean_losses(fl.load_model(card["model"], weights=card["weights"]), PairStore(files, None, capacity=1))
    for part in PARTS:
        assert losses[part] == pytest.approx(card["test"][card["model"]][part], abs=2e-4)


@pytest.mark.parametrize("network", sorted({card["model"] for card in CARDS.values()}))
def test_both_sources_are_kept(network: str, example: tuple[str, fl.ImagePair]) -> None:
    family, pair = example
    if f"{network}-{family}" not in CARDS:
        pytest.skip(f"no {family} weights of {network} are shipped")
    fused = fl.fuse(fl.load_model(network, weights=family), pair).y
    assert 0.5 < float(fused.mean() / ((pair.a.y + pair.b.y) / 2).mean()) < 2  # brightness is kept
    a, b = pair.tensors()
    similarity = [float(ssim_map(fused[None, None], source).mean()) for source in (a, b)]
    crossed = float(ssim_map(a, b).mean())
    assert min(similarity) > crossed  # closer to each source than the sources are to each other
    labels, names = pair.truth["labels"], {name: number for number, name in pair.truth["classes"].items()}
    for sensor, word in (("a", "person in the glare"), ("b", "necrotic core")):
        if word in names:
            inside = torch.from_numpy(labels == names[word])
            ring = dilated(inside, 5) & ~dilated(inside, 1)
            source = pair.a.y if sensor == "a" else pair.b.y
            seen = float(source[inside].mean() - source[ring].mean())
            kept = float(fused[inside].mean() - fused[ring].mean())
            assert kept * seen > 0, f"{word} has lost its contrast"
            # FunFuseAn hardly preserves the dark necrotic core: so it is in paper 002, section 6.1, too.
            assert abs(kept) > (0.05 if network == "funfusean" else 0.15) * abs(seen)


def dilated(mask: torch.Tensor, pixels: int) -> torch.Tensor:
    window = 2 * pixels + 1
    return torch.nn.functional.max_pool2d(mask.float()[None, None], window, 1, pixels)[0, 0] > 0


def test_no_frame_on_real_pairs(shared: Path) -> None:
    """The outermost rows and columns differ from their neighbours no more than in the plain average."""
    for family, folder in (("infrared-visible", "roadscene/test"), ("mri-pet", "medical/mri_pet/test")):
        files = fl.find_pairs(shared / "data" / folder)[0]
        pair = fl.read_pair(files.a, files.b, files.names)
        average = (pair.a.y + pair.b.y) / 2
        for card in CARDS.values():
            if card["weights"] == family:
                fused = fl.fuse(fl.load_model(card["model"], weights=family), pair).y
                for plane in (fused, fused.T):
                    reference = average if plane is fused else average.T
                    step = float((plane[0] - plane[3]).mean().abs())
                    assert step < float((reference[0] - reference[3]).mean().abs()) + 0.03


def test_colour_is_the_coloured_sources(example: tuple[str, fl.ImagePair]) -> None:
    from fuselens.data.colour import split_colour

    family, pair = example
    fused = fl.fuse(fl.load_model("funfusean", weights=family), pair)
    assert fused.rgb is not None
    luma, chroma = split_colour(fused.rgb)
    torch.testing.assert_close(luma, fused.y, atol=1e-5, rtol=0)
    assert pair.b.chroma is not None
    # Where the colour fits the fused brightness it is the source's own; elsewhere it is paler but of the same hue.
    products = (chroma * pair.b.chroma).sum(0)
    assert float(products.min()) > -1e-4
    assert float(((chroma - pair.b.chroma).abs().amax(0) < 1e-4).double().mean()) > 0.5


def test_best_model_follows_the_modalities() -> None:
    assert best_model(("mri", "pet")).endswith(":mri-pet")
    assert best_model(("mri", "ct")).endswith(":mri-pet")
    assert best_model(("infrared", "visible")).endswith(":infrared-visible")
    assert best_model(("a", "b")).endswith(":infrared-visible")


def test_save_and_load(tmp_path: Path) -> None:
    model = fl.load_model("deepfuse", weights=None)
    path = save_weights(model, tmp_path / "mine.safetensors")
    again = fl.load_model("deepfuse", weights=path)
    assert all(torch.equal(x, y) for x, y in zip(model.state_dict().values(), again.state_dict().values(), strict=True))
    assert again.weights_info["weights"] == "mine"
    (tmp_path / "mine.json").write_text(json.dumps({"weights": "night"}))
    assert fl.load_model("deepfuse", weights=path).title == "deepfuse:night"


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean mri-pet"):
        fl.load_model("masknet", weights="mri-pett")
    with pytest.raises(InputError, match="does not exist"):
        fl.load_model("masknet", weights="no.safetensors")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(np.random.default_rng(0).bytes(200))
    with pytest.raises(InputError, match="not a safetensors file"):
        fl.load_model("masknet", weights=broken)
    other = save_weights(fl.load_model("deepfuse", weights=None), tmp_path / "deepfuse.safetensors")
    with pytest.raises(InputError, match="do not fit masknet"):
        load_weights(fl.load_model("masknet", weights=None), other)
