"""The facts of attributions in words: what each method knows about its own answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fuselens.core.files import plain
from fuselens.core.results import Attribution
from fuselens.report.card import plain_words
from fuselens.report.words import Row, amount, percent, row, signed

# Keys of facts, their label, and what their number means; those that methods may add later are told by their key.
_LABELS = {
    "r2": ("Fit (R²)", "1 would mean that a sum over the segments tells every score exactly"),
    "local_prediction": ("Score by the fit", "of the whole pair; the true one stands first"),
    "intercept": ("Score by the fit, all hidden", ""),
    "mean_score": ("Mean score", "over all masks"),
    "samples": ("Samples", "mixes of shown and hidden parts that were fused"),
    "score_baseline": ("Score at the start", "of the featureless images from which the change is counted"),
    "interaction": ("Interaction", "what both sources do together beyond the sum of what each does alone"),
    "completeness_delta": ("Sum less change", "the maps' sum less the score's change; 0 would be complete"),
    "completeness_delta_relative": ("As a part of the change", ""),
    "steps": ("Steps", "along the path from the start to the pair"),
    "layer": ("Layer", ""),
    "noise_precision": ("Precision of the scores", "1 over the variance about the fit, on the scale 0 to 1"),
    "prior_precision": ("Precision of the prior", "1 over its variance, on the scale 0 to 1"),
    "model_images": ("Fused images computed", ""),
    "seconds": ("Seconds", ""),
}
_BY_SOURCE = {
    "sum": "Sum of the map",
    "diffusion_index": "Spread (diffusion index; 100: all pixels alike)",
    "call": "Call of the layer",
}
# Said elsewhere on the page, or of no use to a reader.
_SAID = {"complete", "warning", "unit_std", "share", "score", "model_pixels", "layer_is_after_fusion"}
LONGEST = 8


def warnings(found: Attribution) -> list[str]:
    """Say where a map is not to be leaned on."""
    facts = found.facts
    said = [str(facts["warning"])] if facts.get("warning") else []
    if facts.get("complete") is False and not said:
        said.append(_incomplete(facts))
    if facts.get("layer_is_after_fusion"):
        said.append(
            "The layer lies after the fusion, so it cannot tell the sources apart: both maps are halves of one."
        )
    return said


def _incomplete(facts: Mapping[str, Any]) -> str:
    missed = facts.get("completeness_delta_relative")
    if isinstance(missed, int | float):
        return (
            f"The maps' sum misses the change of the score by {percent(float(missed))}: single numbers are that rough."
        )
    return "The computation was cut short: this map rests on what was done until then."


def fact_rows(found: Attribution) -> list[tuple[str, str, str]]:
    """Return what is known of the answer: label, number, and what it means; the score of the pair first."""
    facts = {key: value for key, value in found.facts.items() if _stem(key) not in _SAID | set(_BY_SOURCE)}
    rows = [("Score of the pair", amount(found.value), "")]
    for key in (*(key for key in _LABELS if key in facts), *(key for key in facts if key not in _LABELS)):
        value = facts[key]
        if value is None or (
            isinstance(value, Sequence | Mapping) and len(value) > LONGEST and not isinstance(value, str)
        ):
            continue
        label, words = _LABELS.get(key, (key.replace("_", " "), ""))
        rows.append((label, percent(float(value)) if key.endswith("_relative") else _text(value), words))
    return rows


def by_source(facts: Mapping[str, Any]) -> list[Row]:
    """Return the facts that have one number per source."""
    return [
        row(label, [_text(facts[f"{stem}_{letter}"]) for letter in "ab"])
        for stem, label in _BY_SOURCE.items()
        if all(f"{stem}_{letter}" in facts for letter in "ab")
    ]


def _stem(key: str) -> str:
    return key[:-2] if key.endswith(("_a", "_b")) else key


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return signed(value) if value < 0 else amount(value)
    return plain_words(plain(value))
