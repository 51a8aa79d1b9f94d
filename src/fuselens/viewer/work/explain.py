"""`explain`: a set of units with its certificate, or a map a source, by any method of the registry."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.evaluator import START_IMAGES
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
from fuselens.viewer.opened import Found, Opened
from fuselens.viewer.ranking import MOST_STEPS, ranking
from fuselens.viewer.targets import target_of


def answer(job: Job, models: Catalogue, opened: Opened, request: Explain) -> None:
    """Explain, say so at once, then score the units along the order that the answer suggests."""
    known = methods()
    if request.method not in known:
        raise UnknownNameError("method", request.method, known)
    settings = known[request.method].read(request.settings)
    target = _target(settings.pop("target", None), opened.pair, request)
    model = models.load(request.model)
    job.begin(known[request.method].described()["title"])
    found = _explained(request.method, model, opened.pair, target, settings, job)
    # SEDC-T asks of whole images what no target can be asked of; a map without units has none to put in order.
    scored = None if request.method == "sedc_t" or getattr(found, "units", None) is None else target
    if isinstance(found, SetExplanation):
        _say_set(job, request.model, opened.pair, found, scored)
    elif isinstance(found, Attribution):
        _say_map(job, request.model, opened.pair, found, scored)
    else:
        raise InputError(f"'{request.method}' returned {type(found).__name__}, which the viewer cannot show.")
    opened.keep(job.number, request.model, found)
    if scored is not None:
        _say_scores(job, model, opened.pair, found, scored)


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
        settings["progress"] = _counting(job, settings) if hides else job.progress
    if "target" in taken:
        settings["target"] = target
    given = {name: value for name, value in settings.items() if value is not None or name == "target"}
    return explain(model, pair, method, **given)


def _counting(job: Job, settings: Mapping[str, Any]) -> Callable[[int, int], None]:
    """Return the progress of a method that hides: samples are known beforehand; how long a search takes, nobody."""
    samples, budget = settings.get("samples"), settings.get("max_images")
    total = 0 if samples is None else min(samples + START_IMAGES, budget or samples + START_IMAGES)

    def report(images: int, _: int) -> None:
        job.progress(min(images, total) if total else images, total)

    return report


def _say_set(job: Job, key: str, pair: ImagePair, found: SetExplanation, scored: Target | None) -> None:
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
        model=key,
        record=found.record(),
        words=[set_headline(found, read, names), *set_sentences(found), *set_warnings(found)],
        asides=set_asides(found, read, names),
        names=list(pair.names),
        trace=[
            {"step": number, "way": step[2], "tested": None, "kept": kept.bit_count(), "passed": step[3] >= 0}
            for number, (step, kept) in enumerate(zip(found.trace, steps, strict=False))
        ],
        scoring=scored is not None,
    )


def _say_map(job: Job, key: str, pair: ImagePair, found: Attribution, scored: Target | None) -> None:
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
        model=key,
        record=found.record(),
        words=[map_headline(found, read, names), *results_facts.warnings(found)],
        facts=[list(row) for row in results_facts.fact_rows(found)],
        names=list(pair.names),
        share_a=found.share(),
        window=[found.window.top, found.window.left, found.window.bottom, found.window.right],
        scoring=scored is not None,
    )


def _say_scores(job: Job, model: FusionModel, pair: ImagePair, found: Found, target: Target) -> None:
    """Score the order of units; what was said before stands where this is stopped."""
    job.begin("curve")
    order = ranking(found, model, pair, target, job.progress)
    job.say(
        "scores",
        levels=order.levels() if order else [],
        trace=order.tried if order else [],
        curve=order.described() if order else None,
    )
