"""What befalls a sensor: the registry of perturbations."""

from __future__ import annotations

from fuselens.core.registry import Registry

PERTURBATIONS = Registry(
    "perturbation",
    {
        "black": "fuselens.robustness.perturbations.black:black",
        "blur": "fuselens.robustness.perturbations.blur:blur",
        "dead_columns": "fuselens.robustness.perturbations.dead_columns:dead_columns",
        "frozen": "fuselens.robustness.perturbations.frozen:frozen",
        "misregistration": "fuselens.robustness.perturbations.misregistration:misregistration",
        "noise": "fuselens.robustness.perturbations.noise:noise",
        "saturation": "fuselens.robustness.perturbations.saturation:saturation",
    },
    "fuselens.perturbations",
)
