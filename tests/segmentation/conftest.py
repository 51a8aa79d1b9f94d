"""One thread, and labelled images whose classes can be told by brightness."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from fuselens.segmentation.labelled import LabelledImages, LabelledPairs

THREE = ("nothing", "dark", "bright")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Bits must not depend on how many threads share the work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def halves() -> LabelledImages:
    """Six images 40x48: a dark and a bright part, and a column that is ignored."""

    def read(index: int) -> tuple[torch.Tensor, ...]:
        random = np.random.default_rng(index)
        edge = int(random.integers(12, 36))
        label = torch.ones(40, 48, dtype=torch.int64)
        label[:, edge:] = 2
        noise = torch.from_numpy(random.normal(0, 0.03, (1, 40, 48)).astype(np.float32))
        image = (torch.where(label == 2, 0.8, 0.2)[None] + noise).clamp(0, 1)
        label[:, edge] = 255
        return image, label

    return LabelledImages([f"half-{i}" for i in range(6)], read, THREE)


@pytest.fixture
def pairs() -> LabelledPairs:
    """Four pairs 20x24 with three classes."""

    def read(index: int) -> tuple[torch.Tensor, ...]:
        random = torch.Generator().manual_seed(index)
        a, b = torch.rand(2, 1, 20, 24, generator=random)
        return a, b, torch.randint(0, 3, (20, 24), generator=random)

    return LabelledPairs([f"pair-{i}" for i in range(4)], read, THREE)
