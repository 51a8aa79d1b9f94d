"""SegFormer through transformers (the extra `seg`): MiT-B0 built from its configuration, or weights of the hub.

Xie et al., "SegFormer: simple and efficient design for semantic segmentation with transformers", NeurIPS 2021; the
network that paper 001 retrains for each fusion method. 3,714,401 parameters and 257 a class.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.functional import pad

from fuselens.core.errors import InputError, MissingExtraError
from fuselens.segmentation.deeplab import check_classes
from fuselens.segmentation.protocol import resized

SMALLEST = 32  # its first stage reduces patches eightfold after a stride of four
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, on which such networks were trained


class SegFormer(nn.Module):
    """A hierarchy of attention at strides 4 to 32, and a decoder of pointwise layers; the grey image in three channels.

    Args:
        classes: names by number; with `hub`, None takes the names that the hub knows.
        hub: a name of the hub or a folder with `config.json` and `model.safetensors`; None for random weights. Other
            `classes` than its own give it a new last layer.
    """

    name = "segformer"
    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, classes: Sequence[str] | None, *, hub: str | None = None) -> None:
        """Build the network from its configuration, or fetch it.

        Raises:
            MissingExtraError: transformers is not installed.
            InputError: fewer than two classes, or the network cannot be fetched.
        """
        super().__init__()
        self.network = _fetched(hub, classes) if hub else _built(classes or ())
        names = self.network.config.id2label
        self.classes = tuple(classes) if classes else tuple(names[number] for number in sorted(names))
        # Saved weights are complete: to load them needs no hub.
        self.settings: dict[str, Any] = {}
        self.weights_info: dict[str, Any] = {"hub": hub} if hub else {}
        self.register_buffer("mean", torch.tensor(_MEAN)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(_STD)[:, None, None], persistent=False)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Map `[N, 1, H, W]` in `[0, 1]` to logits `[N, C, H, W]`; small images are continued by their last pixels."""
        height, width = image.shape[2:]
        framed = pad(image, (0, max(0, SMALLEST - width), 0, max(0, SMALLEST - height)), mode="replicate")
        logits: torch.Tensor = self.network((framed - self.mean) / self.std).logits
        return resized(logits, (framed.shape[2], framed.shape[3]))[..., :height, :width]


def _built(classes: Sequence[str]) -> Any:
    check_classes(classes)
    transformers = _transformers()
    table = dict(enumerate(classes))
    # The configuration's own defaults are MiT-B0.
    config = transformers.SegformerConfig(
        num_labels=len(classes), id2label=table, label2id={v: k for k, v in table.items()}
    )
    return transformers.SegformerForSemanticSegmentation(config)


def _fetched(hub: str, classes: Sequence[str] | None) -> Any:
    transformers = _transformers()
    try:
        with _quiet():
            network, fit = transformers.SegformerForSemanticSegmentation.from_pretrained(
                hub, use_safetensors=True, output_loading_info=True
            )
    except (OSError, ValueError) as error:
        raise InputError(
            f"The SegFormer '{hub}' is neither here nor can it be fetched; fetch it where there is a network and give "
            "its folder, or take weights=None to train one."
        ) from error
    if network.config.num_channels != len(_MEAN) or (fit["missing_keys"] and classes is None):
        raise InputError(f"'{hub}' holds no SegFormer of three channels with all its weights; choose another one.")
    own = [network.config.id2label[number] for number in sorted(network.config.id2label)]
    if classes is not None and list(classes) != own:
        check_classes(classes)
        network.decode_head.classifier = nn.Conv2d(network.config.decoder_hidden_size, len(classes), 1)
    return network


def _transformers() -> Any:
    try:
        import transformers
    except ImportError as error:
        raise MissingExtraError("SegFormer", "seg") from error
    return transformers


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep bars and remarks of the loading code away: what goes wrong becomes one error."""
    loggers = {logging.getLogger(name): logging.getLogger(name).level for name in ("transformers", "huggingface_hub")}
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        yield
    finally:
        for logger, level in loggers.items():
            logger.setLevel(level)
