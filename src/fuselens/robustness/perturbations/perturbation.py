"""What every perturbation is: a function of what one sensor recorded, with the strengths that are tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from fuselens.core.errors import InputError


@dataclass(frozen=True, eq=False)
class Shot:
    """What one sensor recorded.

    Attributes:
        y: its image `[H, W]` in `[0, 1]`.
        earlier: what it recorded before; None where that is not known.
        generator: of everything random, seeded anew for every strength.
    """

    y: torch.Tensor
    earlier: torch.Tensor | None
    generator: torch.Generator


@dataclass(frozen=True, eq=False)
class Perturbation:
    """Something that befalls a sensor.

    Attributes:
        name: the registry's name.
        words: what people call it: "noise".
        meaning: what its strength is.
        shown: how a strength is written, as a format such as `"{:g} px"`.
        strengths: what is tried unless others are asked for, weakest first.
        largest: the largest strength that makes sense.
        spoil: the image `[H, W]` it leaves of a shot; what leaves `[0, 1]` is clipped.
        needs_earlier: whether it needs the sensor's earlier image.
    """

    name: str
    words: str
    meaning: str
    shown: str
    strengths: tuple[float, ...]
    largest: float
    spoil: Callable[[Shot, float], torch.Tensor]
    needs_earlier: bool = False

    def __call__(self, shot: Shot, strength: float) -> torch.Tensor:
        """Return what the sensor would have recorded, `[H, W]` in `[0, 1]`.

        Raises:
            InputError: a strength that cannot be, or no earlier image where one is needed.
        """
        self.check(strength)
        if self.needs_earlier and shot.earlier is None:
            raise InputError(f"'{self.name}' needs the pair that was recorded before; give it as the earlier one.")
        return self.spoil(shot, strength).clamp(0, 1)

    def check(self, strength: float) -> None:
        """Refuse a strength that cannot be.

        Raises:
            InputError: it is not above 0, or above the largest.
        """
        if not 0 < strength <= self.largest:
            raise InputError(
                f"Expected a strength of '{self.name}' ({self.meaning}) above 0 and at most {self.largest:g} but got "
                f"{strength:g}."
            )

    def show(self, strength: float) -> str:
        """Write a strength as people read it."""
        return self.shown.format(strength)
