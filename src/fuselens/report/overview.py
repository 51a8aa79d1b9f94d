"""Sections of the report about the whole image: shares, guidance, scatter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from fuselens.core.display import Preset, colour_map, common_scale
from fuselens.core.pair import ImagePair
from fuselens.data.fused import FusedImage
from fuselens.explainers.guidance import Guidance
from fuselens.explainers.region_report import RegionReport
from fuselens.explainers.scatter import Scatter
from fuselens.report import numbers, pictures
from fuselens.report.pictures import Picture, Scale, picture
from fuselens.report.words import Names, Row, amount, percent, range_words, row, signed


@dataclass(frozen=True)
class ShareSection:
    """Who decides where: the overlay, its legend, the histogram, and a table of the camps."""

    mean: float
    picture: Picture
    strip: str
    neither: str
    bars: Sequence[pictures.Bar]
    highest: float
    bars_alt: str
    camps: numbers.Camps

    @classmethod
    def of(cls, guidance: Guidance, pair: ImagePair, fused: FusedImage, names: Names) -> ShareSection:
        """Draw and count the shares."""
        share = guidance.share()
        mean = float(share.nanmean())
        groups = numbers.camps(share, (pair.a.y, pair.b.y, fused.y))
        alt = (
            f"Map of shares over the fused image: {names[0]} dominates {percent(groups.a.part)} of the pixels, "
            f"{names[1]} {percent(groups.b.part)}, shared {percent(groups.shared.part)}, "
            f"neither {percent(groups.neither.part)}."
        )
        bars = pictures.share_bars(share)
        fullest = max(bars, key=lambda bar: bar.part)
        return cls(
            mean=mean,
            picture=picture(pictures.share_overlay(share, fused.y), alt),
            strip=pictures.share_strip(),
            neither=pictures.share_colour(float("nan")),
            bars=bars,
            highest=fullest.part or 1.0,
            bars_alt=f"Histogram of the share of {names[0]}: its fullest bar is near {percent(fullest.share)} "
            f"and holds {percent(fullest.part)} of the pixels.",
            camps=groups,
        )


@dataclass(frozen=True)
class GuidanceSection:
    """How strongly: both maps on one scale, guidance RGB, a table."""

    a: Picture
    b: Picture
    rgb: Picture
    scale: Scale
    rows: Sequence[Row]

    @classmethod
    def of(cls, guidance: Guidance, names: Names, gamma: float, preset: Preset) -> GuidanceSection:
        """Colour the maps and sum them up."""
        scale = common_scale(guidance.a, guidance.b)
        maps = (guidance.a, guidance.b)
        a, b = (
            picture(
                colour_map(values, scale, gamma=gamma, preset=preset),
                f"Guidance of {name}: {range_words(values)}.",
            )
            for name, values in zip(names, maps, strict=True)
        )
        rgb_alt = (
            f"Guidance RGB: red is the influence of {names[0]} ({range_words(guidance.a)}), green that of {names[1]} "
            f"({range_words(guidance.b)}), blue the fused brightness."
        )
        rows = [
            row("Average strength", [amount(float(m.abs().mean())) for m in maps]),
            row("Lowest value", [signed(float(m.min())) for m in maps]),
            row("Highest value", [signed(float(m.max())) for m in maps]),
        ]
        if guidance.error_a is not None and guidance.error_b is not None:
            errors = (guidance.error_a, guidance.error_b)
            rows.append(row("Median standard error", [f"{float(error.median()):.2g}" for error in errors]))
        return cls(a, b, picture(guidance.rgb(), rgb_alt), Scale.of(scale, gamma, preset), rows)


@dataclass(frozen=True)
class ScatterSection:
    """Do the sources compete: the raster, and one sentence for all pixels and for each region."""

    raster: pictures.ScatterPicture
    words: str
    marks_regions: bool
    correlation: float

    @classmethod
    def of(cls, guidance: Guidance, regions: Sequence[RegionReport], names: Names) -> ScatterSection:
        """Draw the pixels, those of the boxed regions in green."""
        size = (int(guidance.a.shape[0]), int(guidance.a.shape[1]))
        marked = torch.zeros(size, dtype=torch.bool)
        for region in regions:
            box = numbers.box_of(region.region, size)
            # Of a mask only the bounding box is known, and that would mark strangers.
            if box is not None and not region.region.endswith("(mask)"):
                marked[box.slices] = True
        chosen = marked if bool(marked.any()) else None
        scatter = Scatter.of(guidance.a, guidance.b, names, chosen)
        sentence = scatter.words()
        alt = f"Scatter of {marked.numel()} pixels, influence of {names[0]} against that of {names[1]}. {sentence}"
        raster = pictures.scatter_picture(scatter, alt)
        return cls(raster, sentence, chosen is not None, scatter.correlation)
