"""Scene features of a ResNet, as paper 003 takes them, through Hugging Face transformers (the extra `seg`).

Reference: He et al., "Deep residual learning for image recognition", CVPR 2016.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch.nn.functional import interpolate

from fuselens.confounders.features import Backbone, Features, refuse_weights
from fuselens.core.errors import InputError, MissingExtraError

_SIDE = 224
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, on which such networks were trained


def resnet18_backbone(weights: str | None, device: torch.device) -> Backbone:
    """Return the ResNet-18 of the hub: 512 features."""
    return _from_hub("resnet18", "microsoft/resnet-18", weights, device)


def resnet50_backbone(weights: str | None, device: torch.device) -> Backbone:
    """Return the ResNet-50 of the hub: 2048 features."""
    return _from_hub("resnet50", "microsoft/resnet-50", weights, device)


def resnet_backbone(weights: str | None, device: torch.device) -> Backbone:
    """Return the ResNet in the folder `weights`, which holds `config.json` and `model.safetensors`."""
    if weights is None or not (Path(weights) / "config.json").is_file():
        raise InputError(
            f"Expected resnet:FOLDER with config.json and model.safetensors in the folder but got '{weights or ''}'; "
            "save a ResNet there with save_pretrained, or take resnet50."
        )
    extract = _features(weights, device)
    return Backbone(f"resnet:{Path(weights).resolve().name}", extract, extract)


def _from_hub(title: str, name: str, weights: str | None, device: torch.device) -> Backbone:
    refuse_weights(title, weights)
    extract = _features(name, device)
    return Backbone(title, extract, extract, {"hub": name})


def _features(place: str, device: torch.device) -> Features:
    """Load a ResNet and return the function that averages its last feature map over the whole image.

    Raises:
        MissingExtraError: transformers is not installed.
        InputError: the network cannot be found or fetched, lacks weights, or does not take three channels.
    """
    try:
        from transformers import ResNetModel
    except ImportError as error:
        raise MissingExtraError("A ResNet", "seg") from error
    try:
        with _quiet():
            network, fit = ResNetModel.from_pretrained(place, use_safetensors=True, output_loading_info=True)
    except (OSError, ValueError) as error:
        raise InputError(
            f"The ResNet '{place}' is neither here nor can it be fetched; fetch it where there is a network and give "
            "its folder as resnet:FOLDER, or take gist, which needs no weights."
        ) from error
    if fit["missing_keys"] or network.config.num_channels != len(_MEAN):
        raise InputError(f"'{place}' holds no ResNet of three channels with all its weights; choose another one.")
    network = network.to(device).eval()
    mean, std = (torch.tensor(values, device=device)[:, None, None] for values in (_MEAN, _STD))

    def extract(image: torch.Tensor) -> torch.Tensor:
        small = interpolate(image, size=(_SIDE, _SIDE), mode="bilinear", antialias=True, align_corners=False)
        features: torch.Tensor = network((small - mean) / std).pooler_output.flatten()
        return features

    return extract


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep bars and remarks of the loading code away: what goes wrong becomes one error."""
    from transformers.utils import logging as bars

    loggers = {logging.getLogger(name): logging.getLogger(name).level for name in ("transformers", "huggingface_hub")}
    shown = bars.is_progress_bar_enabled()
    try:
        bars.disable_progress_bar()
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        yield
    finally:
        for logger, level in loggers.items():
            logger.setLevel(level)
        if shown:
            bars.enable_progress_bar()
