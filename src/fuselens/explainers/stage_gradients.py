"""Stage gradients: what each stage of an unfolding network does for a target, pixel by pixel (paper 001, Eq. 10-12).

Integrated Gradients along the path of the network's own pictures, from the first one to the fused image. The maps of a
stage add up to what the target's score gains in it.
"""

from __future__ import annotations

from typing import Any

import torch

from fuselens.core.errors import InputError
from fuselens.core.intrinsic import LIFTED, ModelState, StateBars, StateMaps
from fuselens.core.model import as_model
from fuselens.core.pair import ImagePair
from fuselens.core.results import model_settings
from fuselens.core.targets import Target
from fuselens.explainers.backward import ScoreOfSources, score_of_sources
from fuselens.explainers.paths import StagePath


def stage_gradients(model: object, pair: ImagePair, target: Target | None = None, *, steps: int = 8) -> ModelState:
    """Return for each stage which pixels of the picture changed the target's score, and by how much.

    Args:
        model: one that shows its pictures: `model.unfold(a, b).path` is a list of `[1, 1, H, W]`, the fused image last.
        pair: the sources.
        target: what is scored; None for the fused pixel in the image's middle.
        steps: gradients in each stage, by the midpoint rule.

    Returns:
        A map a stage; bars and facts say what the maps add up to, and what the score really gained.

    Raises:
        InputError: a model that shows no pictures, no step, or a target that leaves the image.
    """
    operator: Any = as_model(model)
    if not callable(getattr(operator, "unfold", None)):
        raise InputError(f"'{operator.name}' shows no pictures of its stages; take integrated_gradients.")
    if steps < 1:
        raise InputError(f"Expected at least one step a stage but got {steps}.")
    with score_of_sources(operator, pair, target) as score:
        with torch.no_grad():
            path = StagePath(operator.unfold(score.a, score.b).path)
        maps = torch.stack([_stage(score, path, number, steps) for number in range(len(path))])
        with torch.no_grad():
            scores = _scores(score, path.pictures).double()
    gained, added = scores.diff().cpu(), maps.double().sum((1, 2)).cpu()
    labels = [f"stage {number}" for number in range(1, len(path) + 1)]
    most = int(gained.abs().argmax())
    return ModelState(
        pair.names,
        [
            f"{labels[most].capitalize()} changes {score.target} most: by {float(gained[most]):+.4g} of "
            f"{float(gained.sum()):+.4g}."
        ],
        [
            StateMaps(
                "What each stage does", "How much each pixel's change in a stage moves the target's score.",
                dict(zip(labels, maps, strict=True)), "signed", LIFTED,
            ),
            StateBars(
                "Score by stage", "What the maps add up to, and what the score gained: equal for endless steps.",
                labels, {"maps add up to": added, "score gained": gained},
            ),
        ],
        {"Score of the first picture": float(scores[0]), "Score of the fused image": float(scores[-1]),
         "Completeness gap": float((added - gained).abs().max())},
        model_settings(operator) | {"target": str(score.target), "steps": steps, "rule": "midpoint"},
    )  # fmt: skip


def _scores(score: ScoreOfSources, pictures: torch.Tensor) -> torch.Tensor:
    return score.target(pictures[(..., *score.target.box(score.size).slices)])


def _stage(score: ScoreOfSources, path: StagePath, number: int, steps: int) -> torch.Tensor:
    """Return the map `[H, W]` of one stage."""
    points = path([(number + (step + 0.5) / steps) / len(path) for step in range(steps)]).requires_grad_(True)
    (slopes,) = score.gradients(_scores(score, points), [points])
    return (slopes.mean(dim=0) * (path.pictures[number + 1] - path.pictures[number]))[0]
