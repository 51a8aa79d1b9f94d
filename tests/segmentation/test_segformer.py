"""SegFormer, built from its configuration; the hub is a folder here."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from fuselens.core.errors import InputError, MissingExtraError
from fuselens.segmentation import load_segmenter
from fuselens.segmentation.protocol import check_segmenter
from fuselens.segmentation.weights import save_segmenter


def test_it_is_the_smallest_of_its_family() -> None:
    pytest.importorskip("transformers")
    network = load_segmenter("segformer", None, classes=tuple("abcdefghi"))
    assert sum(p.numel() for p in network.parameters()) == 3_714_144 + 9 * 257


@pytest.mark.parametrize("size", [(8, 8), (33, 57), (64, 48)])
def test_any_size(size: tuple[int, int]) -> None:
    pytest.importorskip("transformers")
    network = load_segmenter("segformer", None, classes=("n", "p"))
    assert check_segmenter(network, torch.rand(2, 1, *size), network.classes).shape == (2, 2, *size)  # type: ignore[arg-type]


def test_weights_come_back_without_a_hub(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    network = load_segmenter("segformer", None, classes=("n", "p"), seed=1)
    loaded = load_segmenter("segformer", save_segmenter(network, tmp_path / "s.safetensors"))
    image = torch.rand(1, 1, 40, 40)
    assert torch.equal(loaded(image), network(image))


def test_a_folder_of_the_hubs_form(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    names = {0: "road", 1: "sky", 2: "car"}
    original = transformers.SegformerForSemanticSegmentation(
        transformers.SegformerConfig(num_labels=3, id2label=names, label2id={v: k for k, v in names.items()})
    ).eval()
    original.save_pretrained(tmp_path)
    network = load_segmenter("segformer", str(tmp_path) + "/")
    assert network.classes == ("road", "sky", "car")
    image = torch.rand(1, 1, 64, 64)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    coloured = (image - mean[:, None, None]) / std[:, None, None]
    small = torch.nn.functional.avg_pool2d(network(image), 4)
    assert torch.corrcoef(torch.stack((small.flatten(), original(coloured).logits.flatten())))[0, 1] > 0.9
    retrained = load_segmenter("segformer", str(tmp_path) + "/", classes=("n", "p"))
    assert retrained(image).shape == (1, 2, 64, 64)


def test_the_network_must_be_reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("transformers")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(InputError, match="neither here nor can it be fetched"):
        load_segmenter("segformer", "nobody/no-such-network")
    with pytest.raises(InputError, match=r"No weights of 'segformer' are shipped"):
        load_segmenter("segformer")


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"fuselens\[seg\]"):
        load_segmenter("segformer", None, classes=("n", "p"))
