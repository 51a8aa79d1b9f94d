"""Which source helps which class, as maps, bars and words: what reports of attribution weights have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from fuselens.core.intrinsic import LIFTED, StateBars, StateMaps
from fuselens.segmentation.class_weights import ClassWeights

NAMED = 3  # classes that get a sentence: the largest ones
PICTURE_STRIDE = 4  # small pictures of the regions show every so many pixels


@dataclass(frozen=True, eq=False)
class ClassAccount:
    """What the weights of one pair say.

    Attributes:
        names: of the modalities.
        weights: of one pair (a batch of one).
        labels: names of its classes.
        a, b: what each pixel of a source adds to its own class's score, `[H, W]`.
        picture: what small pictures show, `[H, W]` in `[0, 1]`.
    """

    names: tuple[str, str]
    weights: ClassWeights
    labels: list[str]
    a: torch.Tensor
    b: torch.Tensor
    picture: torch.Tensor

    @property
    def areas(self) -> torch.Tensor:
        """Share of the image's pixels in each class, `[K]`."""
        return torch.stack([(self.weights.regions == number).double().mean() for number in self.weights.classes])

    def weight_maps(self) -> StateMaps:
        """Return w1 and w2 as images."""
        return StateMaps(
            "Weights of the sources",
            "How much each source helps, the same for all pixels that the segmentation network takes for one class; "
            "together 1. 0.5 where neither source helps the class.",
            {name: weight[0, 0] for name, weight in zip(self.names, (self.weights.a, self.weights.b), strict=True)},
        )

    def brought_bars(self) -> StateBars:
        """Return what each source brings, signed."""
        return StateBars(
            "What each source brings to its classes",
            "How much the pixels of a class raise that class's score (a mean logit) when the source emerges from "
            "black; below 0 it speaks against the class, and gets no weight. Pictures show where the class is.",
            self.labels,
            dict(zip(self.names, (self.weights.brought_a[0], self.weights.brought_b[0]), strict=True)),
            self._pictures(),
        )

    def weight_bars(self) -> StateBars:
        """Return both weights of each class, and its size."""
        shares = self.weights.shares[0].round(decimals=6)  # without what an epsilon leaves of nothing
        return StateBars(
            "Weights by class",
            "The two weights of each class, and how much of the image it covers.",
            self.labels,
            {self.names[0]: shares, self.names[1]: 1 - shares, "part of the image": self.areas.to(shares)},
        )

    def maps(self) -> StateMaps:
        """Return the attribution maps of both sources.

        A score is a mean over its class, so a pixel of a small class adds more to it than one of a large class; times
        the pixels of the class both can be seen on one scale.
        """
        pixels = torch.ones_like(self.a)
        for number in self.weights.classes:
            inside = self.weights.regions[0] == number
            pixels[inside] = inside.sum().to(pixels)
        return StateMaps(
            "Class attribution",
            "What each pixel of a source adds to the score of its own class, by class-wise Integrated Gradients, times "
            "the number of the class's pixels; averaged over a class they give its bars.",
            dict(zip(self.names, (self.a * pixels, self.b * pixels), strict=True)),
            "signed",
            LIFTED,
        )

    def words(self) -> list[str]:
        """Return a sentence for each of the largest classes."""
        return [self._sentence(place) for place in self.areas.argsort(descending=True, stable=True)[:NAMED].tolist()]

    def _sentence(self, place: int) -> str:
        share = float(self.weights.shares[0, place])
        where = f"In {self.labels[place]} ({float(self.areas[place]):.0%} of the image)"
        if max(float(self.weights.brought_a[0, place]), float(self.weights.brought_b[0, place])) <= 0:
            return f"{where} neither source helps, so both weigh the same."
        return f"{where} {self.names[0 if share >= 0.5 else 1]} weighs {max(share, 1 - share):.0%}."

    def _pictures(self) -> Sequence[torch.Tensor]:
        small = self.picture[::PICTURE_STRIDE, ::PICTURE_STRIDE].clamp(0, 1)
        regions = self.weights.regions[0, ::PICTURE_STRIDE, ::PICTURE_STRIDE]
        return [torch.where(regions == number, small, small / 4) for number in self.weights.classes]


def own_map(maps: dict[int, torch.Tensor], regions: torch.Tensor) -> torch.Tensor:
    """Return one map `[H, W]` of one picture: at each pixel the map of its own class, 0 where it has none."""
    own = torch.zeros(regions.shape[1:], device=regions.device)
    for number, values in maps.items():
        own = torch.where(regions[0] == number, values.detach()[0, 0], own.to(values.dtype))
    return own


def class_labels(segmenter: object, classes: Sequence[int]) -> list[str]:
    """Return the classes' names by the segmenter's own table, or their numbers."""
    known: Sequence[str] = getattr(segmenter, "classes", ())
    return [known[number] if known else f"class {number}" for number in classes]
