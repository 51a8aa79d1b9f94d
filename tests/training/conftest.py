"""A handful of small pairs and a recipe that trains on them within a second."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter

from fuselens.training.recipe import Recipe


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Bits must not depend on how many threads share the work, nor speed on who else uses the machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of six pairs, 40x36, in `ir` and `vi`."""
    folder = tmp_path_factory.mktemp("pairs")
    random = np.random.default_rng(5)
    for modality in ("ir", "vi"):
        (folder / modality).mkdir()
        for number in range(6):
            field = gaussian_filter(random.standard_normal((36, 40)), 2)
            grey = np.interp(field, (field.min(), field.max()), (0, 255)).astype(np.uint8)
            Image.fromarray(grey).save(folder / modality / f"{number}.png")
    return folder


@pytest.fixture
def recipe() -> Recipe:
    """Seven steps of DeepFuse in epochs of three, three and one."""
    return Recipe(
        model="deepfuse",
        weights="tiny",
        modalities=("ir", "vi"),
        schedule="cosine",
        batch_size=2,
        crop=16,
        steps=7,
        epoch_steps=3,
        validation=0.2,
        gradient_clip=1.0,
    )
