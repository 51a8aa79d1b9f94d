"""Folders of tiny pairs, and models that explain them in a moment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

import fuselens as fl
from fuselens.data.folders import PairFiles, find_pairs
from tests.core.small import TinyCNN

SIDE = 48


def write_pairs(folder: Path, count: int = 2, side: int = SIDE) -> list[PairFiles]:
    """Smooth noise of two modalities, with a bright square in the infrared and a striped one in the visible."""
    for number in range(count):
        random = np.random.default_rng(number)
        for name in ("ir", "vi"):
            image = gaussian_filter(random.random((side, side)), 1.5)
            image = 0.2 + 0.5 * (image - image.min()) / np.ptp(image)
            if name == "ir":
                image[8:20, 10:24] = 0.95
            else:
                image[24:40:3, 20:40] = 0.05
            (folder / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray((image * 255).astype(np.uint8)).save(folder / name / f"{number}.png")
    return find_pairs(folder)


def tiny_network() -> fl.FusionModel:
    """A network with layers and a reach, of which Grad-CAM and windows can be tested."""
    return TinyCNN()


def blind() -> fl.FusionModel:
    """A fusion that looks at nothing."""
    return fl.wrap_model(lambda a, b: 0 * a + 0 * b + 0.5, reach=0, name="blind")
