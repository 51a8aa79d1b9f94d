"""Matplotlib figures of results, for notebooks and papers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import FuncNorm
from matplotlib.figure import Figure

from fuselens.core.display import Preset, colour_map, common_scale, dimmed

if TYPE_CHECKING:
    from fuselens.core.explanation import SetExplanation


def map_figure(
    maps: Sequence[torch.Tensor], titles: Sequence[str], *, title: str, gamma: float, preset: Preset
) -> Figure:
    """Draw maps `[H, W]` side by side on one scale, with one colour bar in the maps' own units."""
    scale = common_scale(*maps)
    figure = Figure(figsize=(3.6 * len(maps) + 1, 3.8), layout="constrained")
    figure.suptitle(title)
    panels = figure.subplots(1, len(maps), squeeze=False)[0]
    for panel, values, words in zip(panels, maps, titles, strict=True):
        panel.imshow(colour_map(values, scale, gamma=gamma, preset=preset), interpolation="nearest")
        panel.set_title(words)
        panel.set_axis_off()
    lowest = 0.0 if preset == "paper" else -scale

    def powered(x, exponent=gamma):  # type: ignore[no-untyped-def]
        import numpy as np

        x = np.asarray(x)
        return (np.sign(x) * np.abs(x / scale) ** exponent - lowest / scale) / (1 - lowest / scale)

    def unpowered(x):  # type: ignore[no-untyped-def]
        import numpy as np

        shown = np.asarray(x) * (1 - lowest / scale) + lowest / scale
        return np.sign(shown) * np.abs(shown) ** (1 / gamma) * scale

    norm = FuncNorm((powered, unpowered), vmin=lowest, vmax=scale)
    colours = colormaps["viridis" if preset == "paper" else "RdBu_r"]
    figure.colorbar(ScalarMappable(norm, colours), ax=list(panels), shrink=0.85, label="d fused / d source")
    return figure


def set_figure(explanation: SetExplanation) -> Figure:
    """Draw both sources with what the set leaves out dimmed and its outline drawn, and the fused image."""
    keeps = explanation.keep_maps()
    figure = Figure(figsize=(10.8, 3.9), layout="constrained")
    counted = f"{explanation.size} of {explanation.units.count} units"
    figure.suptitle(f"{explanation.method} of {explanation.target}: {counted}")
    panels = figure.subplots(1, 3)
    for panel, source, keep in zip(panels, explanation.pair, keeps, strict=False):
        panel.imshow(dimmed(source.y, keep), interpolation="nearest")
        panel.set_title(source.name)
    panels[2].imshow(explanation.fused, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    panels[2].set_title("fused")
    for panel in panels:
        panel.set_axis_off()
    return figure
