"""What spoils a pair: noise, blur, low contrast, complex texture, which paper 000 names as DDFImage's limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from fuselens.core.fills import blurred
from fuselens.core.pair import ImagePair

Spoil = Callable[[torch.Tensor, float, torch.Generator], torch.Tensor]


def corrupted(pair: ImagePair, how: str, strength: float, seed: int) -> ImagePair:
    """Return the pair with both sources spoiled, clipped to `[0, 1]`; strength 0 leaves them as they are.

    Args:
        pair: the sources.
        how: a name of `CORRUPTIONS`.
        strength: see there.
        seed: of noise and texture; each source has its own.
    """
    spoil, _ = CORRUPTIONS[how]
    generator = torch.Generator().manual_seed(seed)
    a, b = (
        replace(source, y=spoil(source.y, strength, generator).clamp(0, 1)) if strength else source for source in pair
    )
    return ImagePair(a, b)


def _noise(image: torch.Tensor, strength: float, generator: torch.Generator) -> torch.Tensor:
    return image + strength * torch.randn(image.shape, generator=generator).to(image)


def _blur(image: torch.Tensor, strength: float, _: torch.Generator) -> torch.Tensor:
    return blurred(image, strength)


def _contrast(image: torch.Tensor, strength: float, _: torch.Generator) -> torch.Tensor:
    return torch.lerp(image, image.mean(), strength)


def _texture(image: torch.Tensor, strength: float, generator: torch.Generator) -> torch.Tensor:
    """Add a pattern of spots of two to four pixels, as foliage and gravel have."""
    grains = torch.randn(image.shape, generator=generator)
    pattern = blurred(grains, 1.0) - blurred(grains, 2.0)
    return image + strength * (pattern / pattern.std()).to(image)


CORRUPTIONS: dict[str, tuple[Spoil, tuple[float, ...]]] = {
    "noise": (_noise, (0.02, 0.05, 0.1, 0.2)),
    "blur": (_blur, (0.5, 1.0, 2.0, 4.0)),
    "contrast": (_contrast, (0.25, 0.5, 0.75, 0.9)),
    "texture": (_texture, (0.02, 0.05, 0.1, 0.2)),
}
"""What spoils, and the strengths that are studied.

Noise and texture: standard deviation, as a part of the range of values. Blur: sigma in pixels. Contrast: the part of it
that is lost.
"""
WORDS = {
    "noise": "noise (standard deviation)",
    "blur": "blur (sigma in pixels)",
    "contrast": "contrast lost",
    "texture": "texture (standard deviation)",
}
