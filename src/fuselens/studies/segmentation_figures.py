"""The figures of the segmentation study: confusion matrices, and what is seen and found in a test scene."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from fuselens.core.display import grey
from fuselens.segmentation.class_attribution import logits_of
from fuselens.segmentation.labelled import LabelledPairs, View
from fuselens.segmentation.protocol import IGNORED
from fuselens.studies.segmentation_runs import SegmentationScores

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure


def confusion_figure(scores: SegmentationScores) -> Figure:
    """Draw the confusion of each input, all seeds together: rows are true classes and add up to 1."""
    from matplotlib.figure import Figure

    count, classes = len(scores.inputs), scores.classes
    side = 0.28 * len(classes) + 1.0
    figure = Figure(figsize=(count * side + 1, side + 0.9), layout="constrained")
    for place, (panel, name) in enumerate(zip(figure.subplots(1, count, squeeze=False)[0], scores.inputs, strict=True)):
        counts = scores.pooled(name).counts.double()
        shares = counts / counts.sum(1, keepdim=True).clamp(min=1)
        image = panel.imshow(shares.numpy(), cmap="magma", vmin=0, vmax=1)
        panel.set_title(name, fontsize=9)
        panel.set_xticks(range(len(classes)), classes, rotation=90, fontsize=7)
        panel.set_yticks(range(len(classes)), classes if place == 0 else [""] * len(classes), fontsize=7)
    figure.colorbar(image, ax=figure.axes, label="share of the true class's pixels", shrink=0.8)
    return figure


def found_figure(scores: SegmentationScores, inputs: Mapping[str, View], test: LabelledPairs, index: int = 0) -> Figure:
    """Draw what each network looks at in one test scene, and below it the truth and what it finds there."""
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    a, b, label = test[index]
    colours = ListedColormap(_palette(len(scores.classes)))
    figure = Figure(figsize=(2.6 * (len(inputs) + 1), 4.6), layout="constrained")
    panels = figure.subplots(2, len(inputs) + 1)
    _show(panels[1, 0], label, colours, "truth")
    panels[0, 0].axis("off")
    panels[0, 0].legend(
        handles=[Patch(color=colours(i), label=name) for i, name in enumerate(scores.classes)], fontsize=7, loc="center"
    )
    for column, (name, view) in enumerate(inputs.items(), 1):
        with torch.no_grad():
            image = view(a[None], b[None]).clamp(0, 1)
            found = logits_of(scores.networks[name], image).argmax(1)[0]
        panels[0, column].imshow(grey(image[0, 0]), interpolation="nearest")
        panels[0, column].set_title(name, fontsize=9)
        panels[0, column].axis("off")
        _show(panels[1, column], found, colours, "")
    return figure


def _show(panel: object, label: torch.Tensor, colours: object, title: str) -> None:
    shown = np.ma.masked_where(label.numpy() >= IGNORED - 1, label.numpy())
    panel.imshow(shown, cmap=colours, vmin=-0.5, vmax=colours.N - 0.5, interpolation="nearest")  # type: ignore[attr-defined]
    panel.set_title(title, fontsize=9)  # type: ignore[attr-defined]
    panel.axis("off")  # type: ignore[attr-defined]


def _palette(count: int) -> list[tuple[float, float, float]]:
    """Return colours that differ in hue and lightness; class 0 is grey."""
    from colorsys import hls_to_rgb

    hues = [hls_to_rgb(i * 0.618 % 1, 0.42 + 0.2 * (i % 3 - 1), 0.75) for i in range(1, count)]
    return [(0.25, 0.25, 0.25), *hues]
