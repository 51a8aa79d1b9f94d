"""Matplotlib figures of results, for notebooks and papers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import FuncNorm, Normalize
from matplotlib.figure import Figure, FigureBase

from fuselens.core.display import Preset, Rgb, colour_map, common_scale, dimmed, preset_of, share_colours
from fuselens.core.intrinsic import ModelState, StateBars, StateMaps

if TYPE_CHECKING:
    from fuselens.core.explanation import SetExplanation

MAPS_A_ROW = 4
LABELS_AN_AXIS = 32  # more than these would run into each other
WIDEST_BARS = 8  # fewer bars than these do not fill the axis


def map_figure(
    maps: Sequence[torch.Tensor], titles: Sequence[str], *, title: str, gamma: float, preset: Preset
) -> Figure:
    """Draw maps `[H, W]` side by side on one scale, with one colour bar in the maps' own units."""
    scale = common_scale(*maps)
    figure = Figure(figsize=(3.6 * len(maps) + 1, 3.8), layout="constrained")
    figure.suptitle(title)
    panels = figure.subplots(1, len(maps), squeeze=False)[0]
    for panel, values, words in zip(panels, maps, titles, strict=True):
        _draw(panel, colour_map(values, scale, gamma=gamma, preset=preset), words)
    bar = _colours(scale, gamma, preset)
    figure.colorbar(bar, ax=list(panels), shrink=0.85, label="d fused / d source")
    return figure


def set_figure(explanation: SetExplanation) -> Figure:
    """Draw both sources with what the set leaves out dimmed and its outline drawn, and the fused image."""
    keeps = explanation.keep_maps()
    figure = Figure(figsize=(10.8, 3.9), layout="constrained")
    counted = f"{explanation.size} of {explanation.units.count} units"
    figure.suptitle(f"{explanation.method} of {explanation.target}: {counted}")
    panels = figure.subplots(1, 3)
    for panel, source, keep in zip(panels, explanation.pair, keeps, strict=False):
        _draw(panel, dimmed(source.y, keep), source.name)
    panels[2].imshow(explanation.fused.numpy(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    panels[2].set_title("fused")
    panels[2].set_axis_off()
    return figure


def state_figure(state: ModelState, *, gamma: float) -> Figure:
    """Draw a model's own account, a row a part: maps side by side with their colour bar, one axis a series of bars."""
    heights = [_height_of(part) for part in state.parts]
    figure = Figure(figsize=(11, sum(heights)), layout="constrained")
    rows = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    for row, part in zip(rows, state.parts, strict=True):
        row.suptitle(part.title)
        if isinstance(part, StateMaps):
            _draw_maps(row, part, gamma)
        else:
            _draw_bars(row, part, state.names)
    return figure


def _height_of(part: StateMaps | StateBars) -> float:
    """Return inches."""
    if isinstance(part, StateBars):
        return 1.1 + 1.1 * len(part.series) + (0.07 * max(map(len, part.labels)) if _stand(part.labels) else 0)
    columns = min(len(part.maps), MAPS_A_ROW)
    height, width = part.size
    side = min(3.6, 9.8 / columns * height / width)
    return 0.6 + (side + 0.4) * math.ceil(len(part.maps) / MAPS_A_ROW)


def _draw_maps(row: FigureBase, part: StateMaps, gamma: float) -> None:
    colours = part.colours(gamma)
    columns = min(len(colours), MAPS_A_ROW)
    panels = row.subplots(math.ceil(len(colours) / columns), columns, squeeze=False)
    for panel in panels.flat:
        panel.set_axis_off()
    for panel, (caption, pixels) in zip(panels.flat, colours.items(), strict=False):
        _draw(panel, pixels, caption)
    grey = part.display == "grey"
    exponent = gamma * part.gamma
    bar = ScalarMappable(Normalize(0, 1), "gray") if grey else _colours(part.scale, exponent, preset_of(part.display))
    row.colorbar(bar, ax=list(panels.flat), shrink=0.85)


def _draw_bars(row: FigureBase, part: StateBars, names: tuple[str, str]) -> None:
    panels = row.subplots(len(part.series), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    every = math.ceil(len(part.labels) / LABELS_AN_AXIS)
    places = range(len(part.labels))
    for panel, (name, values) in zip(panels, part.series.items(), strict=True):
        panel.bar(places, values.numpy(), width=0.8, color=_colour_of(name, names))
        panel.axhline(0, color="black", linewidth=0.6)
        panel.set_title(name, loc="left", fontsize="medium")
        panel.spines[["top", "right"]].set_visible(False)
        panel.set_xlim(-0.6, max(len(part.labels), WIDEST_BARS) - 0.4)
    panels[-1].set_xticks(list(places)[::every], list(part.labels)[::every], rotation=90 if _stand(part.labels) else 0)


def _stand(labels: Sequence[str]) -> bool:
    """Whether labels are too long to lie beside each other."""
    shown = min(max(len(labels), WIDEST_BARS), LABELS_AN_AXIS)
    return max(map(len, labels)) > 100 / shown


def _colour_of(name: str, names: tuple[str, str]) -> Any:
    """Return the colour of a source, or grey where a series is of neither."""
    if name not in names:
        return "0.45"
    return share_colours(torch.tensor([[1.0 if name == names[0] else 0.0]]))[0, 0] / 255


def _draw(panel: Any, pixels: Rgb, words: str) -> None:
    panel.imshow(pixels, interpolation="nearest")
    panel.set_title(words)
    panel.set_axis_off()


def _colours(scale: float, gamma: float, preset: Preset) -> ScalarMappable:
    """Return the colours of `colour_map` with the same settings, for a colour bar."""
    lowest = 0.0 if preset == "paper" else -scale

    def powered(x, exponent=gamma):  # type: ignore[no-untyped-def]
        x = np.asarray(x)
        return (np.sign(x) * np.abs(x / scale) ** exponent - lowest / scale) / (1 - lowest / scale)

    def unpowered(x):  # type: ignore[no-untyped-def]
        shown = np.asarray(x) * (1 - lowest / scale) + lowest / scale
        return np.sign(shown) * np.abs(shown) ** (1 / gamma) * scale

    norm = FuncNorm((powered, unpowered), vmin=lowest, vmax=scale)
    return ScalarMappable(norm, colormaps["viridis" if preset == "paper" else "RdBu_r"])
