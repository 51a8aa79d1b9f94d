"""What every objective is: a loss over a network and a sample, with the weights of its parts."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import nn

from fuselens.core.errors import InputError
from fuselens.training.stores import Sample, Store


@dataclass(frozen=True)
class Objective:
    """Base of every objective; its fields, most of them weights of its parts, are what a recipe's `loss` names.

    Attributes:
        labels: what is logged and drawn, by stem: `"ssim"` stands for the parts `ssim_a` and `ssim_b`.
        images: whether a sample is a pair, or one image of either source.
    """

    labels: ClassVar[dict[str, str]]
    images: ClassVar[Literal["pairs", "single"]] = "pairs"

    def __post_init__(self) -> None:
        """Refuse weights that are negative or no numbers."""
        for name, value in self.as_dict().items():
            if isinstance(value, float) and not 0 <= value < math.inf:
                raise InputError(f"Expected the loss weight {name} to be 0 or more but got {value}.")

    def prepare(self) -> None:
        """Get what the loss needs besides network and images, before the first step; by default, nothing.

        Raises:
            InputError: it cannot be had.
        """

    def served(self, model: Any, store: Store) -> tuple[Store, int]:
        """Return what samples are cut from, and how many pixels of an image one of its cells stands for."""
        return store, 1

    def outputs(self, model: Any, sample: Sample) -> Sample:
        """Run the network, in whatever precision it is trained; by default, fuse the pairs `[N, 1, H, W]`."""
        return (model(*sample),)

    def loss(self, outputs: Sample, sample: Sample) -> tuple[torch.Tensor, dict[str, float]]:
        """Return the loss of float32 `outputs` and its parts by name."""
        raise NotImplementedError

    def trained(self, model: Any) -> nn.Module:
        """Return the part of the network whose parameters are trained; the rest is left alone."""
        return model  # type: ignore[no-any-return]

    def as_dict(self) -> dict[str, Any]:
        """Return the weights as a recipe writes them (`lambda` is a word of Python, hence the underscore)."""
        return {name.rstrip("_"): value for name, value in dataclasses.asdict(self).items()}
