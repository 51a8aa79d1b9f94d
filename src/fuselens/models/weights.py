"""Weights: safetensors files shipped in `models/weights/`, each with a card of the same name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.files import atomic_path
from fuselens.core.modalities import modality_family
from fuselens.core.model import FusionModel
from fuselens.core.tensor_files import file_hash, read_tensors

# Best first, by the looks and the losses on the test pairs (see the cards); DeepFuse is also the quickest to explain.
BEST = {
    "mri-pet": ("deepfuse", "masknet", "deeppedestrian", "funfusean", "camf"),
    "infrared-visible": (
        "deepfuse",
        "masknet",
        "funfusean",
        "baffm",
        "camf",
        "cmcffuse",
        "swinfuse",
        "uaafusion",
        "deeppedestrian",
    ),
}


def weights_folder() -> Path:
    """Return the folder of the shipped weights."""
    return Path(str(resources.files("fuselens.models") / "weights"))


def list_weights(model: str | None = None) -> dict[str, dict[str, Any]]:
    """Return the cards of the shipped weights by full name, such as `"masknet-mri-pet"`.

    Args:
        model: only those of this network.
    """
    cards = {}
    for path in sorted(weights_folder().glob("*.safetensors")):
        try:
            card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(f"The weights {path.stem} have no card beside them; reinstall fuselens.") from error
        if model in (None, card["model"]):
            cards[path.stem] = card
    return cards


def weights_for(model: str, names: tuple[str, str]) -> str | None:
    """Return the shipped weights of `model` that suit the modalities, or None where none do."""
    wanted = modality_family(names)
    known = {card["weights"] for card in list_weights(model).values()}
    return wanted if wanted in known else None


def best_model(names: tuple[str, str]) -> str:
    """Return the shipped `name:weights` that explains pairs of these modalities best, of those that are there."""
    family = modality_family(names)
    for name in BEST[family]:
        if weights_for(name, names):
            return f"{name}:{family}"
    return "laplacian_pyramid"


def load_weights(model: FusionModel, weights: str | Path) -> FusionModel:
    """Load shipped weights by name (`"mri-pet"`) or a `.safetensors` file into `model`, and return it.

    Raises:
        UnknownNameError: no shipped weights of that name.
        InputError: missing file, not a safetensors file, or tensors that do not fit the network.
    """
    path = weights_file(model.name, weights)
    start_from(model, path)
    card = path.with_suffix(".json")
    facts = json.loads(card.read_text(encoding="utf-8")) if card.is_file() else {}
    name = path.stem if Path(weights).suffix == ".safetensors" else str(weights)
    model.weights_info = {**facts, "weights": facts.get("weights", name), "sha256": file_hash(path)}
    return model


def weights_file(model: str, weights: str | Path) -> Path:
    """Return the file of shipped weights by name, or `weights` itself where it is a `.safetensors` file.

    Raises:
        UnknownNameError, InputError: as `load_weights`.
    """
    path = Path(weights)
    if path.suffix == ".safetensors":
        if not path.is_file():
            raise InputError(f"The weights file '{path}' does not exist.")
        return path
    path = weights_folder() / f"{model}-{weights}.safetensors"
    if not path.is_file():
        known = [card["weights"] for card in list_weights(model).values()]
        raise UnknownNameError(f"weights of {model}", str(weights), known)
    return path


def start_from(model: FusionModel, path: Path) -> None:
    """Copy the tensors of a safetensors file into `model`, all or none.

    Raises:
        InputError: missing file, not a safetensors file, or tensors that do not fit the network.
    """
    tensors = read_tensors(path)
    _check_fit(model, tensors, path)
    model.load_state_dict(tensors)


def save_weights(model: FusionModel, path: Path, settings: Mapping[str, Any] | None = None) -> Path:
    """Write the model's tensors as safetensors, atomically; `settings` are its constructor's arguments."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    with atomic_path(path) as temporary:
        # One entry: the order of several is not fixed, and the same weights are to be the same bytes.
        header = {"model": model.name, "settings": dict(settings or {})}
        save_file(tensors, temporary, metadata={"fuselens": json.dumps(header, sort_keys=True)})
    return path


def _check_fit(model: FusionModel, tensors: dict[str, torch.Tensor], path: Path) -> None:
    expected = model.state_dict()
    missing, extra = sorted(expected.keys() - tensors.keys()), sorted(tensors.keys() - expected.keys())
    wrong = [name for name in expected.keys() & tensors.keys() if expected[name].shape != tensors[name].shape]
    if missing or extra or wrong:
        first = (missing or extra or sorted(wrong))[0]
        raise InputError(
            f"The tensors in '{path.name}' do not fit {model.name}: {len(missing)} missing, {len(extra)} unknown, "
            f"{len(wrong)} of another shape (first: {first}); choose the network that these weights were made for."
        )
