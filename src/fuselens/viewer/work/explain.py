"""`explain`: a set of units with its certificate, or a map a source, by any method of the registry."""

from __future__ import annotations

import inspect
from typing import Any

import torch

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.explanation import SetExplanation
from fuselens.core.model import FusionModel
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution
from fuselens.core.targets import Target
from fuselens.core.units import as_matrix
from fuselens.explainers import EXPLAINERS, explain
from fuselens.report import results_facts
from fuselens.report.pair_section import names_of
from fuselens.report.results_words import map_headline, set_asides, set_headline, set_sentences, set_warnings
from fuselens.report.target_words import ReadTarget
from fuselens.viewer.catalogue import Catalogue
from fuselens.viewer.jobs import Job
from fuselens.viewer.messages import Explain
from fuselens.viewer.methods import methods
from fuselens.viewer.opened import Opened
from fuselens.viewer.ranking import MOST_STEPS, Ranking, ranking
from fuselens.viewer.targets import target_of


def answer(job: Job, models: Catalogue, opened: Opened, request: Explain) -> None:
    """Explain, then score the units along the order that the answer suggests."""
    known = methods()
    if request.method not in known:
        raise UnknownNameError("method", request.method, known)
    settings = known[request.method].read(request.settings)
    target = _target(settings.pop("target", None), opened.pair, request)
    model = models.load(request.model)
    job.begin(known[request.method].described()["title"])
    found = _explained(request.method, model, opened.pair, target, settings, job)
    if isinstance(found, SetExplanation):
        _answer_set(job, request, model, opened.pair, target, found)
    elif isinstance(found, Attribution):
        _answer_map(job, request, model, opened.pair, target, found)
    else:
        raise InputError(f"'{request.method}' returned {type(found).__name__}, which the viewer cannot show.")


def _target(kind: str | None, pair: ImagePair, request: Explain) -> Target | None:
    if request.box is not None:
        request.box.checked(pair.size)
    if kind is None:  # SEDC-T compares images, or what else a third party's method does by default
        return None if request.box is None else target_of("mean", request.box)
    return target_of(kind, request.box)


def _explained(
    method: str, model: FusionModel, pair: ImagePair, target: Target | None, settings: dict[str, Any], job: Job
) -> Any:
    taken = inspect.signature(EXPLAINERS[method]).parameters
    hides = any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken.values())
    if "progress" in taken or hides:
        settings["progress"] = job.progress
    if "target" in taken:
        settings["target"] = target
    given = {name: value for name, value in settings.items() if value is not None or name == "target"}
    return explain(model, pair, method, **given)


def _answer_set(
    job: Job, request: Explain, model: FusionModel, pair: ImagePair, target: Target | None, found: SetExplanation
) -> None:
    order = _ranking(job, request, model, pair, target, found)
    steps = [int(step[4], 16) for step in found.trace[:MOST_STEPS]]
    names, read = names_of(pair), ReadTarget.of(found.target, pair.size)
    arrays = {
        "units_a": found.units.labels_a.int(),
        "units_b": found.units.labels_b.int(),
        "kept": as_matrix([found.kept], found.units.count)[0],
        "fill_a": found.fill_a,
        "fill_b": found.fill_b,
        "trace_kept": as_matrix(steps, found.units.count) if steps else torch.zeros(0, found.units.count).bool(),
    }
    job.say(
        "set",
        arrays,
        model=request.model,
        record=found.record(),
        words=[set_headline(found, read, names), *set_sentences(found), *set_warnings(found)],
        asides=set_asides(found, read, names),
        names=list(pair.names),
        levels=order.levels() if order else [],
        trace=_trace(found, order),
        curve=order.described() if order else None,
    )


def _answer_map(
    job: Job, request: Explain, model: FusionModel, pair: ImagePair, target: Target | None, found: Attribution
) -> None:
    order = _ranking(job, request, model, pair, target, found) if found.unit_scores is not None else None
    names, read = names_of(pair), ReadTarget.of(found.target, pair.size)
    cut = found.window.slices
    maps = {"a": found.a, "b": found.b, "error_a": found.error_a, "error_b": found.error_b}
    arrays = {name: values[cut] for name, values in maps.items() if values is not None}
    if found.units is not None and found.unit_scores is not None:
        labels = {"units_a": found.units.labels_a.int(), "units_b": found.units.labels_b.int()}
        arrays |= {"unit_scores": found.unit_scores, **labels}
    job.say(
        "map",
        arrays,
        model=request.model,
        record=found.record(),
        words=[map_headline(found, read, names), *results_facts.warnings(found)],
        facts=[list(row) for row in results_facts.fact_rows(found)],
        names=list(pair.names),
        share_a=found.share(),
        window=[found.window.top, found.window.left, found.window.bottom, found.window.right],
        curve=order.described() if order else None,
    )


def _ranking(
    job: Job,
    request: Explain,
    model: FusionModel,
    pair: ImagePair,
    target: Target | None,
    found: SetExplanation | Attribution,
) -> Ranking | None:
    """Score the order of units; SEDC-T asks of whole images what no target can be asked of."""
    if target is None or request.method == "sedc_t":
        return None
    job.begin("scores along the order of segments")
    return ranking(found, model, pair, target, job.progress)


def _trace(found: SetExplanation, order: Ranking | None) -> list[dict[str, Any]]:
    scores = order.tried if order else [None] * min(len(found.trace), MOST_STEPS)
    return [
        {
            "step": number,
            "way": step[2],
            "tested": None,
            "kept": int(step[4], 16).bit_count(),
            "score": score,
            "passed": step[3] >= 0,
        }
        for number, (step, score) in enumerate(zip(found.trace, scores, strict=False))
    ]
