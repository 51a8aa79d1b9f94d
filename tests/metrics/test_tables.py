"""The pages of docs/metrics cover every metric and convention, and their tables are what is measured."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from fuselens.metrics import METRICS, list_metrics
from tests.metrics.agreements.agreement import Agreement
from tests.metrics.agreements.tables import INDEX, PAGES, UPDATE, bound, filled, index, metrics_of, words_for_ours

PAGE_OF = {name: page for page in PAGES for name in metrics_of(page)}


def test_every_metric_has_one_page() -> None:
    described = Counter(name for page in PAGES for name in metrics_of(page))
    assert described == Counter(list_metrics())


@pytest.mark.parametrize("name", list_metrics())
def test_every_convention_is_described(name: str) -> None:
    text = PAGE_OF[name].read_text(encoding="utf-8").partition("<!-- agreement -->")[0]
    missing = [code for code in METRICS[name].conventions if not re.search(rf"`[^`]*\b{code}\b[^`]*`", text)]
    assert not missing, f"{PAGE_OF[name].name} does not tell what {name} is in these conventions"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_tables_are_up_to_date(page: Path, shared: Path) -> None:
    written, measured = (
        text.replace("< 1e-12", "< 1e-9")  # between these, the machine's rounding decides
        for text in (page.read_text(encoding="utf-8"), filled(page))
    )
    assert written == measured, f"Run: {UPDATE}"


def test_index_lists_every_metric() -> None:
    assert INDEX.read_text(encoding="utf-8") == index(), f"Run: {UPDATE}"


def test_differences_are_rounded_up_to_few_bounds() -> None:
    assert [bound(each) for each in (0, 3e-10, 1e-6, 9e-5)] == ["< 1e-12", "< 1e-9", "< 1e-5", "< 1e-4"]
    for no_agreement in (0.5, float("nan")):
        with pytest.raises(ValueError, match="no agreement"):
            bound(no_agreement)


def test_ours_in_words() -> None:
    def by_half(_: object) -> float:
        """Half of it.

        And more.
        """
        return 0.5

    assert words_for_ours(Agreement("x.ssim", "ssim", "ssim:x", scale=2)) == "2 x `ssim:x`"
    assert words_for_ours(Agreement("x.ssim_A", "ssim", lambda _: 1.0)) == "`ssim` of one source"
    assert words_for_ours(Agreement("x.ssim", "ssim", by_half)) == "`ssim` (half of it)"
