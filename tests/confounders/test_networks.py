"""Backbones with weights: LRRNet's codes by their definition, ResNets through transformers."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from fuselens.confounders.features import chosen_backbone
from fuselens.core.errors import InputError, MissingExtraError
from fuselens.models.lrrnet import LRRNet
from fuselens.models.weights import save_weights

IMAGE = torch.rand(1, 1, 12, 15, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("output", ["raw", "minmax"])
def test_lrrnet_gives_mean_and_spread_of_its_codes(output: Any, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = LRRNet(output=output).eval()
    path = save_weights(model, tmp_path / "mine.safetensors", {"output": output})
    backbone = chosen_backbone(f"lrrnet:{path}")
    assert backbone.title == "lrrnet:mine.safetensors"
    assert len(backbone.facts["sha256"]) == 64
    seen = IMAGE if output == "raw" else (IMAGE - IMAGE.min()) / (IMAGE.max() - IMAGE.min() + 1e-5 / 255)
    for function, extractor in ((backbone.of_a, model.extract_a), (backbone.of_b, model.extract_b)):
        with torch.inference_mode():
            codes = extractor(seen)[0].reshape(256, -1)
            features = function(IMAGE)
        mean = codes.sum(dim=1) / codes.shape[1]
        spread = (((codes - mean[:, None]) ** 2).sum(dim=1) / codes.shape[1]).sqrt()
        torch.testing.assert_close(features, torch.cat([mean, spread]))


def test_large_images_are_reduced_for_lrrnet(tmp_path: Path) -> None:
    torch.manual_seed(0)
    backbone = chosen_backbone(f"lrrnet:{save_weights(LRRNet(), tmp_path / 'mine.safetensors')}")
    flat = torch.full((1, 1, 64, 256), 0.3)
    with torch.inference_mode():
        torch.testing.assert_close(backbone.of_a(flat), backbone.of_a(flat[..., :32, :128]))


def test_lrrnet_needs_weights_of_lrrnet(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        chosen_backbone(f"lrrnet:{tmp_path / 'none.safetensors'}")


def test_resnets_need_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r'A ResNet needs an extra: pip install "fuselens\[seg\]"'):
        chosen_backbone("resnet50")


def test_resnet_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Expected resnet:FOLDER"):
        chosen_backbone(f"resnet:{tmp_path}")
    with pytest.raises(InputError, match="'resnet18' takes no weights"):
        chosen_backbone("resnet18:mine")


@pytest.fixture
def tiny_resnet(tmp_path: Path) -> Any:
    transformers = pytest.importorskip("transformers", reason="transformers is not installed (the extra 'seg')")
    torch.manual_seed(0)
    config = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1], layer_type="basic")
    network = transformers.ResNetModel(config).eval()
    network.save_pretrained(tmp_path / "tiny")
    return network


def test_resnet_averages_its_last_maps(tiny_resnet: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    level = logging.getLogger("transformers").level
    backbone = chosen_backbone(f"resnet:{tmp_path / 'tiny'}")
    assert backbone.title == "resnet:tiny"
    image = torch.rand(1, 1, 224, 224, generator=torch.Generator().manual_seed(1))
    mean, std = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])[..., None, None]
    with torch.inference_mode():
        maps = tiny_resnet((image - mean) / std).last_hidden_state
        torch.testing.assert_close(backbone.of_a(image), maps.mean(dim=(2, 3))[0])
        assert backbone.of_b(torch.rand(1, 1, 30, 50)).shape == (12,)
    assert logging.getLogger("transformers").level == level
    assert not caplog.records


def test_resnet_without_all_weights_is_refused(tiny_resnet: Any, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = tmp_path / "tiny" / "model.safetensors"
    tensors = load_file(path)
    tensors.pop(sorted(tensors)[0])
    save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(InputError, match="with all its weights"):
        chosen_backbone(f"resnet:{tmp_path / 'tiny'}")


def test_a_hub_out_of_reach_gets_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    transformers = pytest.importorskip("transformers", reason="transformers is not installed (the extra 'seg')")

    def unreachable(*_: Any, **__: Any) -> None:
        raise OSError("We couldn't connect to the hub.\nCheck your connection.")

    monkeypatch.setattr(transformers.ResNetModel, "from_pretrained", unreachable)
    with pytest.raises(InputError, match=r"'microsoft/resnet-50' is neither here nor can it be fetched; .*take gist"):
        chosen_backbone("resnet50")
