"""Tell the two sources apart: CAMF's second stage, whose classifier weights become the fusion rule (paper 004)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn import functional as F

from fuselens.core.model import explaining
from fuselens.training.objectives.objective import Objective
from fuselens.training.stores import EncodedStore, Sample, Store


@dataclass(frozen=True)
class Classification(Objective):
    """Cross-entropy of the network's `head` on encoded crops, class 0 for source a and 1 for b; only the head learns.

    Flips and crops are those of the features, so a recipe does well to turn flips off: no encoder sees mirror images as
    mirror images.
    """

    labels: ClassVar[dict[str, str]] = {"error": "share of images told wrong"}

    def served(self, model: Any, store: Store) -> tuple[Store, int]:
        """Return the encoder's features: it is frozen, so they are computed once an image, not once a step."""

        def encode(image: torch.Tensor) -> torch.Tensor:
            with explaining(model):
                return model.encode(image)  # type: ignore[no-any-return]

        return EncodedStore(store, encode), model.stride

    def outputs(self, model: Any, sample: Sample) -> Sample:
        """Return the logits `[2 N, 2]` of all features of source a, then of b."""
        features = torch.cat(sample).to(torch.float32, memory_format=torch.channels_last)  # twice as fast on a CPU
        return (model.head(features),)

    def loss(self, outputs: Sample, sample: Sample) -> tuple[torch.Tensor, dict[str, float]]:
        """Return the cross-entropy, and the share of images that were told wrong, by source."""
        logits, count = outputs[0], len(sample[0])
        truth = torch.arange(2, device=logits.device).repeat_interleave(count)
        wrong = (logits.argmax(dim=1) != truth).float()
        errors = {"error_a": float(wrong[:count].mean()), "error_b": float(wrong[count:].mean())}
        return F.cross_entropy(logits, truth), errors

    def trained(self, model: Any) -> nn.Module:
        """Return the classifier's head; the encoder stays as the first stage left it."""
        return model.head  # type: ignore[no-any-return]
