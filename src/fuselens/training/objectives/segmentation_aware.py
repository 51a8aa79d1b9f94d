"""The loss of UAAFusion (paper 001, Eq. 16-17): like the source that helps a segmentation network, class by class.

L = L_f(f) + w_s (CE(a) + CE(b) + CE(f)) / 3,
L_f(f) = w_i mean(w1 (f - a)^2 + w2 (f - b)^2) + w_g mean |S(f) - max(S(a), S(b))|,
S = |Sobel_x| + |Sobel_y|, w1 and w2 the attribution weights of the network's segmenter, CE its cross-entropy. Two parts
may be added that the paper does not have: w_t (1 - SSIM(f, a)/2 - SSIM(f, b)/2) in L_f, since the edge part is blind to
an edge's sign; and w_p times the mean L_f of the pictures f_1 .. f_{K-1} on the way, so that they are fused images too.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn import functional as F

from fuselens.core.errors import InputError
from fuselens.segmentation.class_attribution import regions_of
from fuselens.segmentation.frozen import frozen
from fuselens.segmentation.protocol import IGNORED, check_segmenter
from fuselens.training.label_store import LabelStore
from fuselens.training.losses import LABELS, partial_losses
from fuselens.training.objectives.objective import Objective
from fuselens.training.objectives.strongest import edges
from fuselens.training.stores import PairStore, Sample, Store


@dataclass(frozen=True)
class SegmentationAware(Objective):
    """Brightness of the more helpful source, the stronger edge of both, and a fused image that segments well.

    Attributes:
        intensity: weight of the brightness part.
        gradient: weight of the edge part.
        segmentation: weight of the cross-entropy.
        ssim: weight of the structural part; 0 in the paper.
        path: weight of what the pictures before the last one lose; 0 in the paper.
        sources: whether the cross-entropy counts both sources, too; false: the fused image only (the paper's Exp.
            VIII).
        joint: whether the segmentation network learns, too; false keeps it as it is.
        label_folder: label images beside the modality folders, one a pair and of its name, whose grey levels are the
            segmenter's classes (255: ignored); empty: the classes that the segmenter itself sees in the mean image.
    """

    labels: ClassVar[dict[str, str]] = {
        "intensity": "weighted squared error",
        "gradient": "|edges − stronger edges|",
        "segmentation": "cross-entropy",
        **LABELS,
    }
    intensity: float = 1.0
    gradient: float = 1.0
    segmentation: float = 0.1
    ssim: float = 0.0
    path: float = 0.0
    sources: bool = True
    joint: bool = True
    label_folder: str = ""

    def served(self, model: Any, store: Store) -> tuple[Store, int]:
        """Return the pairs, with their labels where there are any.

        Raises:
            InputError: a pair without a label, or a segmenter that does not say what its classes are.
        """
        if not self.label_folder or not isinstance(store, PairStore):
            return store, 1
        classes = getattr(model.segmenter, "classes", ())
        if not classes:
            raise InputError("The segmenter has no class table to read labels by; leave label_folder out.")
        return LabelStore(store, self.label_folder, classes), 1

    def outputs(self, model: Any, sample: Sample) -> Sample:
        """Return the pictures f_1 .. f_K as `[K, N, 1, H, W]` and their weights w1.

        With a segmenter also each pixel's class, and the segmenter's logits.
        """
        a, b, *label = sample
        if model.segmenter is None:
            return torch.stack(model.unfold(a, b).path[1:]), torch.full_like(a, 0.5)
        regions = label[0][:, 0] if label else regions_of(model.segmenter, (a + b) / 2)
        found = model.unfold(a, b, regions)
        path = torch.stack(found.path[1:])
        images = torch.cat((a, b, path[-1])) if self.sources else path[-1]
        with nullcontext() if self.joint else frozen(model.segmenter, images.device):
            return path, found.weights.a, regions, check_segmenter(model.segmenter, images)

    def loss(self, outputs: Sample, sample: Sample) -> tuple[torch.Tensor, dict[str, float]]:
        """Return the loss, its three parts, and the four losses that all fusion networks report."""
        (path, weight, *judged), (a, b) = outputs, sample[:2]
        losses = [self._of_picture(picture, weight, a, b) for picture in (path if self.path else path[-1:])]
        total, parts = losses.pop()
        if losses:
            total = total + self.path * torch.stack([loss for loss, _ in losses]).mean()
        parts["segmentation"] = cross_entropy(judged[1], judged[0].long()) if judged else total.new_zeros(())
        total = total + self.segmentation * parts["segmentation"]
        return total, {name: float(value.detach()) for name, value in parts.items()}

    def _of_picture(
        self, picture: torch.Tensor, weight: torch.Tensor, a: torch.Tensor, b: torch.Tensor
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return what one picture of the path loses, and its parts."""
        likeness = partial_losses(picture, a, b)
        parts = {
            "intensity": (weight * (picture - a).square() + (1 - weight) * (picture - b).square()).mean(),
            "gradient": F.l1_loss(edges(picture), torch.maximum(edges(a), edges(b))),
        }
        total = self.intensity * parts["intensity"] + self.gradient * parts["gradient"]
        if self.ssim:
            total = total + self.ssim * (likeness["ssim_a"] + likeness["ssim_b"]) / 2
        return total, parts | likeness

    def trained(self, model: Any) -> nn.Module:
        """Return the whole model, or without its segmentation network."""
        return model if self.joint else model.network  # type: ignore[no-any-return]


def cross_entropy(logits: torch.Tensor, regions: torch.Tensor) -> torch.Tensor:
    """Return the mean over all pixels that count of logits `[M * N, C, H, W]`, M images of each of N scenes.

    Args:
        logits: image after image.
        regions: class of each pixel of the scenes, `[N, H, W]`; 255 counts nowhere. Where none counts, the result is 0.
    """
    classes = regions.repeat(len(logits) // len(regions), 1, 1)
    counted = (classes != IGNORED).sum().clamp(min=1)
    return F.cross_entropy(logits, classes, ignore_index=IGNORED, reduction="sum") / counted
