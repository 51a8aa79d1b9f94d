"""Training in stages: auto-encoders on single images, starting from earlier weights, classifiers in folds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from fuselens.core.errors import InputError
from fuselens.core.tensor_files import settings_in
from fuselens.data.folders import find_pairs
from fuselens.models import load_model
from fuselens.training.crops import split_folds
from fuselens.training.lightning_module import FusionTraining, store_of
from fuselens.training.recipe import Recipe, recipe_from
from fuselens.training.run import train
from fuselens.training.stores import HalfPair, HalfStore, ImageStore, PairStore, find_images


def small(**changes: object) -> Recipe:
    values = {
        "model": "camf", "weights": "tiny", "modalities": ["ir", "vi"], "batch_size": 2, "crop": 64, "steps": 4,
        "epoch_steps": 2, "validation": 0.2, "lr": 0.01,
    }  # fmt: skip
    return recipe_from(values | changes, "this")


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five pairs of 66 x 70: stripes in `ir`, noise in `vi`; a label that is no image to learn from."""
    folder = tmp_path_factory.mktemp("scenes")
    random = np.random.default_rng(8)
    stripes = np.tile((np.arange(70) // 5 % 2 * 200).astype(np.uint8), (66, 1))
    for modality in ("ir", "vi", "label"):
        (folder / modality).mkdir()
        for number in range(5):
            noise = random.integers(0, 256, (66, 70), dtype=np.uint8)
            Image.fromarray(noise if modality == "vi" else stripes + noise // 10).save(
                folder / modality / f"{number}.png"
            )
    return folder


def test_every_image_below_the_folder_is_found_but_labels_are_not(scenes: Path, tmp_path: Path) -> None:
    found = find_images(scenes)
    assert [path.relative_to(scenes).as_posix() for path in found[:2]] == ["ir/0.png", "ir/1.png"]
    assert len(found) == 10
    with pytest.raises(InputError, match="hold no image; check the folder"):
        find_images(tmp_path)
    with pytest.raises(InputError, match="is missing; name a folder of images"):
        find_images(tmp_path / "none")


def test_small_images_are_enlarged_to_the_crop(scenes: Path) -> None:
    files = find_images(scenes)
    assert ImageStore(files, None, 64)[0][0].shape == (1, 66, 70)
    enlarged = ImageStore(files, None, 132)[0][0]
    assert enlarged.shape == (1, 132, 140)
    assert float(enlarged.min()) >= 0
    assert float(enlarged.max()) <= 1
    assert float((enlarged[:, ::2, ::2] - ImageStore(files, None, None)[0][0]).abs().mean()) < 0.1


def test_an_auto_encoder_learns_on_single_images(scenes: Path, tmp_path: Path) -> None:
    recipe = small(objective="reconstruction", steps=12, epoch_steps=4, lr=0.001)
    result = train(recipe, [scenes], tmp_path, accelerator="cpu")
    card = json.loads(result.weights.with_suffix(".json").read_text(encoding="utf-8"))
    assert card["pairs"] == {"training": 8, "validation": 2}
    assert result.losses.keys() == {"loss", "l1", "mse", "ssim", "laplacian"}
    rows = (tmp_path / "losses.csv").read_text(encoding="utf-8").splitlines()
    at = rows[0].split(",").index("train/loss")
    assert float(rows[-1].split(",")[at]) < float(rows[1].split(",")[at])


def test_only_the_head_learns_and_each_pair_is_held_out_once(scenes: Path, tmp_path: Path) -> None:
    earlier = train(small(objective="reconstruction", steps=2), [scenes], tmp_path / "first", accelerator="cpu")
    recipe = small(
        objective="classification", start=str(earlier.weights), optimiser="rmsprop", folds=5, settings={"scale": 0.7}
    )
    result = train(recipe, [scenes], tmp_path / "second", accelerator="cpu")
    before, after = load_file(earlier.weights), load_file(result.weights)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(name.startswith("head.") for name in changed)
    card = json.loads(result.weights.with_suffix(".json").read_text(encoding="utf-8"))
    assert len(card["cross_validation"]) == len(card["classifier"]["folds"]) == 5
    assert card["classifier"]["accuracy"] == pytest.approx(np.mean(card["classifier"]["folds"]))
    assert settings_in(result.weights) == {"scale": 0.7}
    assert load_model("camf", result.weights).scale == 0.7
    assert load_model("camf", result.weights, scale=1.0).scale == 1.0


def test_folds_hold_out_every_pair_once() -> None:
    splits = split_folds(list(range(13)), 4, seed=1)
    assert sorted(number for _, held_out in splits for number in held_out) == list(range(13))
    for training, held_out in splits:
        assert sorted(training + held_out) == list(range(13))
    assert split_folds(list(range(13)), 4, seed=1) == splits != split_folds(list(range(13)), 4, seed=2)
    with pytest.raises(InputError, match="3 pairs cannot make 4 folds"):
        split_folds([1, 2, 3], 4, seed=0)


def test_halves_are_the_two_sides_of_each_pair_and_are_held_out_once(scenes: Path) -> None:
    pairs = find_pairs(scenes)
    halves = [half for pair in pairs for half in HalfPair.both(pair)]
    store, whole = HalfStore(halves, None), PairStore(pairs, None)
    for number in range(len(pairs)):
        for left, right, source in zip(store[2 * number], store[2 * number + 1], whole[number], strict=True):
            torch.testing.assert_close(torch.cat((left, right), dim=2), source, rtol=0, atol=0)
    recipe = small(hold_out="halves")
    assert store_of(halves, recipe)[3][0].shape == store[3][0].shape
    held_out = [half for _, part in split_folds(halves, 3, seed=2) for half in part]
    assert len(held_out) == len(set(held_out)) == 2 * len(pairs)


def test_a_recipe_that_is_named_as_the_start_is_run_first(scenes: Path, tmp_path: Path) -> None:
    from fuselens.training import run

    first = small(objective="reconstruction", weights="first", steps=2)
    called = []

    def loaded(name: str) -> Recipe:
        called.append(name)
        return first

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "load_recipe", loaded)
        train(small(objective="classification", start="camf-first"), [scenes], tmp_path, accelerator="cpu")
    assert called == ["camf-first"]
    assert (tmp_path / "camf-first" / "camf-first.safetensors").is_file()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"model": "deepfuse", "objective": "reconstruction"}, "'deepfuse' cannot reconstruct single images"),
        ({"model": "deepfuse", "objective": "classification"}, "'deepfuse' cannot classify single images"),
        ({"settings": {"colour": "red"}}, "'camf' cannot be built with {'colour': 'red'}"),
        ({"start": "nowhere.safetensors"}, "'nowhere.safetensors' is not a safetensors file"),
        ({"folds": 9}, "5 pairs cannot make 9 folds"),
    ],
)
def test_what_cannot_be_trained_is_refused(
    scenes: Path, tmp_path: Path, changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        train(small(**changes), [scenes], tmp_path, accelerator="cpu")


def test_weights_of_another_network_are_no_start(scenes: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.safetensors"
    save_file({"layer.weight": torch.zeros(2)}, foreign)
    with pytest.raises(InputError, match=r"tensors in 'foreign.safetensors' do not fit camf: \d+ missing, 1 unknown"):
        train(small(start=str(foreign)), [scenes], tmp_path / "run", accelerator="cpu")


@pytest.mark.parametrize(("optimiser", "kind"), [("adam", torch.optim.Adam), ("rmsprop", torch.optim.RMSprop)])
def test_halving_halves_after_each_fifth(optimiser: str, kind: type[torch.optim.Optimizer]) -> None:
    recipe = small(optimiser=optimiser, schedule="halving", steps=10, lr=0.8)
    plan = FusionTraining(load_model("camf", weights=None), recipe).configure_optimizers()
    assert isinstance(plan["optimizer"], kind)
    rates = []
    for _ in range(10):
        rates.append(plan["optimizer"].param_groups[0]["lr"])
        plan["optimizer"].step()
        plan["lr_scheduler"]["scheduler"].step()
    assert rates == pytest.approx([0.8, 0.8, 0.4, 0.4, 0.2, 0.2, 0.1, 0.1, 0.05, 0.05])
