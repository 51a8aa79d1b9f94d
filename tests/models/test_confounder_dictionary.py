"""The file of scenes: a round trip, and what it refuses."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from fuselens.core.errors import InputError
from fuselens.models.confounder_dictionary import ConfounderDictionary, Scenes
from tests.models.scene_dictionaries import dictionary_of, scenes_of


@pytest.mark.parametrize("pictures", [False, True])
def test_round_trip(tmp_path: Path, pictures: bool) -> None:
    made = dictionary_of(pictures=pictures)
    read = ConfounderDictionary.load(made.save(tmp_path / "scenes.safetensors"))
    assert (read.scenes, read.dim) == (5, 6)
    assert read.facts == made.facts
    for side in ("a", "b"):
        for each in fields(Scenes):
            before, after = (getattr(getattr(dictionary, side), each.name) for dictionary in (made, read))
            assert (before is None) == (after is None)
            assert before is None or torch.equal(before, after)
    assert made.save(tmp_path / "again.safetensors").read_bytes() == (tmp_path / "scenes.safetensors").read_bytes()


def test_frequencies_are_shares_of_the_images() -> None:
    torch.testing.assert_close(scenes_of(0).frequencies, torch.tensor([1, 2, 3, 4, 5]) / 15)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"centres": torch.zeros(5)}, "centres"),
        ({"centres": torch.zeros(5, 6, dtype=torch.float64)}, "centres"),
        ({"centres": torch.full((5, 6), float("nan"))}, "NaN"),
        ({"sizes": torch.tensor([1, 2, 3, 4])}, "sizes"),
        ({"sizes": torch.tensor([0, 3, 3, 4, 5])}, "no image"),
        ({"sizes": torch.tensor([2, 1, 3, 4, 5])}, "contradict"),
        ({"labels": torch.full((15,), 7)}, "contradict"),
        ({"labels": torch.zeros(14, dtype=torch.int64)}, "labels"),
        ({"points": torch.zeros(15, 3)}, "points"),
        ({"pca_axes": torch.zeros(6, 8)}, "pca_axes"),
        ({"variance": torch.zeros(5)}, "variance"),
        ({"pictures": torch.zeros(5, 32, 32, dtype=torch.uint8)}, "pictures"),
        ({"pictures": torch.zeros(5, 64, 64, 3, dtype=torch.float32)}, "pictures"),
    ],
)
def test_tensors_that_do_not_belong_together(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        replace(scenes_of(0), **changes)


def test_modalities_that_do_not_belong_together() -> None:
    with pytest.raises(InputError, match="differ"):
        ConfounderDictionary(scenes_of(1, 5), scenes_of(2, 4))
    more = replace(scenes_of(2), sizes=torch.full((5,), 4), labels=None, points=None)
    with pytest.raises(InputError, match="20"):
        ConfounderDictionary(scenes_of(1), more)


def test_files_that_are_none(tmp_path: Path) -> None:
    path = dictionary_of().save(tmp_path / "scenes.safetensors")
    tensors = load_file(path)

    def refuse(words: str, changed: dict[str, torch.Tensor], metadata: dict[str, str] | None = None) -> None:
        save_file(changed, tmp_path / "changed.safetensors", metadata=metadata)
        with pytest.raises(InputError, match=words):
            ConfounderDictionary.load(tmp_path / "changed.safetensors")

    refuse("variance_b is missing", {name: tensor for name, tensor in tensors.items() if name != "variance_b"})
    refuse("colours_a is unknown", tensors | {"colours_a": torch.zeros(1)})
    refuse("weight is unknown", tensors | {"weight": torch.zeros(1)})
    refuse("not a confounder dictionary", tensors, {"facts": "{"})
    refuse("not a confounder dictionary", tensors, {"facts": "[1]"})
    with pytest.raises(InputError, match="does not exist"):
        ConfounderDictionary.load(tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("no tensors")
    with pytest.raises(InputError, match="not a confounder dictionary"):
        ConfounderDictionary.load(tmp_path / "text.safetensors")
