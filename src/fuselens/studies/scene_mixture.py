"""Folders of generated pairs, most of them streets: a training set whose scenes are out of balance on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from fuselens.core.errors import InputError
from fuselens.core.files import prepare_folder, write_image
from fuselens.data.colour import join_colour
from fuselens.data.examples import example_pair

FOLDERS = ("ir", "vi")


def mixture(pairs: int, street_share: float) -> dict[str, int]:
    """Return how many streets and how many meadows make a training set; at least one is a street.

    Raises:
        InputError: no pair, or a share outside (0, 1].

    Example:
        >>> mixture(40, 0.95)
        {'street': 38, 'nature': 2}
    """
    if pairs < 1 or not 0 < street_share <= 1:
        raise InputError(
            f"Expected pairs and a share of streets above 0 and up to 1 but got {pairs} and {street_share:g}."
        )
    streets = max(1, round(street_share * pairs))
    return {"street": streets, "nature": pairs - streets}


def write_scenes(place: Path, counts: Mapping[str, int], size: tuple[int, int], first_seed: int) -> Path:
    """Write generated pairs as `ir/KIND-SEED.png` and `vi/KIND-SEED.png`; those that are there are not drawn again.

    Args:
        place: a folder that holds nothing but pairs of these counts, size and seeds.
        counts: how many of each example scene.
        size: height and width.
        first_seed: of each kind; the others follow.

    Returns:
        The folder.

    Raises:
        InputError: a file cannot be written, or a size that no scene has.
        UnknownNameError: no such example.
    """
    ir, vi = (prepare_folder(place / name) for name in FOLDERS)
    for kind, count in counts.items():
        for seed in range(first_seed, first_seed + count):
            name = f"{kind}-{seed:04d}.png"
            if (ir / name).is_file() and (vi / name).is_file():
                continue
            pair = example_pair(kind, seed=seed, size=size)
            assert pair.b.chroma is not None  # the visible images of both kinds are coloured
            for path, levels in (
                (ir / name, pair.a.y),
                (vi / name, join_colour(pair.b.y, pair.b.chroma).movedim(0, -1)),
            ):
                write_image(path, (levels * 255).round().to(torch.uint8).numpy())
    return place
