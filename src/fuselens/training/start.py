"""What a network starts from: earlier weights, another network's layers, a dictionary of scenes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fuselens.confounders.build import build_dictionary
from fuselens.confounders.scenes import SceneSettings
from fuselens.core.errors import InputError
from fuselens.core.model import FusionModel
from fuselens.core.tensor_files import model_in, read_tensors
from fuselens.data.folders import PairFiles
from fuselens.models.confounder_dictionary import ConfounderDictionary
from fuselens.models.weights import start_from
from fuselens.training.recipe import Recipe
from fuselens.training.stores import HalfPair, TrainingFiles


def starting_weights(recipe: Recipe, run: Callable[[str], Path]) -> Path | None:
    """Return the weights that the recipe starts from, or None; `run` trains a recipe by its name."""
    if recipe.start is None or recipe.start.endswith(".safetensors"):
        return None if recipe.start is None else Path(recipe.start)
    return run(recipe.start)


def dictionary_for(recipe: Recipe, model: Any, files: Sequence[TrainingFiles], out: Path) -> Path | None:
    """Return the file of the network's confounder scenes, or None for networks without any.

    A recipe that names none gets the scenes of its training pairs, found once and kept in `out`.

    Raises:
        InputError: no such file, fewer pairs than scenes, or a recipe that names scenes for a network without any.
    """
    if not (hasattr(model, "set_dictionary") and model.adjust):
        if recipe.dictionary is not None:
            raise InputError(f"'{recipe.model}' takes no confounder dictionary; leave out the recipe's dictionary.")
        return None
    if recipe.dictionary is not None:
        return Path(recipe.dictionary)
    place = out / "confounders.safetensors"
    if not place.is_file():
        wholes = (file.files if isinstance(file, HalfPair) else file for file in files)
        pairs = list(dict.fromkeys(whole for whole in wholes if isinstance(whole, PairFiles)))
        scenes, dim = model.backdoor_a.centres.shape
        settings = SceneSettings(scenes, dim, seed=recipe.seed)
        build_dictionary(pairs, settings, pictures=False).save(place)
    return place


def begin(model: FusionModel, start: Path | None, dictionary: Path | None) -> None:
    """Give the network what it starts from.

    Weights of another network are taken by the method `start_from_NAME(tensors)`, where the network has one.

    Raises:
        InputError: files that are missing or do not fit.
    """
    if start is not None:
        take = getattr(model, f"start_from_{model_in(start)}", None)
        if take is None:
            start_from(model, start)
        else:
            take(read_tensors(start))
    if dictionary is not None:
        model.set_dictionary(ConfounderDictionary.load(dictionary))  # type: ignore[operator]
