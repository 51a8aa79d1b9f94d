"""Charts of an audit, as numbers on an SVG canvas: one a perturbation, a line a source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fuselens.report.words import Names, percent
from fuselens.robustness.perturbations import PERTURBATIONS
from fuselens.robustness.result import Audit, Case, Side

WIDTH, HEIGHT = 300, 190
LEFT, RIGHT, TOP, BOTTOM = 34, 286, 10, 158
LEVELS = 255


@dataclass(frozen=True)
class Line:
    """One source: its path, its dots with what they say, and how high it lay before (None where that is not drawn)."""

    side: str
    path: str
    dots: Sequence[tuple[float, float, str]]
    before: float | None


@dataclass(frozen=True)
class Chart:
    """One perturbation: what is measured against its strength; strengths stand side by side, not to scale.

    Attributes:
        title: what befalls the sensor.
        lines: a source each.
        across, up: ticks, place and text.
        alt: the numbers, for those who cannot see them.
    """

    title: str
    lines: Sequence[Line]
    across: Sequence[tuple[float, str]]
    up: Sequence[tuple[float, str]]
    alt: str


def moved_charts(audit: Audit, names: Names) -> list[Chart]:
    """Draw how far the fused image moves, in grey levels; all charts on one scale."""
    from matplotlib.ticker import MaxNLocator

    most = LEVELS * max((case.moved for case in audit.cases), default=0)
    ticks = [float(tick) for tick in MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(0, most or 1)]
    up = [(tick, f"{tick:g}") for tick in ticks]
    return [
        _chart(audit, name, names, lambda case: LEVELS * case.moved, up, lambda value: f"{value:.1f} levels", {})
        for name in audit.perturbations
    ]


def share_charts(audit: Audit, names: Names) -> list[Chart]:
    """Draw the share of the spoiled source, from 0 to 100 per cent, beside what it was; empty where there is none."""
    if audit.share != audit.share:
        return []
    up = [(tick / 100, f"{tick}%") for tick in (0, 50, 100)]
    before: dict[Side, float] = {"a": audit.share_of("a"), "b": audit.share_of("b")}
    return [_chart(audit, name, names, lambda case: case.share, up, percent, before) for name in audit.perturbations]


def _chart(
    audit: Audit, name: str, names: Names, value: Callable[[Case], float], up: Sequence[tuple[float, str]],
    say: Callable[[float], str], before: dict[Side, float],
) -> Chart:  # fmt: skip
    perturbation = PERTURBATIONS[name]
    strengths = list(dict.fromkeys(case.strength for case in audit.cases if case.perturbation == name))
    step = (RIGHT - LEFT) / len(strengths)
    x = {strength: LEFT + (place + 0.5) * step for place, strength in enumerate(strengths)}

    def y(amount: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * amount / up[-1][0]

    lines, said = [], []
    sides: tuple[Side, Side] = ("a", "b")
    for side, source in zip(sides, names, strict=True):
        cases = [case for case in audit.of(name, side) if value(case) == value(case)]
        dots = [
            (x[case.strength], y(value(case)), f"{source}, {perturbation.show(case.strength)}: {say(value(case))}")
            for case in cases
        ]
        path = "M" + "L".join(f"{place:.1f} {height:.1f}" for place, height, _ in dots) if dots else ""
        lines.append(Line(side, path, dots, y(before[side]) if side in before else None))
        said += [text for *_, text in dots]
    return Chart(
        perturbation.words,
        lines,
        [(place, perturbation.show(strength)) for strength, place in x.items()],
        [(y(tick), text) for tick, text in up],
        f"{perturbation.words}. {'; '.join(said)}.",
    )
