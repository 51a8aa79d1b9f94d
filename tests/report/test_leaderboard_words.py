"""The headline: who leads, and whether that could be luck."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fuselens.scoring.statistics import compare, compare_all
from fuselens.scoring.table import ScoreTable
from tests.report.boards import planted, random_table, text_of


def judged(table: ScoreTable) -> str:
    """Return the text of the page with all comparisons."""
    return text_of(table, comparisons=compare_all(table))


def test_a_clear_lead_is_called_decided() -> None:
    text = judged(planted([3, 3, 2], [2, 2, 3], [1, 1, 1]))
    assert "a leads: the best mean on 2 of 3 metrics and the best average rank, 1.33 among 3 methods, over 20" in text
    assert "All 2 leads are statistically decided against every other method" in text


def test_a_lead_within_the_noise_is_called_undecided() -> None:
    table = planted([0, 0], [0, 0], noise=1, images=12)
    table.values[0] = table.values[1] + np.where(np.arange(12)[:, None] < 7, 0.8, -0.9)
    text = judged(table)
    assert "a leads: the best mean on 2 of 2 metrics" in text
    assert "None of these leads is statistically decided" in text


def test_mixed_leads_name_the_metrics_that_are_open() -> None:
    table = planted([3, 3], [1, 3])
    table.values[1, :, 1] = table.values[0, :, 1] + np.where(np.arange(20) % 2, 0.004, -0.006)
    text = judged(table)
    assert "On 1 of these 2 metrics its lead over every other method is statistically decided" in text
    assert "; on M1 it could be luck." in text


def test_most_means_and_best_rank_may_belong_to_different_methods() -> None:
    # a leads narrowly on two metrics and is last on three; b is never worse than second.
    text = text_of(planted([9, 9, 1, 1, 1], [8, 8, 8, 8, 9], [7, 7, 9, 7, 7], [6, 6, 7, 9, 8]))
    assert "No single method leads: a has the best mean on 2 of 5 metrics, but b has" in text


def test_a_lead_that_was_not_tested_against_all_is_not_called_decided() -> None:
    table = planted([3, 3], [2, 2], [1, 1])
    only = compare(table, "b", "a")  # worse on both: a's lead over b, told the other way round
    assert "Whether a lead over all other methods is luck was not tested." in text_of(table, comparisons=only)
    both = [*only, *compare(table, "c", "a")]
    assert "All 2 leads are statistically decided" in text_of(table, comparisons=both)
    assert "Whether a lead over all other methods is luck was not tested." in text_of(table)


def test_the_headline_counts_the_images_that_were_scored() -> None:
    table = random_table(images=12)
    table.values[:, 4] = np.nan
    assert "over 11 of 12 images." in text_of(table)


@pytest.mark.parametrize("methods", [1, 2])
def test_nothing_scored_is_said(methods: int) -> None:
    table = random_table(methods=methods)
    text = text_of(replace(table, values=np.full_like(table.values, np.nan)))
    assert "There is no score: no metric has a value on any image." in text


def test_no_common_image_means_no_ranks() -> None:
    table = random_table(methods=2)
    table.values[0, ::2] = np.nan
    table.values[1, 1::2] = np.nan
    assert "Ranks cannot be formed: no image has a value from every method." in text_of(table)
