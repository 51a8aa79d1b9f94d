"""Recipes: YAML files from which training reproduces a shipped weight."""

from __future__ import annotations

import dataclasses
import math
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import yaml

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.training.objectives import OBJECTIVES
from fuselens.training.objectives.objective import Objective
from fuselens.training.objectives.similarity import Similarity
from fuselens.training.paper_settings import PAPER_SETTINGS

_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text", type(None): "null"}


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a training run yields, besides the images.

    Attributes:
        model: registry name of the network.
        weights: name under which the result is shipped and loaded, such as `"mri-pet"`.
        modalities: folder names of source a and b inside each data folder.
        objective: what the network is trained for; a name of `OBJECTIVES`.
        loss: weights of the objective's parts; an object of its class.
        settings: arguments of the network's constructor, such as `{"width": 32}`.
        start: a recipe that is run before, or a `.safetensors` file; the network starts from its weights.
        dictionary: file of confounder scenes, for networks that have any.
        lr: learning rate of the `optimiser`; `schedule` says how it changes over the run: `"cosine"` to 0, or
            `"halving"` after each fifth of the steps.
        weight_decay: how strongly the optimiser draws all parameters towards 0 (L2: added to the gradient).
        batch_size, crop, steps: pairs a step, side of the square crops in pixels (None: whole images), optimiser steps.
        epoch_steps: steps between two checkpoints, validations and points of the loss curves.
        validation: share of the pairs held out.
        folds: with 2 or more, the run is cross-validated first: so many trainings, each without one part of the pairs.
        hold_out: what validation and folds hold out: whole `"pairs"`, or left and right `"halves"` of them, closer to a
            paper that holds out crops of images whose other crops are trained on.
        flips, shuffle: random mirroring; random order of the pairs.
        normalize: `"minmax"` stretches every image to [0, 1], as the papers do.
        precision: Lightning's word for the numbers that the network computes with.
        gradient_clip: largest gradient norm; None turns clipping off.
        freeze_norm: share of the steps after which batch normalisation keeps its statistics (1: never), so that the
            network learns to live with those it will be used with; small batches of crops need it.
        seed: of weights, crops, flips and the validation split.
        data_words: what the data are and under which terms, for the card.
    """

    model: str
    weights: str
    modalities: tuple[str, str]
    objective: str = "similarity"
    loss: Objective = field(default_factory=Similarity)
    settings: dict[str, Any] = field(default_factory=dict)
    start: str | None = None
    dictionary: str | None = None
    optimiser: Literal["adam", "rmsprop"] = "adam"
    lr: float = 2e-3
    weight_decay: float = 0.0
    schedule: Literal["constant", "cosine", "halving"] = "constant"
    batch_size: int = 4
    crop: int | None = 128
    steps: int = 2000
    epoch_steps: int = 100
    validation: float = 0.1
    folds: int = 0
    hold_out: Literal["pairs", "halves"] = "pairs"
    flips: bool = True
    shuffle: bool = True
    normalize: Literal["minmax"] | None = None
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    gradient_clip: float | None = None
    freeze_norm: float = 1.0
    seed: int = 0
    data_words: str = ""

    def __post_init__(self) -> None:
        """Refuse values that cannot be trained with."""
        for name, least in (("batch_size", 1), ("steps", 1), ("epoch_steps", 1), ("seed", 0), ("folds", 0)):
            if getattr(self, name) < least:
                raise InputError(f"Expected the recipe's {name} to be at least {least} but got {getattr(self, name)}.")
        for name in ("lr", "gradient_clip"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise InputError(f"Expected the recipe's {name} to be above 0 but got {value}.")
        if not 0 <= self.weight_decay < math.inf:
            raise InputError(f"Expected the recipe's weight_decay to be 0 or more but got {self.weight_decay}.")
        if not 0 < self.freeze_norm <= 1:
            raise InputError(f"Expected the recipe's freeze_norm in (0, 1] but got {self.freeze_norm}.")
        if self.crop is not None and self.crop < 16:
            raise InputError(f"Expected the recipe's crop to be at least 16 pixels but got {self.crop}.")
        if not 0 <= self.validation < 1:
            raise InputError(f"Expected the recipe's validation share in [0, 1) but got {self.validation}.")
        if not self.weights or Path(self.weights).name != self.weights:
            raise InputError(f"Expected the recipe's weights to be a name for files but got '{self.weights}'.")

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as they stand in the YAML file."""
        values = dataclasses.asdict(self)
        values["loss"] = self.loss.as_dict()
        values["modalities"] = list(self.modalities)
        return values

    def as_in_the_paper(self) -> Recipe:
        """Return this recipe with the settings of its network's paper.

        Raises:
            InputError: the paper's settings are not known.
        """
        for key in (f"{self.model}-{self.weights}", self.model):
            if key in PAPER_SETTINGS:
                return self.changed(**PAPER_SETTINGS[key])
        raise InputError(f"No published settings of '{self.model}' are known; leave out --preset paper.")

    def changed(self, **changes: Any) -> Recipe:
        """Return a recipe with other values; keys of the loss are written `loss.gamma_ssim`.

        Another objective starts with its own default loss.

        Raises:
            InputError: unknown key or a value of the wrong kind.
        """
        values = self.as_dict()
        if changes.get("objective", self.objective) != self.objective:
            values["loss"] = {}
        for key, value in changes.items():
            place, dot, inner = key.partition(".")
            if not dot:
                values[key] = value
            elif place in ("loss", "settings"):
                values[place] = {**values[place], inner: value}
            else:
                raise UnknownNameError("setting", key, [*values, *(f"loss.{name}" for name in values["loss"])])
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
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"The recipe '{path}' cannot be read as UTF-8 text: {error}.") from error
    else:
        if str(name) not in shipped_recipes():
            raise UnknownNameError("recipe", str(name), shipped_recipes())
        text = (resources.files("fuselens.training") / "recipes" / f"{name}.yaml").read_text(encoding="utf-8")
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise InputError(f"The recipe '{name}' is not valid YAML{where}: {str(error).splitlines()[0]}.") from error
    return recipe_from(values, f"the recipe '{name}'")


def recipe_from(values: Any, what: str) -> Recipe:
    """Build a recipe from plain values; `what` names their origin in messages.

    Raises:
        UnknownNameError: a key that recipes do not have; near ones are suggested.
        InputError: a key is missing, or a value of the wrong kind or range.
    """
    values = _with_objective(values, what)
    settings = _settings_of(values, Recipe, what)
    for key in ("model", "weights", "modalities"):
        if key not in settings:
            raise InputError(f"Expected {what} to name '{key}'.")
    return Recipe(**settings)


def _with_objective(values: Any, what: str) -> Any:
    """Replace the plain values of `loss` by the objective that `objective` names."""
    if not isinstance(values, dict):
        return values
    kind = OBJECTIVES[str(values.get("objective", "similarity"))]
    weights = values.get("loss", {})
    return {**values, "loss": kind(**_settings_of(weights, kind, f"loss in {what}"))}


def _settings_of(values: Any, kind: type, what: str) -> dict[str, Any]:
    """Return the constructor's arguments of the dataclass `kind`, checked against its annotations."""
    if not isinstance(values, dict):
        raise InputError(f"Expected {what} to be a mapping of settings but got {type(values).__name__}.")
    hints = {name.rstrip("_"): (name, hint) for name, hint in _fields_of(kind).items()}
    settings = {}
    for key, value in values.items():
        if key not in hints:
            raise UnknownNameError(f"setting in {what}", str(key), hints)
        name, hint = hints[key]
        settings[name] = _setting(value, hint, f"{key} in {what}")
    return settings


def _fields_of(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _setting(value: Any, hint: Any, what: str) -> Any:
    """Return `value` as the annotation `hint` wants it."""
    if hint is Objective:
        return value
    if get_origin(hint) is dict:
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            return value
        raise InputError(f"Expected {what} to be a mapping of settings but got {value!r}.")
    if get_origin(hint) is tuple:
        if isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(word, str) for word in value):
            return tuple(value)
        raise InputError(f"Expected {what} to be two folder names like [ir, vi] but got {value!r}.")
    options = [o for part in get_args(hint) or (hint,) for o in (get_args(part) or (part,))]
    for option in options:
        if option is float and not isinstance(value, bool):
            # YAML reads 2e-3, without a point, as text.
            with suppress(TypeError, ValueError):
                return float(value)
        if type(value) is option or (not isinstance(option, type) and value == option):
            return value
    words = [_KINDS.get(option, repr(option)) for option in options]
    raise InputError(f"Expected {what} to be {' or '.join(words)} but got {value!r}.")
