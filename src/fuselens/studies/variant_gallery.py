"""The gallery of trained variants: what each makes of one pair of every data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from fuselens.core.display import grey
from fuselens.core.run import fuse_luma
from fuselens.scoring.run import ScoreSettings
from fuselens.studies.cases import Folders
from fuselens.studies.trained_variants import VariantScores

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AMPLIFIED = 4


def gallery_figure(scores: VariantScores, datasets: Folders, settings: ScoreSettings) -> Figure:
    """Draw both sources, what the first seed of each variant fuses, and how the first two variants differ.

    Args:
        scores: with the trained networks.
        datasets: name to test pairs; the first that was scored is drawn.
        settings: by which pairs are read.
    """
    from matplotlib.figure import Figure

    models = scores.models[:: len(scores.seeds)]
    lines = []
    for name, pairs in datasets.items():
        readable = np.isfinite(scores.losses(name)).all(axis=(0, 1, 3))
        files = pairs[int(np.argmax(readable))]
        pair = settings.read(files)
        fused = [fuse_luma(model, pair).cpu() for model in models]
        pictures = dict(zip(pair.names, (source.y for source in pair), strict=True))
        pictures |= dict(zip(scores.variants, fused, strict=True))
        pictures["difference"] = (0.5 + AMPLIFIED * (fused[0] - fused[1])).clamp(0, 1)
        lines.append((f"{name}: {files.name}", pictures))
    width = len(lines[0][1])
    figure = Figure(figsize=(2.5 * width, 2.5 * len(lines)), layout="constrained")
    for line, (words, pictures) in zip(figure.subplots(len(lines), width, squeeze=False), lines, strict=True):
        for panel, (title, picture) in zip(line, pictures.items(), strict=True):
            panel.imshow(grey(torch.as_tensor(picture)), interpolation="nearest")
            panel.set_title(title, fontsize=9)
            panel.set_xticks([])
            panel.set_yticks([])
        line[0].set_ylabel(words, fontsize=9)
    return figure
