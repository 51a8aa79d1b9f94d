"""The page of a confounder dictionary: which scenes a set of images consists of, shown, and how even it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fuselens.confounders.balance import agreement, balance_of
from fuselens.confounders.features import read_image_of
from fuselens.confounders.scenes import FoundScenes
from fuselens.confounders.thumbnails import thumbnail
from fuselens.core.files import write_text
from fuselens.report import confounders_words as words
from fuselens.report.confounders_charts import SceneMap, SizeBars, hues
from fuselens.report.frame import filled
from fuselens.report.leaderboard_columns import counted
from fuselens.report.pictures import Picture, small_photograph
from fuselens.report.words import percent, shown_name

EXAMPLES = 8  # images shown of a scene
_SIDE = 144


@dataclass(frozen=True, eq=False)
class ConfoundersContents:
    """What the page shows.

    Attributes:
        found: the scenes; their images are read once more for the page.
        command: the command line that made it.
        notes: remarks and warnings, one sentence each.
    """

    found: FoundScenes
    command: str = ""
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class SceneSection:
    """One scene on its contact sheet.

    Attributes:
        number: counts from 0, the largest scene first.
        size, share: its images, in words.
        part: its size over that of the largest scene.
        hue: of its colour, in degrees.
        pictures: the images nearest to its centre, nearest first.
        more: further images, in words; empty where all are shown.
        other: where its images lie in the other modality.
    """

    number: int
    size: str
    share: str
    part: float
    hue: int
    pictures: Sequence[Picture]
    more: str
    other: str


@dataclass(frozen=True)
class ModalitySection:
    """One modality: its map, the sizes of its scenes, its contact sheets."""

    side: str
    name: str
    map: SceneMap
    bars: SizeBars
    scenes: Sequence[SceneSection]

    @classmethod
    def of(cls, found: FoundScenes, side: str) -> ModalitySection:
        """Draw the modality `"a"` or `"b"`; its thumbnails are read from the files."""
        here, there = (found.a, found.b) if side == "a" else (found.b, found.a)
        clusters = here.clusters
        name = shown_name(here.name)
        colours = hues(here.points, clusters.labels)
        sections = []
        for scene, size in enumerate(clusters.sizes.tolist()):
            members = clusters.members(scene)
            sections.append(
                SceneSection(
                    number=scene,
                    size=counted(size, "image"),
                    share=percent(size / len(found.files)),
                    part=size / int(clusters.sizes.max()),
                    hue=colours[scene],
                    pictures=[_picture(found, side, int(i)) for i in members[:EXAMPLES]],
                    more=counted(size - EXAMPLES, "more image") if size > EXAMPLES else "",
                    other=words.where_else(there.clusters.labels[members], shown_name(there.name)),
                )
            )
        return cls(
            side,
            name,
            SceneMap.of(here.points, clusters.labels, colours, name),
            SizeBars.of(clusters.sizes, colours, name),
            sections,
        )


def write_confounders_page(path: Path, contents: ConfoundersContents) -> Path:
    """Write the page, whole or not at all, and return its path.

    Raises:
        InputError: the file cannot be written, or an image has gone or changed since its scene was found.
    """
    write_text(path, render(contents))
    return path


def render(contents: ConfoundersContents) -> str:
    """Return the page as HTML."""
    found = contents.found
    names = [shown_name(name) for name in found.files[0].names]
    modalities = (found.a, found.b)
    balances = [balance_of(modality.clusters.sizes) for modality in modalities]
    agreed = agreement(found.a.clusters.labels, found.b.clusters.labels)
    values = {
        "names": names,
        "pairs": counted(len(found.files), "pair"),
        "scenes": found.settings.scenes,
        "answer": words.answer(names, balances, len(found.files), agreed),
        "rows": words.rows(modalities, balances),
        "agreement": f"{agreed:.2f}".replace("-", "−"),
        "modalities": [ModalitySection.of(found, side) for side in "ab"],
        "examples": EXAMPLES,
        "settings": _settings(found),
        "command": contents.command,
        "notes": contents.notes,
    }
    return filled("confounders.html.j2", values, styles=["confounders.css"], scripts=[])


def _picture(found: FoundScenes, side: str, image: int) -> Picture:
    source = read_image_of(found.files[image], side, found.settings.window)
    return small_photograph(thumbnail(source, _SIDE), found.files[image].name)


def _settings(found: FoundScenes) -> list[tuple[str, Any]]:
    settings = found.settings
    facts = {key: value for key, value in found.facts.items() if key != "backbone"}
    rows = {"features": found.facts["backbone"], **facts, "dim": settings.dim, "seed": settings.seed}
    if settings.window is not None:
        rows["window"] = settings.window
    return list(rows.items())
