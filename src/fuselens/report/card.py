"""The card of the weights, for people: how the model came to be what it is. Written by `training/card.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fuselens.core.modalities import canonical_modality
from fuselens.core.model import FusionModel
from fuselens.report.words import Names, shown_name

CARD_KEYS = (
    ("model", "Model"),
    ("weights", "Weights"),
    ("modalities", "Trained for"),
    ("parameters", "Parameters"),
    ("data", "Training data"),
    ("pairs", "Pairs"),
    ("steps", "Steps"),
    ("recipe", "Recipe"),
    ("seconds", "Training time"),
    ("hardware", "Hardware"),
    ("sha256", "SHA-256"),
)
RECIPE_KEYS = ("loss", "lr", "schedule", "batch_size", "crop", "normalize", "precision", "seed")
LOSSES = ("ssim_a", "ssim_b", "l2_a", "l2_b")


def weights_words(model: FusionModel) -> str:
    """Say in a line what the model is made of."""
    info = model.weights_info
    if info:
        return f"weights {info.get('weights', 'without a name')}"
    if any(True for _ in model.parameters()):
        return "weights without a card: FuseLens does not know how they were trained"
    return "no trained weights"


def card_rows(info: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the facts of a weights card as label and text; what the card does not say is left out."""
    facts = dict(info)
    if "modalities" in facts:
        facts["modalities"] = trained_names(info, ("", ""))
    if isinstance(recipe := facts.get("recipe"), Mapping):
        facts["recipe"] = {key: recipe[key] for key in RECIPE_KEYS if recipe.get(key) is not None}
    if sha := facts.get("sha256"):
        facts["sha256"] = f"{str(sha)[:12]}…"
    if isinstance(seconds := facts.get("seconds"), int | float):
        facts["seconds"] = f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
    return [(label, plain_words(facts[key])) for key, label in CARD_KEYS if facts.get(key) not in (None, "", {})]


def plain_words(value: Any) -> str:
    """Return a plain value as text; of a mapping, its pairs."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {plain_words(item)}" for key, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " + ".join(plain_words(item) for item in value)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def loss_rows(info: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Return the rows of the card's test losses: model, then its four numbers; empty where the card has none."""
    test = info.get("test")
    if not isinstance(test, Mapping):
        return []
    return [
        (str(name), [f"{losses[part]:.4f}" for part in LOSSES])
        for name, losses in test.items()
        if isinstance(losses, Mapping) and all(isinstance(losses.get(part), int | float) for part in LOSSES)
    ]


def trained_names(info: Mapping[str, Any], names: Names) -> Names:
    """Return the modalities that the weights were trained for, or those of the pair where the card does not say."""
    told = info.get("modalities")
    if isinstance(told, Sequence) and len(told) == 2 and not isinstance(told, str):
        first, second = (shown_name(canonical_modality(str(name))) for name in told)
        return first, second
    return names
