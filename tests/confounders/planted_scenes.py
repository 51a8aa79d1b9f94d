"""Folders of pairs whose scenes are known: a few kinds of images, each with chance in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter

from fuselens.data.folders import PairFiles, find_pairs

SIDE = 40
KINDS = ("upright stripes", "level stripes", "dark", "bright")


def write_pairs(folder: Path, kinds_a: list[int], kinds_b: list[int], *, side: int = SIDE) -> list[PairFiles]:
    """Write one pair for each two kinds; infrared in grey, visible in colour."""
    for name, kinds in (("ir", kinds_a), ("vi", kinds_b)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number, kind in enumerate(kinds):
            grey = draw(kind, seed=10 * number + len(name) + ord(name[0]), side=side)
            pixels = grey if name == "ir" else np.stack([grey, grey // 2, grey // 3], axis=-1)
            Image.fromarray(pixels).save(folder / name / f"{number:03d}.png")
    return find_pairs(folder)


def draw(kind: int, seed: int, side: int = SIDE) -> np.ndarray:
    """Draw an image of a kind, uint8 `[side, side]`; its phase and its soft noise are chance."""
    random = np.random.default_rng(seed)
    noise = 0.03 * gaussian_filter(random.standard_normal((side, side)), 1)
    wave = 0.5 + 0.4 * np.sin(2 * np.pi * np.arange(side) / 5 + random.uniform(0, 2 * np.pi))
    plain = (np.tile(wave, (side, 1)), np.tile(wave[:, None], (1, side)), 0.1, 0.85)[kind]
    return (np.clip(plain + noise, 0, 1) * 255).astype(np.uint8)


def cells(image: torch.Tensor) -> torch.Tensor:
    """Quick features: the brightness of sixteen cells, then mean steps across and down."""
    means = torch.nn.functional.adaptive_avg_pool2d(image, 4).flatten()
    steps = [image.diff(dim=axis).abs().mean() for axis in (-1, -2)]
    return torch.cat([means, torch.stack(steps)])


def same_division(labels: np.ndarray, kinds: list[int]) -> bool:
    """Say whether two divisions of the same images are one, whatever their numbers are."""
    pairs = set(zip(labels.tolist(), kinds, strict=True))
    return len(pairs) == len(set(kinds)) == len(set(labels.tolist()))
