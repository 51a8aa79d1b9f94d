"""The feature layers of VGG-16 (Simonyan and Zisserman, ICLR 2015), which perceptual losses compare images by.

The weights are torchvision's of ImageNet. LRRNet's authors took a VGG-16 that had been converted from Caffe: the same
layers with other numbers, learned on images in 0..255. Torchvision's were learned on images in about -2..2, so
in 0..255 their biases hardly count, and losses agree with the published ones in kind, not in value.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from functools import lru_cache
from http.client import HTTPException
from pathlib import Path
from typing import Any

import torch
from torch import nn

from fuselens.core.errors import InputError
from fuselens.core.tensor_files import read_tensors

CHECKPOINT = "vgg16-397923af.pth"
URL = f"https://download.pytorch.org/models/{CHECKPOINT}"
REMEDY = f"fetch torchvision's {CHECKPOINT} where there is a network, and name the file: --set loss.vgg=FILE"
BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512))
ENDS = (3, 8, 15, 22)  # relu1_2, relu2_2, relu3_3, relu4_3


class VGGFeatures(nn.Module):
    """The ten convolutions up to relu4_3, numbered as in torchvision; a ReLU after each, 2x2 maxima between blocks."""

    def __init__(self) -> None:
        """Build the layers; `load_vgg` gives them their weights."""
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for block in BLOCKS:
            if layers:
                layers.append(nn.MaxPool2d(2))
            for width in block:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
                channels = width
        self.features = nn.Sequential(*layers)

    def forward(self, images: torch.Tensor, count: int = len(ENDS)) -> list[torch.Tensor]:
        """Return the first `count` of relu1_2, relu2_2, relu3_3, relu4_3.

        Args:
            images: grey, `[N, 1, H, W]` in `[0, 255]`, at least 8x8; no mean is subtracted.
            count: 1 to 4; layers behind the last one that is wanted are not computed.
        """
        found = []
        values = images.expand(-1, 3, -1, -1)
        for number, layer in enumerate(list(self.features)[: ENDS[count - 1] + 1]):
            values = layer(values)
            if number in ENDS:
                found.append(values)
        return found


def vgg_for(images: torch.Tensor, file: str) -> VGGFeatures:
    """Return the network of `load_vgg` on the device and in the precision of `images`."""
    # What is made in inference mode can never be differentiated through, and the network outlives the call.
    with torch.inference_mode(False):
        return load_vgg(file).to(images)


@lru_cache(maxsize=1)
def load_vgg(file: str) -> VGGFeatures:
    """Return the frozen network, read once a process.

    Args:
        file: torchvision's checkpoint (`.pth`, or its tensors as `.safetensors`); empty: the copy in torch's cache,
            downloaded where there is none.

    Raises:
        InputError: no such file, none that holds VGG-16, or no download.
    """
    state = _read(Path(file)) if file else _download()
    with torch.device("meta"):  # draws no random numbers
        network = VGGFeatures()
    expected = network.state_dict()
    unfit = [name for name, tensor in expected.items() if getattr(state.get(name), "shape", None) != tensor.shape]
    if unfit:
        raise InputError(
            f"'{file or CHECKPOINT}' does not hold VGG-16: {unfit[0]} is missing or of another shape; {REMEDY}."
        )
    network.load_state_dict({name: state[name].float() for name in expected}, assign=True)
    return network.requires_grad_(False).eval()


def _read(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        raise InputError(f"The file of VGG-16's weights '{path}' does not exist; {REMEDY}.")
    if path.suffix == ".safetensors":
        return read_tensors(path)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a broken pickle fails in as many ways as it can be broken
        raise InputError(f"'{path}' holds more or other than tensors, so it was not loaded; {REMEDY}.") from error
    return state if isinstance(state, Mapping) else {}


def _download() -> Mapping[str, Any]:
    try:
        # The hub announces its download on stdout, which belongs to --json.
        with redirect_stdout(sys.stderr):
            state: Mapping[str, Any] = torch.hub.load_state_dict_from_url(
                URL, map_location="cpu", check_hash=True, weights_only=True
            )
    except (OSError, HTTPException, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise InputError(f"Cannot download VGG-16's weights ({reason}); {REMEDY}.") from error
    return state
