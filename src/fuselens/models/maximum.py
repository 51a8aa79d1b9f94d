"""Maximum: the brighter source wins each pixel."""

from __future__ import annotations

import torch

from fuselens.core.intrinsic import ModelState, StateMaps
from fuselens.core.model import FusionModel
from fuselens.core.pair import ImagePair
from fuselens.core.run import model_inputs


class Maximum(FusionModel):
    """`f = max(a, b)`; the guidance is 1 for the winner, 0 for the loser, 0.5 each where they are equal."""

    name = "maximum"
    reach = 0

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Fuse `[N, 1, H, W]` pairs."""
        return torch.maximum(a, b)

    @torch.no_grad()
    def explain_state(self, pair: ImagePair) -> ModelState:
        """Show which source won each pixel, and by how much."""
        a, b = model_inputs(self, pair)
        lead = (a - b)[0, 0]
        first, second = pair.names
        won, lost, equal = (float(part.double().mean()) for part in (lead > 0, lead < 0, lead == 0))
        winner = StateMaps(
            "Who won each pixel",
            f"Red: {first} is brighter, so the fused pixel is that of {first} alone; blue: that of {second}; white: "
            "both are equal.",
            {"winner": lead.sign()},
            "signed",
        )
        by = StateMaps(
            "By how much",
            f"Brightness of {first} less that of {second}. Where it is pale, both are nearly the same, and noise can "
            "decide who wins.",
            {"lead": lead},
            "signed",
        )
        ties = f" At {equal:.0%} both are equal." if equal >= 0.005 else ""
        summary = [
            f"Each pixel is the brighter one of the two: {won:.0%} of the pixels are those of {first}, {lost:.0%} "
            f"those of {second}.{ties}"
        ]
        facts = {
            f"part of the pixels won by {first}": won,
            f"part of the pixels won by {second}": lost,
            "part of the pixels where both are equal": equal,
        }
        return ModelState(pair.names, summary, [winner, by], facts)
