"""Weights: saved with their table and settings, read back in full, refused where they do not fit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from fuselens.core.errors import InputError
from fuselens.core.tensor_files import file_hash
from fuselens.segmentation import BEST, load_segmenter
from fuselens.segmentation.weights import list_segmenter_weights, save_segmenter, segmenter_weights_file

IMAGE = torch.rand(1, 1, 48, 64, generator=torch.Generator().manual_seed(0))


def small() -> nn.Module:
    return load_segmenter("deeplab", None, classes=("n", "a", "b"), width=0.25, channels=16, seed=4)


def test_a_file_brings_table_and_settings(tmp_path: Path) -> None:
    network, path = small(), tmp_path / "mine.safetensors"
    save_segmenter(network, path)
    loaded = load_segmenter("deeplab", path)
    assert loaded.classes == ("n", "a", "b")
    assert loaded.settings == network.settings
    assert loaded.weights_info == {"weights": "mine", "sha256": file_hash(path)}
    assert torch.equal(loaded(IMAGE), network(IMAGE))
    assert save_segmenter(loaded, tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def test_half_a_file_is_nearly_the_same_network(tmp_path: Path) -> None:
    network = small()
    whole, half = (save_segmenter(network, tmp_path / f"{half}.safetensors", half=half) for half in (False, True))
    assert half.stat().st_size < 0.65 * whole.stat().st_size
    loaded = load_segmenter("deeplab", half)
    assert all(t.dtype in (torch.float32, torch.int64) for t in loaded.state_dict().values())
    assert {t.dtype for t in load_file(half).values()} == {torch.float16, torch.float32, torch.int64}
    torch.testing.assert_close(loaded(IMAGE), network(IMAGE), rtol=1e-2, atol=1e-3)


def test_weights_that_do_not_fit(tmp_path: Path) -> None:
    path = save_segmenter(small(), tmp_path / "mine.safetensors")
    with pytest.raises(InputError, match="bring their own class table"):
        load_segmenter("deeplab", path, classes=("n", "a", "b"))
    with pytest.raises(InputError, match="bring their own class table"):
        load_segmenter("deeplab", path, width=0.5)
    with pytest.raises(InputError, match="does not exist"):
        load_segmenter("deeplab", tmp_path / "none.safetensors")
    save_file({"x": torch.zeros(1)}, tmp_path / "foreign.safetensors")
    with pytest.raises(InputError, match="do not fit the segmenter deeplab"):
        load_segmenter("deeplab", tmp_path / "foreign.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"no")
    with pytest.raises(InputError, match="not a safetensors file"):
        load_segmenter("deeplab", tmp_path / "broken.safetensors")
    with pytest.raises(InputError, match="Only networks that load_segmenter made"):
        save_segmenter(nn.Conv2d(1, 2, 1), tmp_path / "conv.safetensors")
    assert not (tmp_path / "conv.safetensors").exists()


def test_shipped_weights_are_what_their_cards_say() -> None:
    cards = list_segmenter_weights()
    assert set(cards) >= {f"{name}-{weights}" for name, weights in BEST.items()}
    for full_name, card in cards.items():
        name, _, weights = full_name.partition("-")
        assert (card["segmenter"], card["weights"]) == (name, weights)
        path = segmenter_weights_file(name, weights)
        assert file_hash(path) == card["sha256"]
        network = load_segmenter(name, weights)
        assert list(network.classes) == card["classes"]  # type: ignore[arg-type]
        assert sum(p.numel() for p in network.parameters()) == card["parameters"]
        assert path.stat().st_size < 6e6
