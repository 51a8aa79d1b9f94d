"""Results that every map explainer returns, and how they are written.

Schema of `explanation.json` and `maps.npz`: DESIGN section 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from fuselens.core.display import Preset, colour_map, common_scale
from fuselens.core.files import prepare_folder, write_image, write_json, write_npz
from fuselens.core.locality import Box
from fuselens.core.model import FusionModel
from fuselens.core.rich import ShownInNotebooks
from fuselens.core.version import __version__

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from fuselens.core.units import Units

SCHEMA = 1


@dataclass(frozen=True, eq=False)
class Attribution(ShownInNotebooks):
    """A signed map per source: how much each source pixel moves the target.

    Attributes:
        a, b: maps `[H, W]`, signed, target units per unit of luma.
        names: modality names of the sources.
        target: the explained number, as the command line writes it.
        value: the target's value on this pair.
        method: name of the explainer.
        window: the box outside which both maps are zero by construction.
        settings: what the result depends on, for the record.
        facts: numbers that belong to the method, such as LIME's R² or the completeness of Integrated Gradients.
        units: the segments that were hidden, for methods that hide segments.
        unit_scores: one signed number a unit, `[units.count]`.
        error_a, error_b: standard errors of the maps, `[H, W]`, for methods that sample.
    """

    a: torch.Tensor
    b: torch.Tensor
    names: tuple[str, str]
    target: str
    value: float
    method: str
    window: Box
    settings: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    units: Units | None = None
    unit_scores: torch.Tensor | None = None
    error_a: torch.Tensor | None = None
    error_b: torch.Tensor | None = None

    def share(self) -> float:
        """Return source a's part of the total influence: sum |a| / (sum |a| + sum |b|); 0.5 where both vanish."""
        mass_a, mass_b = float(self.a.abs().sum()), float(self.b.abs().sum())
        return mass_a / (mass_a + mass_b) if mass_a + mass_b else 0.5

    def plot(self, *, gamma: float = 0.3, preset: Preset = "signed") -> Figure:
        """Return a matplotlib figure of both maps on one scale, cut to the window."""
        from fuselens.core.plotting import map_figure

        cut = [m[self.window.slices] for m in (self.a, self.b)]
        return map_figure(cut, list(self.names), title=f"{self.method} of {self.target}", gamma=gamma, preset=preset)

    def save(self, folder: str | Path, *, gamma: float = 0.3, preset: Preset = "signed") -> Path:
        """Write `explanation.json`, `maps.npz` and one PNG a map into `folder`.

        Raises:
            InputError: the folder cannot be made or written.
        """
        place = prepare_folder(folder)
        scale = common_scale(self.a, self.b)
        for letter, values in (("a", self.a), ("b", self.b)):
            colours = colour_map(values, scale, gamma=gamma, preset=preset)
            write_image(place / f"{self.method}_{letter}.png", colours)
        write_npz(place / "maps.npz", self._arrays())
        write_json(place / "explanation.json", self.record())
        return place

    def record(self) -> dict[str, Any]:
        """Return the body of `explanation.json`."""
        scale = common_scale(self.a, self.b)
        answer = {"target": self.target, "value": self.value, "share_a": self.share(), "scale": scale}
        facts = {"size": list(self.a.shape), **answer, **self.facts}
        return record(self.method, self.names, facts, self.settings)

    def _arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        found = {"attribution_a": self.a, "attribution_b": self.b, "error_a": self.error_a, "error_b": self.error_b}
        if self.units is not None:
            found |= {"units_a": self.units.labels_a, "units_b": self.units.labels_b, "unit_scores": self.unit_scores}
        return {name: to_numpy(values) for name, values in found.items() if values is not None}


def record(
    method: str, names: tuple[str, str], facts: Mapping[str, Any], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the body of `explanation.json`."""
    return {
        "schema": SCHEMA,
        "method": method,
        "names": list(names),
        **facts,
        "settings": dict(settings),
        "versions": {"fuselens": __version__, "torch": torch.__version__},
    }


def model_settings(model: FusionModel) -> dict[str, Any]:
    """Return what identifies a model in a result: name, weights, their hash, reach."""
    return {
        "model": model.name,
        "weights": model.weights_info.get("weights"),
        "weights_sha256": model.weights_info.get("sha256"),
        "reach": model.reach,
        "reach_is_measured": model.reach_is_measured,
    }


def to_numpy(values: torch.Tensor) -> npt.NDArray[np.generic]:
    """Return a tensor as a numpy array on the CPU."""
    array: npt.NDArray[np.generic] = values.detach().cpu().numpy()
    return array
