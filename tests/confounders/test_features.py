"""Reading features: any backbone, one image at a time, every mistake in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fuselens.confounders import features
from fuselens.confounders.features import Backbone, chosen_backbone, read_features
from fuselens.core.errors import InputError, UnknownNameError
from fuselens.data.pairs import read_pair
from tests.confounders.planted_scenes import cells, write_pairs


def test_features_are_those_of_the_images_in_their_order(tmp_path: Path) -> None:
    files = write_pairs(tmp_path, [0, 1, 2], [3, 2, 1])
    told: list[tuple[int, int]] = []
    backbone = Backbone("two", cells, lambda image: cells(image)[:5])
    a, b = read_features(files, backbone, progress=lambda *numbers: told.append(numbers))
    for i, one in enumerate(files):
        pair = read_pair(one.a, one.b)
        np.testing.assert_array_equal(a[i], cells(pair.a.y[None, None]).numpy())
        np.testing.assert_array_equal(b[i], cells(pair.b.y[None, None])[:5].numpy())
    assert told == [(k, 6) for k in range(1, 7)]


def test_tables_beyond_memory_lie_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = write_pairs(tmp_path, [0, 1], [2, 3])
    in_memory = read_features(files, chosen_backbone(cells))
    monkeypatch.setattr(features, "_MOST_IN_MEMORY", 0)
    on_disk = read_features(files, chosen_backbone(cells))
    for one, other in zip(in_memory, on_disk, strict=True):
        assert isinstance(other, np.memmap)
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda image: image, r"one tensor \[F\] for an image but got \[1, 1, 40, 40\]"),
        (lambda image: image.flatten().tolist(), "but got list"),
        (lambda image: image.flatten() / 0, "NaN or infinite features for 000"),
        (lambda image: image[image > 0.5], "features for 001 and"),
    ],
)
def test_functions_that_return_no_features(function: Callable[..., Any], words: str, tmp_path: Path) -> None:
    files = write_pairs(tmp_path, [3, 2], [0, 0])
    with pytest.raises(InputError, match=words):
        read_features(files, chosen_backbone(function))


def test_a_damaged_image_stops_everything_and_is_named(tmp_path: Path) -> None:
    files = write_pairs(tmp_path, [0, 1, 2], [0, 1, 2])
    files[1].b.write_bytes(files[1].b.read_bytes()[:60])
    with pytest.raises(InputError, match=r"^001: .*vi/001\.png is damaged"):
        read_features(files, chosen_backbone(cells))


def test_images_of_a_pair_may_differ_in_size_but_not_be_tiny(tmp_path: Path) -> None:
    files = write_pairs(tmp_path / "good", [0], [0])
    write_pairs(tmp_path / "other", [0], [0], side=60)
    files[0].a.write_bytes((tmp_path / "other" / "ir" / "000.png").read_bytes())
    assert read_features(files, chosen_backbone(cells))[0].shape == (1, 18)
    tiny = write_pairs(tmp_path / "tiny", [0], [0], side=5)
    with pytest.raises(InputError, match="000: The infrared image is 5x5"):
        read_features(tiny, chosen_backbone(cells))


def test_backbones_by_name() -> None:
    gist = chosen_backbone("gist")
    assert gist.title == "gist"
    assert gist.of_a(torch.rand(1, 1, 16, 16)).shape == (528,)
    with pytest.raises(UnknownNameError, match="Unknown backbone 'gost': did you mean gist"):
        chosen_backbone("gost")
    with pytest.raises(InputError, match="'gist' takes no weights; leave out 'mine'"):
        chosen_backbone("gist:mine")
    assert chosen_backbone(cells).title == "cells"
