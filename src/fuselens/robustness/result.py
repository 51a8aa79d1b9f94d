"""What an audit found: one case a perturbation, source and strength; and its files."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch

from fuselens.core.errors import InputError
from fuselens.core.files import atomic_path, plain, prepare_folder, write_json, write_text
from fuselens.core.pair import ImagePair
from fuselens.core.results import record
from fuselens.core.rich import ShownInNotebooks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Side = Literal["a", "b"]


@dataclass(frozen=True)
class Case:
    """One source spoiled by one strength of one perturbation.

    Attributes:
        perturbation: its name.
        side: the source that was spoiled.
        source: the same by its modality.
        strength: see the perturbation.
        spoiled: mean absolute change of that source, in units of the range [0, 1].
        moved: mean absolute change of the fused image, likewise.
        moved_most: the change that a hundredth of the fused pixels exceeds.
        likeness: SSIM of the fused image to the undisturbed one.
        share: of the spoiled source in the fused image, in [0, 1].
        share_moved: mean absolute change of its share over cells of 16 x 16 pixels.
        scores: of the fused image against the undisturbed sources.
        scores_seen: against the sources as they were recorded, which is all that can be computed in the field.
    """

    perturbation: str
    side: Side
    source: str
    strength: float
    spoiled: float
    moved: float
    moved_most: float
    likeness: float
    share: float
    share_moved: float
    scores: dict[str, float]
    scores_seen: dict[str, float]

    @property
    def passed_on(self) -> float:
        """Part of the source's change that arrives in the fused image; NaN where the source did not change."""
        return self.moved / self.spoiled if self.spoiled else float("nan")


@dataclass(frozen=True)
class LeftOut:
    """What could not be tried, or what the model failed on, and why."""

    perturbation: str
    source: str
    strength: float
    reason: str


@dataclass(frozen=True, eq=False)
class Shown:
    """The strongest case of a perturbation and source in pictures: the spoiled source and the fused image, `[H, W]`."""

    case: Case
    spoiled: torch.Tensor
    fused: torch.Tensor


@dataclass(frozen=True, eq=False)
class Audit(ShownInNotebooks):
    """What became of a fusion when its sources were spoiled.

    Attributes:
        pair: the undisturbed pair.
        fused: its fused luma `[H, W]` in `[0, 1]`.
        share: of source a in it; NaN where neither source moves it.
        scores: of the undisturbed fused image.
        cases: perturbations in the order they were tried, the weakest strength first, a before b.
        left_out: what could not be tried, and what the model failed on.
        shown: pictures of the strongest cases.
        settings: model, statistic, metrics, seed.
    """

    pair: ImagePair
    fused: torch.Tensor
    share: float
    scores: dict[str, float]
    cases: Sequence[Case]
    left_out: Sequence[LeftOut] = ()
    shown: Sequence[Shown] = ()
    settings: dict[str, Any] = field(default_factory=dict)

    def of(self, perturbation: str, side: Side) -> list[Case]:
        """Return the cases of a perturbation and source, weakest first."""
        return [case for case in self.cases if (case.perturbation, case.side) == (perturbation, side)]

    @property
    def perturbations(self) -> list[str]:
        """Names of the perturbations that were tried."""
        return list(dict.fromkeys(case.perturbation for case in self.cases))

    def share_of(self, side: Side) -> float:
        """Return the share of a source in the undisturbed fused image."""
        return self.share if side == "a" else 1 - self.share

    def plot(self) -> Figure:
        """Return a matplotlib figure: movement and share against strength, a column a perturbation."""
        from fuselens.robustness.figure import audit_figure

        return audit_figure(self)

    def record(self) -> dict[str, Any]:
        """Return the body of `audit.json`."""
        facts = {
            "size": list(self.pair.size),
            "undisturbed": {"share_a": self.share, "scores": self.scores},
            "cases": [asdict(case) | {"passed_on": case.passed_on} for case in self.cases],
            "left_out": [asdict(each) for each in self.left_out],
        }
        return record("audit", self.pair.names, facts, self.settings)

    def to_csv(self) -> str:
        """Return one line a case."""
        out = io.StringIO()
        rows = [_flat(case) for case in self.cases]
        writer = csv.DictWriter(out, list(rows[0]) if rows else ["perturbation"], lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: "" if plain(value) is None else value for key, value in row.items()} for row in rows)
        return out.getvalue()

    def save(self, folder: str | Path) -> Path:
        """Write `audit.json`, `audit.csv` and `audit.png` into `folder`.

        Raises:
            InputError: the folder cannot be made or written, or there is no case to show.
        """
        if not self.cases:
            raise InputError("There is nothing to save: the model failed on every spoiled pair.")
        place = prepare_folder(folder)
        write_json(place / "audit.json", self.record())
        write_text(place / "audit.csv", self.to_csv())
        with atomic_path(place / "audit.png") as temporary:
            self.plot().savefig(temporary, dpi=150)
        return place


def _flat(case: Case) -> dict[str, Any]:
    row: dict[str, Any] = asdict(case) | {"passed_on": case.passed_on}
    del row["scores"], row["scores_seen"]
    return row | case.scores | {f"{name} (seen)": value for name, value in case.scores_seen.items()}
