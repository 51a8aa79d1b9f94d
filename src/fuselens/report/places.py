"""Sections of the report about single places: Jacobians of pixels and regions, region reports, and their marks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fuselens.core.display import Preset, Rgb, colour_map, common_scale
from fuselens.core.locality import Box
from fuselens.core.results import Attribution
from fuselens.explainers.region_report import RegionReport
from fuselens.report import numbers, words
from fuselens.report.pictures import Picture, Scale, picture
from fuselens.report.words import Names, Row, amount, percent, range_words, row, signed


@dataclass(frozen=True)
class Mark:
    """A labelled ring (pixel) or box (region) over a picture; edges in per cent of its sides."""

    label: str
    is_pixel: bool
    left: float
    top: float
    width: float
    height: float

    @classmethod
    def at(cls, label: str, box: Box, frame: Box) -> Mark:
        """Place the mark of `box` on a picture of `frame`."""
        return cls(
            label,
            box.height == box.width == 1,
            100 * (box.left - frame.left) / frame.width,
            100 * (box.top - frame.top) / frame.height,
            100 * box.width / frame.width,
            100 * box.height / frame.height,
        )


@dataclass(frozen=True)
class ProbeSection:
    """One explained pixel or region: four crops, a colour bar, a sentence, a table."""

    label: str
    title: str
    target: str
    sentence: str
    value: str
    crops: Sequence[Picture]
    maps: Sequence[Picture]
    mark: Mark | None
    scale: Scale
    rows: Sequence[Row]

    @classmethod
    def of(
        cls, label: str, probe: Attribution, images: Sequence[Rgb], names: Names, gamma: float, preset: Preset
    ) -> ProbeSection:
        """Cut out what matters to one Jacobian; `images` are both sources in their colours."""
        size = (int(probe.a.shape[0]), int(probe.a.shape[1]))
        box = numbers.box_of(probe.target, size)
        view = numbers.view_of(probe, box)
        title = words.place_title(probe.target, box)
        maps = (probe.a, probe.b)
        scale = common_scale(*maps)
        radii = (
            None if box is None else (numbers.influence_radius(probe.a, box), numbers.influence_radius(probe.b, box))
        )
        crops = [
            picture(image[view.slices], f"{name} round the target: rows {view.top} to {view.bottom - 1}, "
                    f"columns {view.left} to {view.right - 1}.")
            for name, image in zip(names, images, strict=True)
        ]  # fmt: skip
        coloured = [
            picture(
                colour_map(values[view.slices], scale, gamma=gamma, preset=preset),
                f"Influence of each {name} pixel on the target: {range_words(values)}.",
            )
            for name, values in zip(names, maps, strict=True)
        ]
        share = probe.share()
        rows = [row("Share of the influence", [percent(share), percent(1 - share)])]
        if box is not None and radii is not None:
            at = "At the pixel itself" if probe.target.startswith("pixel:") else "Inside the region, summed"
            rows += [
                row(at, [signed(float(m[box.slices].sum())) for m in maps]),
                row("If all pixels rise together", [signed(float(m.sum())) for m in maps]),
                row("Influence from outside", [percent(numbers.outside_part(m, box)) for m in maps]),
                row("Radius of influence", [f"{radius} px" for radius in radii]),
            ]
        return cls(
            label=label,
            title=title,
            target=probe.target,
            sentence=words.probe_sentence(probe, radii, names),
            value=words.number(probe.value),
            crops=crops,
            maps=coloured,
            mark=None if box is None else Mark.at("", box, view),
            scale=Scale.of(scale, gamma, preset),
            rows=rows,
        )


@dataclass(frozen=True)
class RegionSection:
    """One region report: its sentences and its table."""

    label: str
    title: str
    sentences: Sequence[str]
    rows: Sequence[Row]
    correlation: str
    mean_fused: str
    pixels: int

    @classmethod
    def of(cls, label: str, report: RegionReport, names: Names, size: tuple[int, int]) -> RegionSection:
        """Word the report with the names that people use."""
        rows = [
            ("Share of the cause", percent(report.share_a), percent(1 - report.share_a)),
            ("Sensitivity (levels per level)", amount(report.sensitivity_a), amount(report.sensitivity_b)),
            ("Influence from outside", percent(report.outside_a), percent(report.outside_b)),
        ]
        r = "–" if math.isnan(report.correlation) else f"{report.correlation:+.2f}".replace("-", "−")
        mean = words.number(report.mean_fused)
        title = words.place_title(report.region, numbers.box_of(report.region, size))
        return cls(label, title, replace(report, names=names).sentences(), rows, r, mean, report.pixels)


def marks_of(probes: Sequence[Attribution], regions: Sequence[RegionReport], size: tuple[int, int]) -> list[Mark]:
    """Return one mark per marked place on a picture of the whole pair; targets without a place have none."""
    labelled = [(probe_label(i), probe.target) for i, probe in enumerate(probes)]
    return marks_at(labelled + [(region_label(i), region.region) for i, region in enumerate(regions)], size)


def marks_at(labelled: Sequence[tuple[str, str]], size: tuple[int, int]) -> list[Mark]:
    """Return one mark per place for labels and targets: those of one place share it, those without have none."""
    placed: dict[Box, list[str]] = {}
    for label, target in labelled:
        if (box := numbers.box_of(target, size)) is not None:
            placed.setdefault(box, []).append(label)
    return [Mark.at(" · ".join(labels), box, Box(0, 0, *size)) for box, labels in placed.items()]


def probe_label(index: int) -> str:
    """Return what marks the probe on the pictures."""
    return str(index + 1)


def region_label(index: int) -> str:
    """Return what marks the region on the pictures."""
    return f"R{index + 1}"
