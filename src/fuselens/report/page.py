"""The report: one self-contained HTML page that explains one fused pair to people.

Everything on the page comes from the result objects; nothing is fetched, and a content policy in the page forbids it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fuselens.core.display import Preset
from fuselens.core.files import write_text
from fuselens.core.intrinsic import ModelState
from fuselens.core.model import FusionModel
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution
from fuselens.data.fused import FusedImage
from fuselens.explainers.guidance import Guidance
from fuselens.explainers.region_report import RegionReport
from fuselens.report import pictures, words
from fuselens.report.frame import filled
from fuselens.report.overview import GuidanceSection, ScatterSection, ShareSection
from fuselens.report.pair_section import model_settings, names_of, pair_values, settings_rows, telling
from fuselens.report.places import ProbeSection, RegionSection, marks_of, probe_label, region_label
from fuselens.report.results_state import StateSection
from fuselens.report.words import Names


@dataclass(frozen=True, eq=False)
class ReportContents:
    """What a report shows.

    Attributes:
        pair, fused, model: what was fused, to what, by what.
        guidance: None when only single targets were explained.
        probes: Jacobians of pixels and regions.
        regions: region reports.
        state: the model's own account, where it has one to give.
        gamma_guidance, gamma_jacobian, preset: how the maps are coloured.
        command: the command line that made the report.
        notes: remarks and warnings, one sentence each.
    """

    pair: ImagePair
    fused: FusedImage
    model: FusionModel
    guidance: Guidance | None
    probes: Sequence[Attribution] = ()
    regions: Sequence[RegionReport] = ()
    state: ModelState | None = None
    gamma_guidance: float = 0.5
    gamma_jacobian: float = 0.3
    preset: Preset = "signed"
    command: str = ""
    notes: Sequence[str] = ()


def write_report(path: Path, contents: ReportContents) -> Path:
    """Write the page, whole or not at all, and return its path.

    Raises:
        InputError: the file cannot be written.
    """
    write_text(path, render(contents))
    return path


def render(contents: ReportContents) -> str:
    """Return the page as HTML."""
    names = names_of(contents.pair)
    values = (
        pair_values(contents.pair, contents.fused, contents.model, contents.notes)
        | _overview(contents, names)
        | _places(contents, names)
        | {"state": _state(contents)}
        | {"preset": contents.preset, "settings": settings_rows(_settings(contents)), "command": contents.command}
    )
    return filled("explain.html.j2", values, styles=["report.css", "state.css"], scripts=["report.js"])


def _overview(contents: ReportContents, names: Names) -> dict[str, Any]:
    pair, fused, guidance = contents.pair, contents.fused, contents.guidance
    if guidance is None:
        only = [words.only_places(contents.probes, names)]
        nothing = {"share": None, "guidance": None, "scatter": None, "is_estimate": False}
        return nothing | {"answer": only, "certainty": ""}
    share = ShareSection.of(guidance, pair, fused, names)
    scatter = ScatterSection.of(guidance, contents.regions, names)
    return {
        "answer": words.answer(share.mean, share.camps, scatter.correlation, names),
        "certainty": words.certainty(guidance, contents.model, names),
        "share": None if math.isnan(share.mean) else share,
        "guidance": GuidanceSection.of(guidance, names, contents.gamma_guidance, contents.preset),
        "scatter": scatter,
        "is_estimate": not guidance.is_exact,
    }


def _places(contents: ReportContents, names: Names) -> dict[str, Any]:
    images = [pictures.source_rgb(source) for source in contents.pair]
    return {
        "marks": marks_of(contents.probes, contents.regions, contents.pair.size),
        "probes": [
            ProbeSection.of(probe_label(i), probe, images, names, contents.gamma_jacobian, contents.preset)
            for i, probe in enumerate(contents.probes)
        ],
        "regions": [
            RegionSection.of(region_label(i), report, names, contents.pair.size)
            for i, report in enumerate(contents.regions)
        ],
    }


def _state(contents: ReportContents) -> StateSection | None:
    state = contents.state
    return None if state is None else StateSection.of("", state, contents.model.name, contents.pair.size)


def _settings(contents: ReportContents) -> dict[str, Any]:
    return {
        **model_settings(contents.model),
        **({} if contents.guidance is None else telling(contents.guidance.settings)),
        "gamma of guidance": contents.gamma_guidance,
        "gamma of Jacobians": contents.gamma_jacobian,
        "preset": contents.preset,
    }
