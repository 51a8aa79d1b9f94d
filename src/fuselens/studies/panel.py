"""The panel: the explainers that studies compare, each with the settings it runs with.

Searches answer with a set for a level; rankings answer with a map, of which `sets.py` makes sets. Reference: paper 000,
"Other explainability methods", for DDFImage, BayLIME, SEDC and Grad-CAM; the others are peers.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import torch

from fuselens.core.errors import FuseLensError, InputError, UnknownNameError
from fuselens.core.explanation import SetExplanation
from fuselens.core.locality import Box, crop, window_of
from fuselens.core.model import FusionModel
from fuselens.core.results import Attribution
from fuselens.explainers.baylime import baylime
from fuselens.explainers.ddfimage import Strategy, ddfimage
from fuselens.explainers.gradcam import gradcam
from fuselens.explainers.gradient_input import gradient_input
from fuselens.explainers.guidance import guidance
from fuselens.explainers.hiding import HidingOptions
from fuselens.explainers.integrated_gradients import integrated_gradients
from fuselens.explainers.lime import lime
from fuselens.explainers.map_to_set import Sign
from fuselens.explainers.occlusion import occlusion
from fuselens.explainers.rise import rise
from fuselens.explainers.sedc import sedc
from fuselens.studies.cases import Case, cut, shifted


@dataclass(frozen=True)
class Effort:
    """How long methods may try.

    Attributes:
        lime_samples, baylime_samples, rise_samples: random composites; the defaults are those of the methods.
        path_steps, path_max_steps: gradients on the path of Integrated Gradients, at first and at most.
        max_images: composites that a search may take.
    """

    lime_samples: int = 1000
    baylime_samples: int = 200
    rise_samples: int = 4000
    path_steps: int = 64
    path_max_steps: int = 1024
    max_images: int = 20_000

    def record(self) -> dict[str, int]:
        """Return the settings in plain words."""
        return asdict(self)


QUICK = Effort(300, 100, 600, 32, 128, 4000)


@dataclass(frozen=True)
class Search:
    """A method that looks for a set with the property at a level.

    Attributes:
        title: in tables.
        run: called with (model, case, effort, level).
    """

    title: str
    run: Callable[[FusionModel, Case, Effort, float], SetExplanation]


@dataclass(frozen=True)
class Ranking:
    """A method that gives every unit or pixel a number.

    Attributes:
        title: in tables.
        run: called with (model, case, effort).
        sign: what of the map ranks the units: its positive part, or any influence where the map explains a mean, whose
            direction says nothing on similarity.
    """

    title: str
    run: Callable[[FusionModel, Case, Effort], Attribution]
    sign: Sign


def chosen_methods(names: Sequence[str] | None) -> dict[str, Search | Ranking]:
    """Return the methods of these names in the panel's order; all of them for None.

    Raises:
        UnknownNameError: no such method.
        InputError: an empty list.
    """
    for name in names or ():
        if name not in PANEL:
            raise UnknownNameError("method of the panel", name, PANEL)
    if names is not None and not names:
        raise InputError("Expected at least one method; leave the methods out to compare all.")
    return {name: method for name, method in PANEL.items() if names is None or name in names}


def refuse_stopped(result: SetExplanation | Attribution) -> None:
    """End the study where the user ended the method, which then returned half of its result.

    Raises:
        KeyboardInterrupt: the method was stopped.
    """
    if isinstance(result, SetExplanation):
        stopped = result.status == "INTERRUPTED"
    else:  # only methods that sample say both; they run without a budget here
        stopped = "samples" in result.facts and not result.facts["complete"]
    if stopped:
        raise KeyboardInterrupt


def images_of(result: SetExplanation | Attribution) -> int:
    """Return how many images the model fused for a result, or how many gradients were taken through it."""
    if isinstance(result, SetExplanation):
        return result.model_images
    known: dict[str, Any] = {"model_images": 1} | result.settings | result.facts
    return int(known.get("gradients", known["model_images"]))


def _ddfimage(model: FusionModel, case: Case, effort: Effort, level: float, *, strategy: Strategy) -> SetExplanation:
    # Greedy judges one removal at a time: each success makes void what was judged ahead.
    limited: HidingOptions = {"max_images": effort.max_images, "batch_size": 1 if strategy == "greedy" else 16}
    return ddfimage(model, case.pair, case.target, level=level, strategy=strategy, **(case.options | limited))


def _sedc(model: FusionModel, case: Case, effort: Effort, level: float) -> SetExplanation:
    limited: HidingOptions = {"max_images": effort.max_images}
    return sedc(model, case.pair, case.target, level=level, **(case.options | limited))


def _lime(model: FusionModel, case: Case, effort: Effort) -> Attribution:
    return lime(model, case.pair, case.target, samples=effort.lime_samples, **case.options)


def _baylime(model: FusionModel, case: Case, effort: Effort) -> Attribution:
    prior = _prior(model, case)
    return baylime(model, case.pair, case.target, prior=prior, samples=effort.baylime_samples, **case.options)


def _prior(model: FusionModel, case: Case) -> Attribution | None:
    """Return how strongly each pixel acts: by Grad-CAM, or by the gradient where the model has no layer for it."""
    for method in (gradcam, gradient_input):
        try:
            found = method(model, case.pair, case.mean)
        except FuseLensError:
            continue
        return replace(found, a=found.a.abs(), b=found.b.abs())
    return None


def _rise(model: FusionModel, case: Case, effort: Effort) -> Attribution:
    return rise(model, case.pair, case.target, samples=effort.rise_samples, **case.options_without_units)


def _occlusion(model: FusionModel, case: Case, _: Effort) -> Attribution:
    return occlusion(model, case.pair, case.target, **case.options_without_units)


def _gradcam(model: FusionModel, case: Case, _: Effort) -> Attribution:
    return gradcam(model, case.pair, case.mean)


def _gradient_input(model: FusionModel, case: Case, _: Effort) -> Attribution:
    return gradient_input(model, case.pair, case.mean)


def _integrated_gradients(model: FusionModel, case: Case, effort: Effort) -> Attribution:
    """Explain the similarity itself: on the path its gradient does not vanish."""
    taken = 0

    def count(done: int, _: int) -> None:
        nonlocal taken
        taken = done

    found = integrated_gradients(
        model, case.pair, case.target, path="joint" if case.which == "both" else case.which, baseline=case.fill,
        steps=effort.path_steps, max_steps=effort.path_max_steps, seed=case.seed, progress=count,
    )  # fmt: skip
    return replace(found, facts=found.facts | {"gradients": taken})


def _guidance(model: FusionModel, case: Case, _: Effort) -> Attribution:
    """Take the guidance images within the region; only the window that decides it is computed."""
    size = case.pair.size
    if model.reach is None:
        raise InputError(f"'{model.name}' is global, so its guidance images are not exact; they are left out.")
    box = case.box or Box(0, 0, *size)
    window = window_of(box, size, model.reach, model.stride)
    guide = guidance(model, cut(case.pair, window))
    maps = []
    for values in (guide.a, guide.b):
        whole = torch.zeros(size)
        whole[box.slices] = values[box.inside(window)].abs().float()
        maps.append(whole)
    return Attribution(
        maps[0], maps[1], case.pair.names, str(case.mean), float(crop(guide.fused, shifted(box, window)).mean()),
        "guidance", box, guide.settings, facts={"gradients": guide.settings["backward_passes"]},
    )  # fmt: skip


def _random(_: FusionModel, case: Case, __: Effort) -> Attribution:
    """Rank the units at random, in another way for each pair: what every method must beat."""
    seed = zlib.crc32(case.pair.a.y.numpy().tobytes()) + case.seed
    scores = torch.rand(case.units.count, generator=torch.Generator().manual_seed(seed)) + 1e-6  # all are ranked
    a, b = case.units.spread(scores)
    return Attribution(
        a, b, case.pair.names, str(case.target), float("nan"), "random", Box(0, 0, *case.pair.size),
        {"scores": "relative"}, facts={"model_images": 0, "seconds": 0.0}, units=case.units, unit_scores=scores,
    )  # fmt: skip


PANEL: dict[str, Search | Ranking] = {
    "ddmin": Search("DDFImage (ddmin)", partial(_ddfimage, strategy="ddmin")),
    "probdd": Search("DDFImage (ProbDD)", partial(_ddfimage, strategy="probdd")),
    "greedy": Search("DDFImage (greedy)", partial(_ddfimage, strategy="greedy")),
    "sedc": Search("SEDC", _sedc),
    "lime": Ranking("LIME", _lime, "positive"),
    "baylime": Ranking("BayLIME", _baylime, "positive"),
    "rise": Ranking("RISE", _rise, "positive"),
    "occlusion": Ranking("Occlusion", _occlusion, "positive"),
    "integrated_gradients": Ranking("Integrated Gradients", _integrated_gradients, "positive"),
    "gradcam": Ranking("Grad-CAM", _gradcam, "absolute"),
    "gradient_input": Ranking("Gradient x input", _gradient_input, "absolute"),
    "guidance": Ranking("Guidance", _guidance, "absolute"),
    "random": Ranking("Random order", _random, "positive"),
}
"""The methods by the names that `--method` takes."""
