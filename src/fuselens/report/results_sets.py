"""Sections of the results page about sets: which segments cause a result, and the certificate that they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fuselens.core.display import dimmed, grey
from fuselens.core.explanation import SetExplanation
from fuselens.core.ssim import WINDOW, ssim_map
from fuselens.data.fused import FusedImage
from fuselens.report import pictures, results_words
from fuselens.report.pictures import Picture, photograph, picture
from fuselens.report.places import Mark
from fuselens.report.results_charts import Profile, ScoreBars
from fuselens.report.results_methods import method_of
from fuselens.report.results_replay import Replay
from fuselens.report.results_words import part, score_text
from fuselens.report.target_words import ReadTarget
from fuselens.report.words import Names, amount, number


@dataclass(frozen=True)
class Likeness:
    """The fusion of what the set shows, beside the original.

    Attributes:
        picture: the explained fusion.
        ssim: its SSIM to the original; empty for images smaller than the window.
        where: where the two are alike; None for such images.
    """

    picture: Picture
    ssim: str
    where: Picture | None

    @classmethod
    def of(cls, explained: FusedImage, fused: FusedImage) -> Likeness:
        """Compare two fused images of one pair."""
        pixels = pictures.fused_rgb(explained)
        mean = f"mean brightness {float(explained.y.mean()):.2f} of 1"
        if min(fused.y.shape) < WINDOW:
            return cls(picture(pixels, f"Explained fusion, {mean}."), "", None)
        similar = ssim_map(explained.y[None, None].double(), fused.y[None, None].double(), padding="reflect")[0, 0]
        ssim = number(float(similar.mean()))
        # Percentages, lest a reader takes the map for the fused image.
        alike = float((similar >= 0.9).double().mean())
        where = photograph(
            grey(similar.clamp(0, 1)),
            f"Where the two are alike: similarity is 0.9 or more at {part(alike)} of the pixels.",
        )
        return cls(picture(pixels, f"Explained fusion, {mean}, similarity {ssim} to the fused image."), ssim, where)


@dataclass(frozen=True)
class SetSection:
    """One set explanation: its answer, its pictures, its certificate."""

    label: str
    method: str
    subject: str
    headline: str
    sentences: Sequence[str]
    asides: Sequence[str]
    warnings: Sequence[str]
    badge: str
    share: float | None
    sources: Sequence[Picture]
    source_words: Sequence[str]
    mark: Mark | None
    likeness: Likeness | None
    is_enough: bool
    bars: ScoreBars | None
    test: str
    certificate: Sequence[tuple[str, str, str, str]]
    is_relative: bool
    facts: Sequence[tuple[str, str]]
    replay: Replay | None
    profile: Profile | None
    settings: Sequence[tuple[str, str]]
    kind = "set"

    @classmethod
    def of(
        cls,
        label: str,
        found: SetExplanation,
        names: Names,
        mark: Mark | None,
        likeness: Likeness | None,
        profile: Sequence[tuple[float, int]],
        settings: Sequence[tuple[str, str]],
    ) -> SetSection:
        """Turn an explanation into words, pictures and rows."""
        target = ReadTarget.of(found.target, found.pair.size)
        both = _lies_in_both(found)
        return cls(
            label=label,
            method=method_of(found.method).title,
            subject=target.subject(names),
            headline=results_words.set_headline(found, target, names),
            sentences=results_words.set_sentences(found),
            asides=results_words.set_asides(found, target, names),
            warnings=results_words.set_warnings(found),
            badge=results_words.status_badge(found),
            share=found.share() if found.kept and both else None,
            sources=_overlays(found, names) if found.kept else (),
            source_words=results_words.source_words(found, names),
            mark=mark,
            likeness=likeness,
            is_enough=found.is_sufficient,
            bars=ScoreBars.of(found) if found.kept else None,
            test=results_words.TESTS[found.mode],
            certificate=_certificate(found),
            is_relative=found.is_relative,
            facts=_facts(found, names, both=both),
            replay=Replay.of(found, names),
            profile=Profile.of(profile, found) if profile and found.kept else None,
            settings=settings,
        )


def _lies_in_both(found: SetExplanation) -> bool:
    return all(results_words.hideable(found.settings, found.units))


def _overlays(found: SetExplanation, names: Names) -> list[Picture]:
    made = []
    for name, source, keep in zip(names, found.pair, found.keep_maps(), strict=True):
        shown = float(keep.double().mean())
        made.append(
            photograph(dimmed(source.y, keep), f"{name}: {part(shown)} of its pixels are shown, the rest dark.")
        )
    return made


def _certificate(found: SetExplanation) -> list[tuple[str, str, str, str]]:
    """Return the rows of the certificate: what is shown, the score, the score on the relative scale, the verdict."""
    rows = [("everything", found.score_full), ("nothing", found.score_empty)]
    if found.kept:
        rows += [("only the set", found.score_kept), ("everything but the set", found.score_removed)]
    verdicts = ("another result", "the same result")
    span = found.score_full - found.score_empty

    def relative(score: float) -> str:
        return score_text((score - found.score_empty) / span, found.level) if span else "–"

    return [
        (shown, amount(score), relative(score), verdicts[found.scaled(score) >= found.level] if found.kept else "–")
        for shown, score in rows
    ]


def _facts(found: SetExplanation, names: Names, *, both: bool) -> list[tuple[str, str]]:
    rows = [("Asked for", results_words.MODES[found.mode]), ("Level", amount(found.level))]
    if found.kept:
        rows += [
            ("Margin", f"{amount(found.margin)} to the level"),
            ("Segments", f"{found.size} of {found.units.count}"),
            ("Area", f"{part(found.area)} of the pixels that could be hidden"),
        ]
    if found.kept and both:
        sources = found.units.source_of()[found.members]
        rows.append(
            ("Segments by source", ", ".join(f"{name} {int((sources == i).sum())}" for i, name in enumerate(names)))
        )
    rows.append(("Minimal", results_words.minimal_words(found)))
    rows.append(("Cost", f"{found.model_images:,} fused images, {amount(found.seconds)} s"))
    return rows
