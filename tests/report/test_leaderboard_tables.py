"""The numbers on the page are those of the table."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fuselens.core.errors import UnknownNameError
from fuselens.report.leaderboard import render
from fuselens.report.leaderboard_columns import typeset
from fuselens.report.leaderboard_tables import MOST_ROWS
from fuselens.report.pictures import PHOTOGRAPH_SIDE, photograph
from fuselens.scoring.statistics import Comparison
from fuselens.scoring.worst import worst_images
from tests.report.boards import SCALES, contents_of, planted, random_table, text_of
from tests.report.parsed import Page, Table


def typeset_signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")


@pytest.mark.parametrize("seed", range(5))
def test_numbers_of_the_summary_are_those_of_the_table(seed: int) -> None:
    table = random_table(seed=seed)
    summary = Table(render(contents_of(table)), "summary")
    assert summary.heads == ["Method", "Rank", "Best on", "EN ↑ bit", "MSE ↓", "Bias →0", "MI (cddfuse) ↑ bit"]
    values = table.values
    order = np.argsort(table.overall_ranks())
    assert [row[0] for row in summary.rows] == [table.methods[m] for m in order]
    best = [values.mean(1)[:, 0].max(), values.mean(1)[:, 1].min(), abs(values.mean(1)[:, 2]).min()]
    best.append(values.mean(1)[:, 3].max())
    for m, row in zip(order, summary.rows, strict=True):
        assert float(row[1]) == pytest.approx(table.overall_ranks()[m], abs=0.005)
        means = values[m].mean(axis=0)
        assert int(row[2]) == sum(abs(mean) == abs(top) for mean, top in zip(means, best, strict=True))
        for k, cell in enumerate(row[3:]):
            mean, std = (float(part.replace("−", "-")) for part in cell.split(" ± "))
            assert mean == pytest.approx(means[k], rel=1e-3, abs=1e-3 * SCALES[k, 1])
            assert std == pytest.approx(values[m, :, k].std(ddof=1), abs=1e-3 * max(SCALES[k]))


def test_best_is_bold_and_second_underlined() -> None:
    html = render(contents_of(planted([3.5, 1.5], [2.5, 3.5], [1.5, 2.5])))
    summary = html[html.index('id="summary"') :].split("</table>")[0]
    assert re.findall(r"<b>(\d)\.", summary) == ["3", "3"]
    assert re.findall(r"<u>(\d)\.", summary) == ["2", "2"]
    one = render(contents_of(planted([3, 1])))
    assert "<b>" not in one[one.index('id="summary"') :].split("</table>")[0]


def test_each_metric_tells_its_convention_and_its_reference() -> None:
    text = text_of(random_table())
    assert "EN ↑ higher is better, in bit; canonical definition; Roberts et al. 2008" in text
    assert "Bias →0 closer to 0 is better; canonical definition" in text
    assert "MI (cddfuse) ↑ higher is better, in bit; as cddfuse computes it; Qu et al. 2002" in text


def test_comparisons_stand_in_the_table() -> None:
    comparisons = [
        Comparison("en", "method0", "method1", 12, 0.1234, 0.05, 0.2, 10, 2, 1e-6, 0.0012, "better"),
        Comparison("mse", "method0", "method2", 11, -20.5, -60.25, 10.75, 5, 6, 0.4, 1.0, "undecided"),
        Comparison("bias", "method0", "method1", 12, 0.01, 0.005, 0.02, 1, 11, 0.001, 0.03, "worse"),
    ]
    table = Table(render(contents_of(random_table(), comparisons=comparisons)), "comparisons")
    assert ["|".join(row) for row in table.rows] == [
        "EN ↑|method0|better than|method1|+0.123|+0.050 to +0.200||<0.0001|0.0012|10 : 2|12",
        "MSE ↓|method0|undecided|method2|−20.5|−60.2 to +10.8||0.4|1|5 : 6|11",
        "Bias →0|method0|worse than|method1|+0.0100|+0.0050 to +0.0200||0.001|0.03|1 : 11|12",
    ]
    unknown = [replace(comparisons[0], metric="nothing")]
    with pytest.raises(UnknownNameError):
        render(contents_of(random_table(), comparisons=unknown))


def test_ranks_stand_in_their_table() -> None:
    table = random_table(seed=3)
    text = text_of(table)
    order = np.argsort(table.overall_ranks())
    rows = [("All metrics", table.overall_ranks()), ("EN ↑", table.ranks()[:, 0]), ("MSE ↓", table.ranks()[:, 1])]
    for label, ranks in rows:
        assert f"{label} {' '.join(f'{ranks[m]:.2f}' for m in order)}" in text


def test_worst_cases_show_three_pictures_and_scores_against_the_mean() -> None:
    table = random_table(methods=2, images=5)
    html = render(contents_of(table, worst=2))
    page = Page(html)
    pictures = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(pictures) == 2 * 2 * 3
    for attributes in pictures:
        assert base64.b64decode((attributes["src"] or "").removeprefix("data:image/jpeg;base64,")).startswith(
            b"\xff\xd8"
        )
        assert len(attributes["alt"] or "") > 8
    _, image, badness = worst_images(table, 1)[0]
    assert f"{image} {badness:.1f} standard deviations worse than the method's average" in page.text
    assert "Infrared" in page.text
    assert "Fused by method0" in page.text
    values = table.values[0, table.images.index(image)]
    behind = (table.values[0].mean(axis=0) - values) / table.values[0].std(axis=0, ddof=1)
    shown = re.findall(r"worse by \(SD\) (\S+) (\S+) \S+ (\S+)", page.text)
    found = [next(row for row in shown if row[0] == typeset_signed(behind[0]))]
    assert found[0][1:] == (typeset_signed(-behind[1]), typeset_signed(behind[3]))  # lower MSE is better


@pytest.mark.parametrize(("side", "kind"), [(64, "png"), (240, "jpeg"), (1500, "jpeg")])
def test_photographs_are_reduced_where_no_single_pixel_is_looked_at(side: int, kind: str) -> None:
    ramp = np.linspace(0, 255, side).astype(np.uint8)
    pixels = np.stack([np.broadcast_to(part, (side // 2, side)) for part in (ramp, ramp[::-1], ramp // 2)], axis=-1)
    shown = photograph(pixels, "A ramp of 3 colours.")
    assert (shown.width, shown.height) == (side, side // 2)
    head, data = shown.uri.split(",")
    assert head == f"data:image/{kind};base64"
    image = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")
    assert image.size[0] == min(side, PHOTOGRAPH_SIDE)
    wanted = Image.fromarray(pixels).resize(image.size, Image.Resampling.BOX)
    assert np.abs(np.asarray(image, float) - np.asarray(wanted, float)).mean() < 2


def test_single_images_are_listed_with_their_values() -> None:
    table = random_table(methods=2, images=4)
    listed = Table(render(contents_of(table)), "values")
    assert [row[:2] for row in listed.rows[:2]] in (
        [["i000", "method0"], ["i000", "method1"]],
        [["i000", "method1"], ["i000", "method0"]],
    )
    assert len(listed.rows) == 8
    for image, method, rank, *values in listed.rows:
        m, i = table.methods.index(method), table.images.index(image)
        assert float(rank) == pytest.approx(table.image_ranks()[m, i], abs=0.005)
        read = [float(value.replace("−", "-")) for value in values]
        np.testing.assert_allclose(read, table.values[m, i], rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize("methods", [1, 3])
def test_of_many_images_the_worst_are_listed_and_the_rest_is_in_the_csv(methods: int) -> None:
    table = random_table(methods=methods, images=1000, columns=2)
    html = render(contents_of(table))
    listed = Table(html, "values")
    assert len(listed.rows) == MOST_ROWS
    total = 1000 * methods
    assert f"The {MOST_ROWS} worst of {total} are shown, worst first; scores.csv holds all." in Page(html).text
    if methods == 1:
        assert listed.rows[0][0] == worst_images(table, 1)[0][1]
    else:
        ranks = [float(row[2]) for row in listed.rows]
        assert ranks == sorted(ranks, reverse=True)
        assert ranks[-1] == pytest.approx(np.sort(table.image_ranks(), axis=None)[-MOST_ROWS], abs=0.005)


def test_what_is_missing_is_a_dash_with_a_reason() -> None:
    table = random_table(methods=2)
    table.values[:, :, 0] = np.nan
    table.values[0, :3, 1] = np.nan
    table.values[1, 5, 3] = np.inf
    html = render(contents_of(table))
    text = Page(html).text
    assert "– no value: the fused image could not be scored, or the metric is not defined for it" in text
    assert "on 3 metrics" in text or "of 3 metrics" in text
    rows = {row[0].split(" n =")[0]: row for row in Table(html, "summary").rows}
    assert rows["method0"][3] == "– n = 0"
    assert rows["method0"][4].endswith("n = 9")
    assert rows["method1"][6].endswith("n = 11")
    assert "∞" in [row[-1] for row in Table(html, "values").rows]
    assert "<h3>EN" not in html  # no box plot of nothing
    assert "– no value" not in text_of(random_table())


def test_counts_that_hold_for_a_whole_method_stand_beside_its_name() -> None:
    table = random_table(methods=2)
    table.values[0, :4] = np.nan
    rows = {row[0]: row for row in Table(render(contents_of(table)), "summary").rows}
    assert set(rows) == {"method0 n = 8", "method1"}
    assert not any("n =" in cell for row in rows.values() for cell in row[1:])


def test_huge_and_tiny_numbers_are_written_in_powers_of_ten() -> None:
    assert typeset(3.2e12, 0) == "3.200e+12"
    assert typeset(-1.5e-11, 14) == "−1.500e−11"
    assert typeset(-0.0, 3) == "0.000"
