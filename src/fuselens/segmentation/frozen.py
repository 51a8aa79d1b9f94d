"""A segmentation network while it is asked what it goes by: nothing random, nothing learned, gradients on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import nn

from fuselens.core.model import explaining
from fuselens.segmentation.protocol import Segmenter


@contextmanager
def frozen(segmenter: Segmenter, device: torch.device) -> Iterator[None]:
    """Freeze batch normalisation, dropout and parameters of `segmenter`, and leave it as it was found.

    Inside, gradients of images are on and in full precision, even where the caller switched them off, as prediction
    does. A callable that is no module is taken as it is.

    Args:
        segmenter: the network.
        device: where it computes.
    """
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        stack.enter_context(torch.autocast(device.type, enabled=False))
        if isinstance(segmenter, nn.Module):
            stack.enter_context(explaining(segmenter))
        yield
