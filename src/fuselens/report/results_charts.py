"""Charts of set explanations, as numbers on an SVG canvas: the scores of the certificate, and size against level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fuselens.core.explanation import SetExplanation
from fuselens.report.results_words import score_text

WIDTH = 420  # of both charts
LEFT, RIGHT, TOP, BOTTOM = 44, 410, 14, 206  # edges of the curve's axes
BAR_STEP, BAR_TOP = 46, 48


@dataclass(frozen=True)
class ScoreBar:
    """One bar: what is shown, its score in words, and its place."""

    label: str
    text: str
    kind: str
    y: float
    x: float
    width: float


@dataclass(frozen=True)
class ScoreBars:
    """The four scores of a certificate on the scale of its level.

    Attributes:
        bars: everything, the set alone, everything but the set, nothing.
        level: x of the level.
        anchor: how its label is anchored, so that it stays on the canvas.
        level_text: the level in words.
        alt: the numbers, for those who cannot see them.
    """

    bars: Sequence[ScoreBar]
    level: float
    anchor: str
    level_text: str
    alt: str

    @classmethod
    def of(cls, found: SetExplanation) -> ScoreBars:
        """Place the scores of an explanation that has a set."""
        rows = [
            ("everything shown", "ends", found.scaled(found.score_full)),
            ("only the set shown", "kept", found.scaled(found.score_kept)),
            ("everything but the set shown", "removed", found.scaled(found.score_removed)),
            ("nothing shown", "ends", found.scaled(found.score_empty)),
        ]
        values = [value for *_, value in rows]
        low, high = min(0.0, found.level, *values), max(1.0, found.level, *values)

        def across(value: float) -> float:
            return WIDTH * (value - low) / (high - low)

        zero = across(0.0)
        texts = [score_text(value, found.level) for value in values]
        bars = [
            ScoreBar(label, text, kind, BAR_TOP + BAR_STEP * i, min(zero, across(value)), abs(across(value) - zero))
            for i, ((label, kind, value), text) in enumerate(zip(rows, texts, strict=True))
        ]
        said = "; ".join(f"{label}: {text}" for (label, _, _), text in zip(rows, texts, strict=True))
        level = across(found.level)
        anchor = "end" if level > WIDTH * 0.4 else "start"
        return cls(bars, level, anchor, f"{found.level:.3g}", f"Scores. {said}. Level: {found.level:.3g}.")


@dataclass(frozen=True)
class Profile:
    """How large the set must be at which level: a step curve.

    Attributes:
        path: the curve, as SVG path data.
        dots: the known points, x and y.
        here: where the shown set stands.
        across, up: ticks of the axes, place and text.
        rows: the known points in words.
        alt: the numbers, for those who cannot see them.
    """

    path: str
    dots: Sequence[tuple[float, float]]
    here: tuple[float, float]
    across: Sequence[tuple[float, str]]
    up: Sequence[tuple[float, str]]
    rows: Sequence[tuple[str, str]]
    alt: str

    @classmethod
    def of(cls, points: Sequence[tuple[float, int]], found: SetExplanation) -> Profile:
        """Place known points (level, size); between two of them, the size of the higher level is drawn."""
        from matplotlib.ticker import MaxNLocator

        points = sorted(points)
        most = max(found.size, *(size for _, size in points))
        ticks = MaxNLocator(4, integer=True, steps=[1, 2, 5, 10]).tick_values(0, most)
        low, high = min(0.0, found.level, points[0][0]), max(1.0, found.level, points[-1][0])

        def at(level: float, size: float) -> tuple[float, float]:
            x = LEFT + (RIGHT - LEFT) * (level - low) / (high - low)
            return x, BOTTOM - (BOTTOM - TOP) * size / float(ticks[-1])

        dots = [at(level, size) for level, size in points]
        start, *rest = dots
        path = f"M{start[0]:.2f} {start[1]:.2f}" + "".join(f"V{y:.2f}H{x:.2f}" for x, y in rest)
        levels = (low, (low + high) / 2, high)
        rows = [(f"{level:.3g}", f"{size:,}") for level, size in points]
        said = "; ".join(f"level {level}: {size}" for level, size in rows)
        return cls(
            path,
            dots,
            at(found.level, found.size),
            [(at(level, 0)[0], f"{level:.3g}") for level in levels],
            [(at(low, float(tick))[1], f"{tick:.0f}") for tick in ticks],
            rows,
            f"Segments needed. {said}.",
        )
