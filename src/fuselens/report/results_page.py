"""The page of the explainers that hide parts, follow gradients or ask the model: why one fused pair is so.

Everything on the page comes from the result objects; nothing is fetched, and a content policy in the page forbids it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fuselens.core.explanation import SetExplanation
from fuselens.core.files import write_text
from fuselens.core.intrinsic import ModelState
from fuselens.core.locality import Box
from fuselens.core.model import FusionModel
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution
from fuselens.data.fused import FusedImage
from fuselens.report import numbers
from fuselens.report.frame import filled
from fuselens.report.pair_section import model_settings, names_of, pair_values, settings_rows, telling
from fuselens.report.places import Mark, marks_at, probe_label
from fuselens.report.results_maps import MapSection
from fuselens.report.results_methods import method_of
from fuselens.report.results_sets import Likeness, SetSection
from fuselens.report.results_state import StateSection
from fuselens.report.words import Names

Result = SetExplanation | Attribution | ModelState
_OF_MODEL = ("model", "weights", "weights_sha256")
_LETTERS = ("which", "guide", "path", "towards")


@dataclass(frozen=True, eq=False)
class ResultContents:
    """What the page shows.

    Attributes:
        pair, fused, model: what was fused, to what, by what.
        results: sets, maps and accounts, one per target or method.
        explained: the fusion of the pair with only the first result's set shown; None without such a set.
        gamma: display exponent of the maps.
        command: the command line that made the page.
        notes: remarks, one sentence each.
        profile: size of the first result's set at other levels, as (level, size).
    """

    pair: ImagePair
    fused: FusedImage
    model: FusionModel
    results: Sequence[Result]
    explained: FusedImage | None
    gamma: float
    command: str = ""
    notes: Sequence[str] = ()
    profile: Sequence[tuple[float, int]] = ()


def write_result_report(path: Path, contents: ResultContents) -> Path:
    """Write the page, whole or not at all, and return its path.

    Raises:
        InputError: the file cannot be written.
    """
    write_text(path, render(contents))
    return path


def render(contents: ResultContents) -> str:
    """Return the page as HTML."""
    pair, names = contents.pair, names_of(contents.pair)
    each = [_settings_of(found, names) for found in contents.results]
    shared = (
        {key: value for key, value in each[0].items() if all(one.get(key) == value for one in each)} if each else {}
    )
    own = [settings_rows({key: value for key, value in one.items() if key not in shared}) for one in each]
    values = pair_values(pair, contents.fused, contents.model, contents.notes) | {
        "sections": [_section(contents, i, names, rows) for i, rows in enumerate(own)],
        "marks": marks_at(_targets(contents.results), pair.size),
        "settings": settings_rows(model_settings(contents.model) | shared | {"gamma": contents.gamma}),
        "command": contents.command,
    }
    return filled("results.html.j2", values, styles=["report.css", "results.css", "state.css"], scripts=["report.js"])


def _section(
    contents: ResultContents, index: int, names: Names, settings: Sequence[tuple[str, str]]
) -> SetSection | MapSection | StateSection:
    found, label, size = contents.results[index], probe_label(index), contents.pair.size
    if isinstance(found, ModelState):
        return StateSection.of(label, found, contents.model.name, size, contents.gamma, settings)
    if isinstance(found, Attribution):
        return MapSection.of(label, found, contents.pair, names, contents.gamma, settings)
    box = numbers.box_of(found.target, size)
    mark = None if box is None else Mark.at("", box, Box(0, 0, *size))
    if index or contents.explained is None:
        return SetSection.of(label, found, names, mark, None, () if index else contents.profile, settings)
    likeness = Likeness.of(contents.explained, contents.fused)
    return SetSection.of(label, found, names, mark, likeness, contents.profile, settings)


def _targets(results: Sequence[Result]) -> list[tuple[str, str]]:
    """Return the label and the target of each result that has one."""
    return [(probe_label(i), found.target) for i, found in enumerate(results) if not isinstance(found, ModelState)]


def _settings_of(found: Result, names: Names) -> dict[str, Any]:
    """Return what a result depends on, the model apart."""
    target = {} if isinstance(found, ModelState) else {"target": found.target}
    return (
        {"method": method_of(found.method).title}
        | target
        | {key: _named(key, value, names) for key, value in telling(found.settings).items() if key not in _OF_MODEL}
    )


def _named(key: str, value: Any, names: Names) -> Any:
    """Call the sources by their modality."""
    return names["ab".index(value)] if key in _LETTERS and value in ("a", "b") else value
