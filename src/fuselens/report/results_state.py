"""The section about a model's own account: its summary, the maps and bars that it decided with, its facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fuselens.core.display import preset_of
from fuselens.core.intrinsic import ModelState, StateBars, StateMaps
from fuselens.report.pictures import Picture, Scale, picture
from fuselens.report.results_bars import BarsPart
from fuselens.report.results_methods import method_of
from fuselens.report.words import Names, amount, opened, with_shown_names

SIDE_BY_SIDE = 3  # more maps than these are shown smaller


@dataclass(frozen=True)
class MapsPart:
    """One part of maps on one scale.

    Attributes:
        title, words: as the model says.
        figures: caption, kind (`"a"` and `"b"` for a map of a source, else empty) and picture of each map.
        scale: their colour bar; None for grey images.
        is_linked: whether a place on the maps is the same place on the sources.
        are_many: whether they are shown smaller.
    """

    title: str
    words: str
    figures: Sequence[tuple[str, str, Picture]]
    scale: Scale | None
    is_linked: bool
    are_many: bool
    kind = "maps"

    @classmethod
    def of(cls, part: StateMaps, pair_names: Names, size: tuple[int, int], gamma: float) -> MapsPart:
        """Colour the maps."""
        title = with_shown_names(part.title, pair_names)
        figures = []
        for caption, pixels in part.colours(gamma).items():
            words = with_shown_names(caption, pair_names)
            values = part.maps[caption]
            low, mean, high = (amount(float(number)) for number in (values.min(), values.double().mean(), values.max()))
            kind = "ab"[pair_names.index(caption)] if caption in pair_names else ""
            figures.append((words, kind, picture(pixels, f"{title}, {words}: from {low} to {high}, mean {mean}.")))
        scale = None if part.display == "grey" else Scale.of(part.scale, gamma * part.gamma, preset_of(part.display))
        words = with_shown_names(part.words, pair_names)
        return cls(opened(title), words, figures, scale, part.size == size, len(figures) > SIDE_BY_SIDE)


@dataclass(frozen=True)
class StateSection:
    """A model's own account; the fields before `parts` are those that all sections of the results page have."""

    label: str
    method: str
    subject: str
    headline: str
    sentences: Sequence[str]
    asides: Sequence[str]
    warnings: Sequence[str]
    badge: str
    share: float | None
    parts: Sequence[MapsPart | BarsPart]
    facts: Sequence[tuple[str, str]]
    settings: Sequence[tuple[str, str]]
    kind = "state"

    @classmethod
    def of(
        cls,
        label: str,
        found: ModelState,
        model: str,
        size: tuple[int, int],
        gamma: float = 1.0,
        settings: Sequence[tuple[str, str]] = (),
    ) -> StateSection:
        """Turn an account of the model called `model`, for images of `size`, into words, pictures and rows."""
        method = method_of(found.method)
        headline, *sentences = (opened(with_shown_names(sentence, found.names)) for sentence in found.summary)
        return cls(
            label=label,
            method=method.title,
            subject=method.subject.format(model),
            headline=headline,
            sentences=sentences,
            asides=[method.how],
            warnings=(),
            badge="",
            share=None,
            parts=[
                BarsPart.of(part, found.names)
                if isinstance(part, StateBars)
                else MapsPart.of(part, found.names, size, gamma)
                for part in found.parts
            ],
            facts=[
                (opened(with_shown_names(name, found.names)), amount(float(value)))
                for name, value in found.facts.items()
            ],
            settings=settings,
        )
