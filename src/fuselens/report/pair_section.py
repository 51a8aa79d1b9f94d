"""What pages about one fused pair show alike: the pair, its fusion, the weights and the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fuselens.core.files import plain
from fuselens.core.modalities import MEDICAL
from fuselens.core.model import FusionModel
from fuselens.core.pair import ImagePair
from fuselens.data.fused import FusedImage
from fuselens.report import card, pictures, words
from fuselens.report.pictures import picture
from fuselens.report.words import Names


def names_of(pair: ImagePair) -> Names:
    """Return the modalities of a pair as people write them."""
    first, second = pair.names
    return words.shown_name(first), words.shown_name(second)


def pair_values(pair: ImagePair, fused: FusedImage, model: FusionModel, notes: Sequence[str]) -> dict[str, Any]:
    """Return what `pair.html.j2` shows, but for the marks, the settings and the command."""
    names = names_of(pair)
    return {
        "names": names,
        "model": model,
        "weights": card.weights_words(model),
        "origins": [(name, source.origin) for name, source in zip(names, pair, strict=True) if source.origin],
        "size": pair.size,
        "sources": [
            picture(pictures.source_rgb(source), f"{name} image, mean brightness {float(source.y.mean()):.2f} of 1.")
            for name, source in zip(names, pair, strict=True)
        ],
        "coloured": [source.is_coloured for source in pair],
        "fused": picture(pictures.fused_rgb(fused), f"Fused image, mean brightness {float(fused.y.mean()):.2f} of 1."),
        "colour_note": words.with_shown_names(fused.colour_note, pair.names),
        "is_medical": bool(MEDICAL & set(pair.names)),
        "is_reduced": max(pair.size) > pictures.LONGEST_SIDE,
        "notes": [note for note in notes if note != fused.colour_note],
        "card_rows": card.card_rows(model.weights_info),
        "loss_rows": card.loss_rows(model.weights_info),
        "trained_names": card.trained_names(model.weights_info, names),
    }


def model_settings(model: FusionModel) -> dict[str, Any]:
    """Return what a page records of the model."""
    reach = "whole image" if model.reach is None else f"{model.reach} px{' (measured)' * model.reach_is_measured}"
    return {"model": model.title, "reach": reach}


def telling(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that say something and are not those of the model."""
    said = ("model", "reach", "reach_is_measured")
    return {key: value for key, value in settings.items() if value is not None and key not in said}


def settings_rows(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return settings as labels and texts."""
    return [(key.replace("_", " "), card.plain_words(plain(value))) for key, value in settings.items()]
