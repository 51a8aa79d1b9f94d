from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.models import list_models, load_model
from fuselens.training.objectives.perceptual import Perceptual
from fuselens.training.objectives.similarity import Similarity
from fuselens.training.objectives.strongest import Strongest
from fuselens.training.recipe import Recipe, load_recipe, recipe_from, shipped_recipes


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_shipped_recipe_loads(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.model in list_models()
    assert f"{recipe.model}-{recipe.weights}" == name
    assert recipe.data_words


def test_every_network_has_a_recipe_for_infrared_and_visible() -> None:
    networks = {name for name in list_models() if any(True for _ in load_model(name, weights=None).parameters())}
    assert networks <= {name.removesuffix("-infrared-visible") for name in shipped_recipes()}


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_recipe_knows_its_papers_settings_and_an_earlier_recipe_exists(name: str) -> None:
    recipe = load_recipe(name)
    paper = recipe.as_in_the_paper()
    objective = "perceptual" if recipe.model == "lrrnet" else recipe.objective
    assert (paper.model, paper.objective, paper.precision) == (recipe.model, objective, "32-true")
    assert recipe.start is None or load_recipe(recipe.start).model == recipe.model


def test_the_objective_decides_what_the_loss_may_hold(recipe: Recipe) -> None:
    values = recipe.as_dict() | {"objective": "strongest", "loss": {"gradient": 5}}
    assert recipe_from(values, "this").loss == Strongest(gradient=5.0)
    with pytest.raises(UnknownNameError, match=r"setting in loss in this 'lambda': known: .*gradient"):
        recipe_from(values | {"loss": {"lambda": 0.5}}, "this")
    with pytest.raises(UnknownNameError, match="Unknown objective 'strong': did you mean strongest"):
        recipe_from(values | {"objective": "strong"}, "this")
    with pytest.raises(InputError, match="loss weight gradient to be 0 or more but got -1"):
        recipe_from(values | {"loss": {"gradient": -1}}, "this")


def test_another_objective_starts_with_its_own_loss(recipe: Recipe) -> None:
    weighed = recipe.changed(**{"loss.lambda": 0.3})
    assert weighed.changed(objective="strongest").loss == Strongest()
    assert weighed.changed(objective="strongest", **{"loss.ssim": 1}).loss == Strongest(ssim=1.0)
    assert weighed.changed(**{"loss.ssim": 1}, objective="strongest").loss == Strongest(ssim=1.0)
    assert weighed.changed(objective="strongest", loss={"gradient": 2}).loss == Strongest(gradient=2.0)
    assert weighed.changed(objective="similarity", steps=3).loss == weighed.loss
    with pytest.raises(UnknownNameError, match=r"setting in loss in these settings 'lambda': .*known: .*gradient"):
        recipe.changed(objective="strongest", **{"loss.lambda": 0.3})


def test_a_loss_may_name_a_file(recipe: Recipe) -> None:
    changed = recipe.changed(objective="perceptual", **{"loss.vgg": "mine.pth", "loss.stretch": False})
    assert changed.loss == Perceptual(vgg="mine.pth", stretch=False)
    assert changed == recipe_from(yaml.safe_load(yaml.safe_dump(changed.as_dict())), "this")
    with pytest.raises(InputError, match="vgg in loss in these settings to be text but got 16"):
        changed.changed(**{"loss.vgg": 16})


def test_plain_values_make_the_same_recipe_again(tmp_path: Path) -> None:
    recipe = load_recipe("funfusean-mri-pet").changed(**{"loss.gamma_ssim": 0.47})
    place = tmp_path / "mine.yaml"
    place.write_text(yaml.safe_dump(recipe.as_dict()), encoding="utf-8")
    assert load_recipe(place) == recipe == recipe.changed()
    loss = recipe.as_dict()["loss"]
    assert loss == {"lambda": recipe.loss.lambda_, "gamma_ssim": 0.47, "gamma_l2": recipe.loss.gamma_l2}


def test_settings_can_be_changed(recipe: Recipe) -> None:
    changed = recipe.changed(**{"loss.gamma_ssim": 0.25, "loss.lambda": 1, "lr": "2e-3", "crop": None})
    assert changed.loss == Similarity(1.0, 0.25, 0.5)
    assert (changed.lr, changed.crop, changed.steps) == (0.002, None, recipe.steps)
    paper = load_recipe("deeppedestrian-mri-pet").as_in_the_paper()
    assert (paper.normalize, paper.batch_size, paper.steps) == ("minmax", 8, 6800)
    assert paper.loss == Similarity(0.99, 0.52, 0.5)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("steps", 2.5, "steps in these settings to be a whole number but got 2.5"),
        ("steps", True, "steps in these settings to be a whole number but got True"),
        ("steps", 0, "steps to be at least 1 but got 0"),
        ("crop", "big", "crop in these settings to be a whole number or null but got 'big'"),
        ("crop", 8, "crop to be at least 16 pixels but got 8"),
        ("lr", "fast", "lr in these settings to be a number but got 'fast'"),
        ("lr", -1, "lr to be above 0 but got -1.0"),
        ("weight_decay", -0.1, "weight_decay to be 0 or more but got -0.1"),
        ("weight_decay", float("inf"), "weight_decay to be 0 or more but got inf"),
        ("gradient_clip", 0, "gradient_clip to be above 0 but got 0.0"),
        ("flips", "no", "flips in these settings to be true or false but got 'no'"),
        ("schedule", "linear", "schedule in these settings to be 'constant' or 'cosine' or 'halving' but got 'linear'"),
        ("normalize", "max", "normalize in these settings to be 'minmax' or null but got 'max'"),
        ("precision", "8-bit", "precision in these settings to be '32-true' or"),
        ("modalities", "ir", r"modalities in these settings to be two folder names like \[ir, vi\] but got 'ir'"),
        ("modalities", ["ir", "vi", "x"], "two folder names"),
        ("validation", 1.0, r"validation share in \[0, 1\) but got 1.0"),
        ("seed", -1, "seed to be at least 0 but got -1"),
        ("model", 7, "model in these settings to be text but got 7"),
        ("weights", "a/b", "weights to be a name for files but got 'a/b'"),
        ("loss", 3, "loss in these settings to be a mapping of settings but got int"),
        ("loss.lambda", 2, r"loss weight lambda in \[0, 1\] but got 2.0"),
    ],
)
def test_wrong_values_are_named(recipe: Recipe, key: str, value: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        recipe.changed(**{key: value})


@pytest.mark.parametrize(
    ("key", "near"),
    [("step", "steps"), ("loss.gama_ssim", "gamma_ssim"), ("loss.lambda_", "lambda")],
)
def test_unknown_settings_get_a_suggestion(recipe: Recipe, key: str, near: str) -> None:
    with pytest.raises(UnknownNameError, match=rf"did you mean {near}\b"):
        recipe.changed(**{key: 1})


def test_only_the_loss_has_inner_settings(recipe: Recipe) -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown setting 'lr.rate': known: .*loss.gamma_ssim"):
        recipe.changed(**{"lr.rate": 1})


def test_missing_keys_are_named() -> None:
    with pytest.raises(InputError, match="Expected this to name 'modalities'"):
        recipe_from({"model": "deepfuse", "weights": "w"}, "this")
    with pytest.raises(InputError, match="Expected this to be a mapping of settings but got list"):
        recipe_from([1], "this")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"model: a\nloss: [1\n", "is not valid YAML, line 3"),
        (b"\xff\xfe\x00", "cannot be read as UTF-8 text"),
        (b"", "to be a mapping of settings but got NoneType"),
    ],
)
def test_broken_files_get_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    place = tmp_path / "broken.yaml"
    place.write_bytes(content)
    with pytest.raises(InputError, match=sentence) as caught:
        load_recipe(place)
    assert "\n" not in str(caught.value)


def test_missing_recipes_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.yaml' does not exist; shipped recipes: .*deepfuse-infrared-visible"):
        load_recipe(tmp_path / "none.yaml")
    with pytest.raises(UnknownNameError, match="did you mean masknet-mri-pet"):
        load_recipe("masknet-mri")
