"""Cards: the JSON beside a weights file that says honestly how it came to be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from fuselens.core.files import write_json
from fuselens.core.model import FusionModel, explaining
from fuselens.core.tensor_files import file_hash
from fuselens.core.version import __version__
from fuselens.data.folders import PairFiles
from fuselens.models import load_model
from fuselens.training.losses import PARTS, partial_losses
from fuselens.training.recipe import Recipe
from fuselens.training.stores import PairStore

# Paper 002, Table 1: 1 - SSIM and MSE against MRI and PET after the full recipe on 272 ADNI pairs.
PAPER_TABLE_1 = {
    "funfusean": (0.2524, 0.2147, 0.0148, 0.0094),
    "masknet": (0.2208, 0.2236, 0.0109, 0.0115),
    "deepfuse": (0.2824, 0.2830, 0.0385, 0.0338),
    "deeppedestrian": (0.2164, 0.2219, 0.0148, 0.0175),
}


def write_card(
    weights: Path, model: FusionModel, recipe: Recipe, facts: dict[str, Any], test: Sequence[PairFiles]
) -> None:
    """Write `<weights>.json`: the recipe, `facts`, losses on the test pairs beside plain averaging, and the hash."""
    card: dict[str, Any] = {
        "model": recipe.model,
        "weights": recipe.weights,
        "modalities": list(recipe.modalities),
        "sha256": file_hash(weights),
        "parameters": sum(p.numel() for p in model.parameters()),
        "recipe": recipe.as_dict(),
        "data": recipe.data_words,
        **facts,
        "versions": {"fuselens": __version__, "torch": torch.__version__},
    }
    if test:
        store = PairStore(test, recipe.normalize)
        card["test"] = {
            "pairs": len(store),
            recipe.model: mean_losses(model, store),
            "average": mean_losses(load_model("average"), store),
        }
    if recipe.weights == "mri-pet" and recipe.model in PAPER_TABLE_1:
        card["paper_table_1"] = dict(zip(PARTS, PAPER_TABLE_1[recipe.model], strict=True))
    write_json(weights.with_suffix(".json"), card)


def mean_losses(model: FusionModel, store: PairStore) -> dict[str, float]:
    """Return the four partial losses of `model`, averaged over whole images."""
    totals = dict.fromkeys(PARTS, 0.0)
    with explaining(model), torch.inference_mode():
        for index in range(len(store)):
            a, b = (source[None] for source in store[index])
            for name, value in partial_losses(model(a, b).float(), a, b).items():
                totals[name] += float(value) / len(store)
    return {name: round(total, 4) for name, total in totals.items()}
