"""`state`: what the model says of itself."""

from __future__ import annotations

from typing import Any

import torch

from fuselens.core.intrinsic import StateBars, StateMaps
from fuselens.explainers.intrinsic import intrinsic
from fuselens.viewer.catalogue import Catalogue
from fuselens.viewer.jobs import Job
from fuselens.viewer.messages import State
from fuselens.viewer.opened import Opened


def answer(job: Job, models: Catalogue, opened: Opened, request: State) -> None:
    """Ask the model."""
    model = models.load(request.model)
    job.begin("the model's own account")
    found = intrinsic(model, opened.pair)
    parts: list[dict[str, Any]] = []
    arrays: dict[str, torch.Tensor] = {}
    for number, part in enumerate(found.parts):
        said, images = _maps(part) if isinstance(part, StateMaps) else _bars(part)
        parts.append(said)
        arrays |= {f"part{number}_{name}": image for name, image in images.items()}
    job.say("state", arrays, model=request.model, summary=list(found.summary), facts=dict(found.facts), parts=parts)


def _maps(part: StateMaps) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    said = {
        "type": "maps",
        "title": part.title,
        "words": part.words,
        "display": part.display,
        "scale": part.scale,
        "gamma": part.gamma,
        "names": list(part.maps),
        "size": list(part.size),
    }
    return said, {f"map{i}": values for i, values in enumerate(part.maps.values())}


def _bars(part: StateBars) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    said = {
        "type": "bars",
        "title": part.title,
        "words": part.words,
        "labels": list(part.labels),
        "series": {name: values.tolist() for name, values in part.series.items()},
        "pictures": len(part.pictures),
    }
    return said, {f"picture{i}": image for i, image in enumerate(part.pictures)}
