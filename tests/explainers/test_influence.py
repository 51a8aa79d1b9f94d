"""Influence: every cell by hand, row sums as occlusion effects, locality, ignored sources, budgets, files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import fuselens as fl
from fuselens.core.errors import InputError
from fuselens.core.model import explaining
from fuselens.explainers.influence import influence
from tests.explainers.known_answers import only_a, pair_of, tiny_network


def test_every_cell_by_hand() -> None:
    pair, model = pair_of(20, 27), tiny_network()
    got = influence(model, pair, cell=8, fill="mean")
    assert got.matrix.shape == (2 * 3 * 4, 3 * 4)
    sources = pair.tensors(dtype=torch.float64)
    cells = [(slice(top, top + 8), slice(left, left + 8)) for top in (0, 8, 16) for left in (0, 8, 16, 24)]
    with explaining(model), torch.no_grad():
        fused = model(*sources)
        stayed = total = 0.0
        for unit in range(24):
            hidden = [source.clone() for source in sources]
            source = hidden[unit // 12]
            source[(..., *cells[unit % 12])] = source.mean()
            moved = (model(*hidden) - fused).abs()[0, 0]
            for column, cell in enumerate(cells):
                assert float(got.matrix[unit, column]) == pytest.approx(float(moved[cell].mean()), abs=1e-7)
            stayed += float(moved[cells[unit % 12]].sum())
            total += float(moved.sum())
    assert got.stays() == pytest.approx(stayed / total, rel=1e-5)


def test_row_sums_are_the_effects_on_a_region() -> None:
    """The average moves every pixel by half of what its source changes, so effects on whole cells are known."""
    pair = pair_of()
    got = influence(fl.load_model("average"), pair, cell=8, fill="black")
    row = got.row_sum((8, 16, 24, 32))
    np.testing.assert_allclose(row.a[8:16, 16:24], pair.a.y[8:16, 16:24].mean() / 2 / 4, rtol=1e-5)
    np.testing.assert_allclose(row.b[16:24, 24:32], pair.b.y[16:24, 24:32].mean() / 2 / 4, rtol=1e-5)
    assert float(row.a[:8].abs().max()) == 0
    assert (row.target, row.method) == ("region:8,16,24,32", "influence")
    fused = (pair.a.y + pair.b.y) / 2
    assert row.value == pytest.approx(float(fused[8:24, 16:32].mean()))
    whole = got.row_sum()
    assert whole.unit_scores is not None
    assert float(whole.unit_scores[0]) == pytest.approx(float(pair.a.y[:8, :8].sum()) / 2 / fused.numel(), rel=1e-5)
    mask = torch.zeros(pair.size, dtype=torch.bool)
    mask[8:24, 16:32] = True
    assert torch.equal(got.row_sum(mask).a, row.a)


def test_locality_shows() -> None:
    pair = pair_of(96, 128)
    assert influence(fl.load_model("average"), pair).stays() == pytest.approx(1)
    near, all_of_it = (influence(tiny_network(), pair, locality=local) for local in (True, False))
    assert 0.6 < near.stays() < 1
    torch.testing.assert_close(near.matrix, all_of_it.matrix, atol=1e-7, rtol=0)
    assert near.facts["model_pixels"] < 0.3 * all_of_it.facts["model_pixels"]
    everywhere = influence(lambda a, b: a.mean(dim=(2, 3), keepdim=True) + 0 * b, pair_of())
    assert everywhere.stays() < 0.4


def test_ignored_sources_batches_and_other_units() -> None:
    pair = pair_of()
    got = influence(only_a, pair, cell=8)
    assert float(got.matrix[got.units.source_of() == 1].abs().max()) == 0
    first = influence(tiny_network(), pair, cell=8)
    for size in (1, 3):
        other = influence(tiny_network(), pair, cell=8, batch_size=size).matrix
        torch.testing.assert_close(other, first.matrix, atol=1e-7, rtol=0)
    slic = influence(tiny_network(), pair, cell=8, units="slic:20", which="b")
    assert slic.matrix.shape == (slic.units.count, 20)
    assert float(slic.row_sum().a.abs().max()) == 0
    assert float(slic.row_sum().b.min()) > 0


def test_budgets_are_kept() -> None:
    got = influence(tiny_network(), pair_of(), cell=8, max_images=20)
    assert got.facts["model_images"] == 20
    assert got.facts["complete"] is False
    used = got.facts["samples"]
    assert float(got.matrix[:used].amax(dim=1).min()) > 0
    assert float(got.matrix[used:].abs().max()) == 0


def test_save_writes_what_can_be_read_back(tmp_path: Path) -> None:
    got = influence(tiny_network(), pair_of(), cell=16)
    place = got.save(tmp_path)
    arrays = np.load(place / "maps.npz")
    np.testing.assert_array_equal(arrays["matrix"], got.matrix)
    facts = json.loads((place / "explanation.json").read_text())
    assert facts["method"] == "influence"
    assert facts["stays"] == pytest.approx(got.stays())


def test_refusals() -> None:
    with pytest.raises(InputError, match="at least 1 pixel"):
        influence(fl.load_model("average"), pair_of(), cell=0)
    with pytest.raises(InputError, match="leaves the image"):
        influence(fl.load_model("average"), pair_of()).row_sum((0, 0, 99, 4))
