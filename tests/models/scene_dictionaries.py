"""Small dictionaries of scenes for the tests of BAFFM and of their file."""

from __future__ import annotations

import torch

from fuselens.models.confounder_dictionary import ConfounderDictionary, Scenes

FEATURE = 7


def scenes_of(seed: int, scenes: int = 5, dim: int = 6, *, pictures: bool = False) -> Scenes:
    """Scenes of 1, 2, 3, ... images."""
    random = torch.Generator().manual_seed(seed)
    sizes = torch.arange(1, scenes + 1)
    count = int(sizes.sum())
    return Scenes(
        centres=3 * torch.randn(scenes, dim, generator=random),
        sizes=sizes,
        pca_mean=torch.randn(FEATURE, generator=random),
        pca_axes=torch.randn(dim, FEATURE, generator=random),
        variance=torch.rand(dim, generator=random),
        pictures=torch.randint(0, 256, (scenes, 64, 64), dtype=torch.uint8, generator=random) if pictures else None,
        points=torch.randn(count, 2, generator=random),
        labels=torch.repeat_interleave(torch.arange(scenes), sizes),
    )


def dictionary_of(scenes: int = 5, dim: int = 6, *, pictures: bool = False) -> ConfounderDictionary:
    return ConfounderDictionary(
        scenes_of(1, scenes, dim, pictures=pictures),
        scenes_of(2, scenes, dim, pictures=pictures),
        {"names": ["infrared", "visible"], "seed": 0},
    )
