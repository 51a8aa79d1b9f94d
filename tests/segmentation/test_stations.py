"""Rules of quadrature: exact for polynomials up to their degree, and no further."""

from __future__ import annotations

import pytest

from fuselens.core.errors import InputError
from fuselens.segmentation.stations import Rule, stations


def error(rule: Rule, steps: int, degree: int) -> float:
    """How far the rule is off the integral of (degree + 1) t^degree from 0 to 1, which is 1."""
    return abs(sum(weight * (degree + 1) * place**degree for place, weight in stations(steps, rule)) - 1)


@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize(("rule", "slope", "start"), [("right", 0, 0), ("midpoint", 0, 1), ("gauss", 2, -1)])
def test_exact_up_to_its_degree_only(rule: Rule, slope: int, start: int, steps: int) -> None:
    exact = slope * steps + start
    assert max(error(rule, steps, power) for power in range(exact + 1)) < 1e-12
    assert error(rule, steps, exact + 1) > 1e-8


def test_places_lie_on_the_way_and_the_papers_reach_its_end() -> None:
    assert [place for place, _ in stations(5, "right")] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1])
    assert all(0 < place < 1 for rule in ("gauss", "midpoint") for place, _ in stations(7, rule))  # type: ignore[arg-type]


def test_settings_are_checked() -> None:
    with pytest.raises(InputError, match="at least one step"):
        stations(0, "gauss")
    with pytest.raises(InputError, match="'gauss', 'midpoint', 'right'"):
        stations(5, "left")  # type: ignore[arg-type]
