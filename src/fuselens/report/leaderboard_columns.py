"""How the numbers of one metric are written: the same decimals wherever they stand on the page."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fuselens.metrics.metric import CANONICAL
from fuselens.scoring.formats import decimals
from fuselens.scoring.table import Column, ScoreTable

MISSING = "–"
MOST_DECIMALS = 7
DIRECTIONS = {"higher": "higher is better", "lower": "lower is better", "zero": "closer to 0 is better"}


@dataclass(frozen=True)
class Head:
    """A metric as the head of a column.

    Attributes:
        title, arrow, unit: what stands in the head.
        better: `"higher"`, `"lower"` or `"zero"`.
        direction: the same in words.
        note: convention and reference, in a line.
        digits: decimals of its numbers.
    """

    title: str
    arrow: str
    unit: str
    better: str
    direction: str
    note: str
    digits: int

    @classmethod
    def of(cls, column: Column, digits: int) -> Head:
        """Describe a column whose numbers have so many decimals."""
        kind = "canonical definition" if column.convention == CANONICAL else f"as {column.convention} computes it"
        note = f"{kind}; {column.reference}" if column.reference else kind
        direction = DIRECTIONS[column.better]
        return cls(column.title, column.arrow, column.unit, column.better, direction, note, digits)

    def show(self, value: float) -> str:
        """Return a value of this metric, typeset."""
        return typeset(value, self.digits)


def heads_of(table: ScoreTable) -> list[Head]:
    """Return the metrics of a table, their decimals chosen for four significant digits of the largest mean."""
    means = table.means()
    return [Head.of(column, decimals(means[:, k])) for k, column in enumerate(table.columns)]


def typeset(value: float, digits: int) -> str:
    """Return a number with so many decimals, or in powers of ten where these would be too many; NaN is a dash.

    Example:
        >>> typeset(-0.5, 3), typeset(-0.0001, 2), typeset(float("nan"), 2), typeset(float("inf"), 2)
        ('−0.500', '0.00', '–', '∞')
        >>> typeset(1.2346e-9, 12)
        '1.235e−09'
    """
    if math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.3e}" if digits > MOST_DECIMALS or abs(value) >= 1e9 else f"{round(value, digits) + 0.0:.{digits}f}"
    return text.replace("-", "−")


def with_sign(value: float, digits: int) -> str:
    """Return a number as `typeset` does, with a plus where it is positive.

    Example:
        >>> with_sign(0.25, 2), with_sign(-0.25, 2), with_sign(0.001, 2)
        ('+0.25', '−0.25', '0.00')
    """
    text = typeset(value, digits)
    return f"+{text}" if value > 0 and any(digit in text for digit in "123456789∞") else text


def probability(p_value: float) -> str:
    """Return a p-value.

    Example:
        >>> probability(0.0123), probability(1.0), probability(3e-7)
        ('0.012', '1', '<0.0001')
    """
    return "<0.0001" if p_value < 1e-4 else f"{p_value:.2g}"


def counted(count: int, noun: str) -> str:
    """Return a number of things.

    Example:
        >>> counted(1, "image"), counted(1200, "image")
        ('1 image', '1,200 images')
    """
    return f"{count:,} {noun}{'s' * (count != 1)}"
