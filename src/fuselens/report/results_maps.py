"""Sections of the results page about maps: how much each source pixel or segment moves a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt

from fuselens.core.display import Rgb, colour_map, common_scale, grey, signed_power
from fuselens.core.locality import Box
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution
from fuselens.report import numbers, results_facts
from fuselens.report.pictures import Picture, Scale, photograph, picture
from fuselens.report.places import Mark
from fuselens.report.results_methods import method_of
from fuselens.report.results_words import hidden_words, hideable, map_headline, part
from fuselens.report.target_words import ReadTarget
from fuselens.report.words import Names, Row, amount, opened, percent, range_words, row, signed

TOP_UNITS = 5
# Maps are cut to the influence where it fills less than this part of the image.
WORTH_CUTTING = 0.25


@dataclass(frozen=True)
class TopUnit:
    """One of the segments with the strongest influence, a row of the table and a mark on its source."""

    rank: str
    which: int
    source: str
    place: str
    pixels: str
    score: str
    error: str
    mark: Mark | None


@dataclass(frozen=True)
class MapSection:
    """One attribution: its answer, both maps and overlays on one scale, its numbers."""

    label: str
    method: str
    subject: str
    headline: str
    sentences: Sequence[str]
    asides: Sequence[str]
    warnings: Sequence[str]
    badge: str
    share: float | None
    unit: str
    maps: Sequence[Picture]
    overlays: Sequence[Picture]
    marks: Sequence[Sequence[Mark]]
    target_mark: Mark | None
    cut: str
    scale: Scale
    errors: Sequence[tuple[int, Picture]]
    error_scale: Scale | None
    rows: Sequence[Row]
    facts: Sequence[tuple[str, str, str]]
    top: Sequence[TopUnit]
    settings: Sequence[tuple[str, str]]
    kind = "map"

    @classmethod
    def of(
        cls,
        label: str,
        found: Attribution,
        pair: ImagePair,
        names: Names,
        gamma: float,
        settings: Sequence[tuple[str, str]],
    ) -> MapSection:
        """Turn an attribution into words, pictures and rows."""
        target, method = ReadTarget.of(found.target, pair.size), method_of(found.method)
        view = _view(found, target.box, pair.size)
        looked = hideable(found.settings, found.units)
        top = _top_units(found, names, view)
        warnings = results_facts.warnings(found)
        errors = _errors(found)
        asides = (method.how, f"{target.score(names)}.", hidden_words(found.settings, found.units, names))
        return cls(
            label=label,
            method=method.title,
            subject=target.subject(names),
            headline=map_headline(found, target, names),
            sentences=[
                _where(values, name)
                for values, name, can in zip((found.a, found.b), names, looked, strict=True)
                if can and bool(values.any())
            ],
            asides=[text for text in asides if text],
            warnings=warnings,
            badge="not complete" if found.facts.get("complete") is False else "doubtful" if warnings else "",
            share=found.share() if all(looked) and bool(found.a.any() or found.b.any()) else None,
            unit=method.unit,
            maps=_maps(found, names, view, gamma),
            overlays=_overlays(found, pair, names, view, gamma),
            marks=[[one.mark for one in top if one.which == which and one.mark is not None] for which in (0, 1)],
            target_mark=None if target.box is None else Mark.at("", target.box, view),
            cut="" if view == Box(0, 0, *pair.size) else _cut_words(view),
            scale=Scale.of(common_scale(found.a, found.b), gamma, "signed"),
            errors=_error_maps(errors, names, view, gamma),
            error_scale=Scale.of(common_scale(*errors.values()), gamma, "paper") if errors else None,
            rows=_rows(found),
            facts=results_facts.fact_rows(found),
            top=top,
            settings=settings,
        )


def _maps(found: Attribution, names: Names, view: Box, gamma: float) -> list[Picture]:
    scale = common_scale(found.a, found.b)
    return [
        picture(colour_map(values[view.slices], scale, gamma=gamma), f"Influence of {name}: {range_words(values)}.")
        for name, values in zip(names, (found.a, found.b), strict=True)
    ]


def _overlays(found: Attribution, pair: ImagePair, names: Names, view: Box, gamma: float) -> list[Picture]:
    scale = common_scale(found.a, found.b)
    made = []
    for name, values, source in zip(names, (found.a, found.b), pair, strict=True):
        pixels = _laid_over(values[view.slices], scale, gamma, source.y[view.slices])
        half = part(float(_strongest(values).double().mean()))
        made.append(photograph(pixels, f"{name} under its influence, half of which lies on {half} of the pixels."))
    return made


def _errors(found: Attribution) -> dict[int, torch.Tensor]:
    """Return the standard errors of the sources that have them."""
    return {i: error for i, error in enumerate((found.error_a, found.error_b)) if error is not None}


def _error_maps(errors: Mapping[int, torch.Tensor], names: Names, view: Box, gamma: float) -> list[tuple[int, Picture]]:
    made = []
    for i, values in errors.items():
        colours = colour_map(values[view.slices], common_scale(*errors.values()), gamma=gamma, preset="paper")
        median = amount(float(values.median()))
        made.append((i, picture(colours, f"Standard error of the influence of {names[i]}: median {median}.")))
    return made


def _view(found: Attribution, box: Box | None, size: tuple[int, int]) -> Box:
    """Return the part of the image worth showing: all of it, unless the influence is confined to a corner of it."""
    view = numbers.view_of(found, box)
    return view if view.height * view.width < WORTH_CUTTING * size[0] * size[1] else Box(0, 0, *size)


def _cut_words(view: Box) -> str:
    return (
        f"Rows {view.top} to {view.bottom - 1}, columns {view.left} to {view.right - 1}: nearly all of the influence "
        "lies there."
    )


def _laid_over(values: torch.Tensor, scale: float, gamma: float, image: torch.Tensor) -> Rgb:
    """Lay a signed map over a grey image, the stronger the denser, so that the image stays visible elsewhere."""
    strength = 0.8 * signed_power((values.abs() / scale).double().cpu(), gamma).numpy()[..., None]
    ends = colour_map(0.8 * values.sign(), 1.0).astype(np.float64)
    mixed: Rgb = (strength * ends + (1 - strength) * grey(image)).round().astype(np.uint8)
    return mixed


def _strongest(values: torch.Tensor) -> torch.Tensor:
    """Return which pixels `[H, W]`, from the strongest down, hold half of the influence; equal ones come together."""
    strength = values.abs().double().flatten()
    ordered = strength.sort(descending=True).values
    total = float(ordered.sum())
    if not total:
        return torch.zeros_like(values, dtype=torch.bool)
    last = min(int((ordered.cumsum(0) < total / 2).sum()), len(ordered) - 1)
    return (strength >= ordered[last]).view_as(values)


def _where(values: torch.Tensor, name: str) -> str:
    """Say how concentrated the influence of one source is, and where."""
    strongest = _strongest(values)
    place = numbers.place_of(strongest)
    where = f", most densely {place}" if place else ""
    return f"Half of the influence of {name} lies on {part(float(strongest.double().mean()))} of its pixels{where}."


def _rows(found: Attribution) -> list[Row]:
    maps = (found.a, found.b)
    rows = [
        row("Share of the influence", [percent(share) for share in (found.share(), 1 - found.share())]),
        row("Pixels with half of it", [part(float(_strongest(values).double().mean())) for values in maps]),
        row("Lowest", [signed(float(values.min())) for values in maps]),
        row("Highest", [signed(float(values.max())) for values in maps]),
    ]
    if found.unit_scores is not None and found.units is not None:
        sums = [float(found.unit_scores[(found.units.source_of() == i)].double().sum()) for i in (0, 1)]
        rows.append(row("Sum over segments", [signed(value) for value in sums]))
    if errors := _errors(found):
        clear = {i: float((maps[i].abs() > 2 * error).double().mean()) for i, error in errors.items()}
        medians = {i: amount(float(error.median())) for i, error in errors.items()}
        rows.append(row("Median standard error", [medians.get(i, "–") for i in (0, 1)]))
        rows.append(row("Pixels beyond twice theirs", [part(clear[i]) if i in clear else "–" for i in (0, 1)]))
    return rows + results_facts.by_source(found.facts)


def _top_units(found: Attribution, names: Names, view: Box) -> list[TopUnit]:
    """Return the segments with the largest scores, whatever their sign."""
    if found.unit_scores is None or found.units is None:
        return []
    scores = found.unit_scores.double().cpu()
    boxes, areas, sources = found.units.boxes(), found.units.areas(), found.units.source_of()
    errors = found.facts.get("unit_std")
    made: list[TopUnit] = []
    for unit in scores.abs().argsort(descending=True, stable=True)[:TOP_UNITS].tolist():
        if not float(scores[unit]):
            break
        box, which, rank = boxes[unit], int(sources[unit]), str(len(made) + 1)
        labels = (found.units.labels_a, found.units.labels_b)[which]
        middle = _middle(labels[box.slices] == unit, box)
        is_seen = view.top <= middle.top < view.bottom and view.left <= middle.left < view.right
        made.append(
            TopUnit(
                rank=rank,
                which=which,
                source=opened(names[which]),
                place=f"rows {box.top} to {box.bottom - 1}, columns {box.left} to {box.right - 1}",
                pixels=f"{int(areas[unit]):,}",
                score=signed(float(scores[unit])),
                error=f"± {amount(float(errors[unit]))}" if errors is not None else "",
                mark=Mark.at(rank, middle, view) if is_seen else None,
            )
        )
    return made


def _middle(inside: torch.Tensor, box: Box) -> Box:
    """Return the pixel of a segment that is farthest from its border."""
    depth = distance_transform_edt(np.pad(inside.numpy(), 1))[1:-1, 1:-1]
    y, x = (int(i) for i in np.unravel_index(int(depth.argmax()), depth.shape))
    return Box(box.top + y, box.left + x, box.top + y + 1, box.left + x + 1)
