"""The page of an audit: what a faulty sensor does to a fusion, drawn, in numbers, in pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from fuselens.core.display import colour_map, grey
from fuselens.core.files import write_text
from fuselens.core.model import FusionModel
from fuselens.data.fused import FusedImage
from fuselens.metrics import chosen_metrics
from fuselens.report import audit_words as words
from fuselens.report.audit_charts import Chart, moved_charts, share_charts
from fuselens.report.frame import filled
from fuselens.report.leaderboard_columns import typeset, with_sign
from fuselens.report.pair_section import model_settings, names_of, pair_values, settings_rows, telling
from fuselens.report.pictures import Picture, Scale, photograph, picture
from fuselens.report.words import Names, percent
from fuselens.robustness.perturbations import PERTURBATIONS
from fuselens.robustness.result import Audit, Case, Shown

_DIGITS = 3
_GAMMA = 0.5


@dataclass(frozen=True, eq=False)
class AuditContents:
    """What the page shows.

    Attributes:
        audit: what was found.
        model: what was audited.
        fused: the undisturbed fused image, in its colours.
        command: the command line that made it.
        notes: remarks, one sentence each.
    """

    audit: Audit
    model: FusionModel
    fused: FusedImage
    command: str = ""
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Row:
    """One case in the table: its strength, the side, its numbers in words, and each score with its change."""

    strength: str
    side: str
    source: str
    moved: str
    passed_on: str
    likeness: str
    share: str
    share_moved: str
    scores: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Group:
    """All cases of one perturbation."""

    title: str
    meaning: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Gallery:
    """The strongest case of a perturbation and source: the spoiled source, the fused image, how it moved."""

    title: str
    side: str
    spoiled: Picture
    fused: Picture
    change: Picture
    caption: str


def write_audit_page(path: Path, contents: AuditContents) -> Path:
    """Write the page, whole or not at all, and return its path.

    Raises:
        InputError: the file cannot be written.
    """
    write_text(path, render(contents))
    return path


def render(contents: AuditContents) -> str:
    """Return the page as HTML."""
    audit, model = contents.audit, contents.model
    names = names_of(audit.pair)
    metrics = [metric for metric, _ in chosen_metrics(audit.settings["metrics"]).values()]
    scale = max((float((shown.fused - audit.fused).abs().max()) for shown in audit.shown), default=1.0) or 1.0
    charts: tuple[list[Chart], list[Chart]] = moved_charts(audit, names), share_charts(audit, names)
    rest = {key: value for key, value in telling(audit.settings).items() if key not in ("weights", "weights_sha256")}
    values = {
        **pair_values(audit.pair, contents.fused, model, contents.notes),
        "marks": (),
        "answer": words.answer(audit, metrics, names),
        "moved": charts[0],
        "shares": charts[1],
        "before": [percent(audit.share_of("a")), percent(audit.share_of("b"))] if audit.share == audit.share else [],
        "metrics": metrics,
        "undisturbed": [typeset(value, _DIGITS) for value in audit.scores.values()],
        "groups": [_group(audit, name, names) for name in audit.perturbations],
        "gallery": [_gallery(audit, shown, scale, names) for shown in words.by_movement(audit)],
        "scale": Scale.of(255 * scale, _GAMMA, "signed"),
        "left_out": words.left_out(audit, names),
        "settings": settings_rows(model_settings(model) | rest),
        "command": contents.command,
    }
    return filled("audit.html.j2", values, styles=["report.css", "audit.css"], scripts=["report.js"])


def _group(audit: Audit, name: str, names: Names) -> Group:
    perturbation = PERTURBATIONS[name]
    cases = sorted((case for case in audit.cases if case.perturbation == name), key=lambda case: case.side)
    rows = [_row(audit, case, perturbation.show(case.strength), names) for case in cases]
    return Group(perturbation.words, perturbation.meaning, rows)


def _row(audit: Audit, case: Case, strength: str, names: Names) -> Row:
    changes = [
        (typeset(value, _DIGITS), with_sign(value - audit.scores[name], _DIGITS)) for name, value in case.scores.items()
    ]
    return Row(
        strength,
        case.side,
        words.shown(case, names),
        typeset(255 * case.moved, 1),
        words.part(case.passed_on),
        typeset(case.likeness, _DIGITS),
        words.part(case.share),
        words.part(case.share_moved),
        changes,
    )


def _gallery(audit: Audit, shown: Shown, scale: float, names: Names) -> Gallery:
    case = shown.case
    title = words.case_title(case, names)
    moved: torch.Tensor = shown.fused - audit.fused
    return Gallery(
        title,
        case.side,
        photograph(grey(shown.spoiled), f"{words.shown(case, names)} image: {title}"),
        photograph(grey(shown.fused), f"Fused image: {title}"),
        picture(
            colour_map(moved, scale, gamma=_GAMMA),
            f"Change of the fused image: {title}; mean {255 * case.moved:.1f} of 255 levels.",
        ),
        words.case_sentence(audit, case, names),
    )
