"""Recipes: YAML files from which training reproduces a shipped weight."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import yaml

from fuselens.core.errors import InputError, UnknownNameError

# Paper 002, section 4.5: whole min-max stretched images, no shuffling, 200 epochs of 272 pairs in batches of two.
PAPER_PRESET: dict[str, Any] = {
    "batch_size": 2,
    "crop": None,
    "steps": 27200,
    "flips": False,
    "shuffle": False,
    "normalize": "minmax",
    "precision": "32-true",
}


@dataclass(frozen=True)
class LossWeights:
    """`lambda`, `gamma_ssim` and `gamma_l2` of the fusion loss."""

    lambda_: float = 0.99
    gamma_ssim: float = 0.5
    gamma_l2: float = 0.5


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a training run yields, besides the images.

    Attributes:
        model: registry name of the network.
        weights: name under which the result is shipped and loaded, such as `"mri-pet"`.
        modalities: folder names of source a and b inside each data folder.
        loss: weights of the partial losses.
        lr: Adam's learning rate; `schedule` says how it changes over the run.
        batch_size, crop, steps: pairs a step, side of the square crops in pixels (None: whole images), optimiser steps.
        epoch_steps: steps between two checkpoints, validations and points of the loss curves.
        validation: share of the pairs held out.
        flips, shuffle: random mirroring; random order of the pairs.
        normalize: `"minmax"` stretches every image to [0, 1], as the papers do.
        precision: Lightning's word: `"32-true"`, `"bf16-mixed"`, `"16-mixed"`.
        gradient_clip: largest gradient norm; None turns clipping off.
        seed: of weights, crops, flips and the validation split.
        data_words: what the data are and under which terms, for the card.
    """

    model: str
    weights: str
    modalities: tuple[str, str]
    loss: LossWeights = field(default_factory=LossWeights)
    lr: float = 2e-3
    schedule: Literal["constant", "cosine"] = "constant"
    batch_size: int = 4
    crop: int | None = 128
    steps: int = 2000
    epoch_steps: int = 100
    validation: float = 0.1
    flips: bool = True
    shuffle: bool = True
    normalize: Literal["minmax"] | None = None
    precision: str = "32-true"
    gradient_clip: float | None = None
    seed: int = 0
    data_words: str = ""

    def __post_init__(self) -> None:
        """Refuse values that cannot be trained with."""
        for name in ("batch_size", "steps", "epoch_steps"):
            if getattr(self, name) < 1:
                raise InputError(f"Expected the recipe's {name} to be at least 1 but got {getattr(self, name)}.")
        if self.crop is not None and self.crop < 16:
            raise InputError(f"Expected the recipe's crop to be at least 16 pixels but got {self.crop}.")
        if not 0 <= self.validation < 1:
            raise InputError(f"Expected the recipe's validation share in [0, 1) but got {self.validation}.")

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as they stand in the YAML file."""
        values = dataclasses.asdict(self)
        values["loss"]["lambda"] = values["loss"].pop("lambda_")
        values["modalities"] = list(self.modalities)
        return values

    def changed(self, **changes: Any) -> Recipe:
        """Return a recipe with other values; keys of the loss are written `loss.gamma_ssim`.

        Raises:
            InputError: unknown key or a value of the wrong kind.
        """
        values = self.as_dict()
        for key, value in changes.items():
            place, _, inner = key.partition(".")
            if inner:
                values[place] = {**values.get(place, {}), inner: value}
            else:
                values[place] = value
        return recipe_from(values, "these settings")


def shipped_recipes() -> list[str]:
    """Return the names of the recipes in the package."""
    folder = resources.files("fuselens.training") / "recipes"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def load_recipe(name: str | Path) -> Recipe:
    """Read a recipe of the package (`"masknet-mri-pet"`) or a YAML file.

    Raises:
        UnknownNameError: neither a file nor a shipped name.
        InputError: the file is no recipe; the sentence names the key.
    """
    path = Path(name)
    if path.suffix in {".yaml", ".yml"}:
        if not path.is_file():
            raise InputError(f"The recipe '{path}' does not exist; shipped recipes: {', '.join(shipped_recipes())}.")
        text = path.read_text(encoding="utf-8")
    else:
        if str(name) not in shipped_recipes():
            raise UnknownNameError("recipe", str(name), shipped_recipes())
        text = (resources.files("fuselens.training") / "recipes" / f"{name}.yaml").read_text(encoding="utf-8")
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"The recipe '{name}' is not valid YAML: {str(error).splitlines()[0]}.") from error
    return recipe_from(values, f"the recipe '{name}'")


def recipe_from(values: Any, what: str) -> Recipe:
    """Build a recipe from plain values; `what` names their origin in messages."""
    if not isinstance(values, dict):
        raise InputError(f"Expected {what} to be a mapping of settings but got {type(values).__name__}.")
    values = dict(values)
    known = {f.name: f for f in dataclasses.fields(Recipe)}
    for key in values:
        if key not in known:
            raise UnknownNameError(f"setting in {what}", str(key), known)
    for key in ("model", "weights", "modalities"):
        if key not in values:
            raise InputError(f"Expected {what} to name '{key}'.")
    loss = dict(values.get("loss") or {})
    if "lambda" in loss:
        loss["lambda_"] = loss.pop("lambda")
    try:
        values["loss"] = LossWeights(**{key: float(value) for key, value in loss.items()})
        first, second = values["modalities"]
        values["modalities"] = (str(first), str(second))
        for key in ("lr", "validation"):
            values[key] = float(values.get(key, known[key].default))
        return Recipe(**values)
    except (TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"A setting in {what} has the wrong kind of value: {error}.") from error
