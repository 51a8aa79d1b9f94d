"""Names of modalities: how users abbreviate them, and which word every face shows."""

from __future__ import annotations

_ALIASES = {
    "infrared": ("ir", "infrared", "thermal", "lwir", "tir"),
    "visible": ("vi", "vis", "visible", "rgb", "viz"),
    "near-infrared": ("nir", "near-infrared"),
    "mri": ("mri", "mr", "t1", "t2", "flair"),
    "pet": ("pet",),
    "spect": ("spect",),
    "ct": ("ct",),
}
_CANONICAL = {alias: name for name, aliases in _ALIASES.items() for alias in aliases}
MEDICAL = frozenset({"mri", "pet", "spect", "ct"})


def canonical_modality(name: str) -> str:
    """Return the house name of a modality: `"ir"` gives `"infrared"`; unknown names stay as they are."""
    return _CANONICAL.get(name.strip().lower(), name.strip())


def is_known_modality(name: str) -> bool:
    """Say whether `name` is a modality that FuseLens has a word for."""
    return name.strip().lower() in _CANONICAL


def modality_family(names: tuple[str, str]) -> str:
    """Return `"mri-pet"` for medical pairs and `"infrared-visible"` for all others.

    These are the two families that shipped weights were trained for.
    """
    return "mri-pet" if MEDICAL & {canonical_modality(name) for name in names} else "infrared-visible"
