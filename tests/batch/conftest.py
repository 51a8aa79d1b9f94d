"""Small pairs on disk, and what a batch left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fuselens.batch.record import hash_of

SIDE = (32, 48)


@pytest.fixture
def folders(tmp_path: Path) -> Callable[[int], tuple[Path, Path]]:
    """Write so many pairs into two folders."""

    def write(count: int) -> tuple[Path, Path]:
        for number in range(count):
            draw = np.random.default_rng(number)
            for name in ("ir", "vi"):
                folder = tmp_path / name
                folder.mkdir(exist_ok=True)
                Image.fromarray(draw.integers(0, 256, SIDE, dtype=np.uint8)).save(folder / f"{number:04}.png")
        return tmp_path / "ir", tmp_path / "vi"

    return write


def images_of(out: Path) -> dict[str, str]:
    """Return the hash of every fused image."""
    return {path.name: hash_of(path) for path in sorted((out / "fused").iterdir())}
