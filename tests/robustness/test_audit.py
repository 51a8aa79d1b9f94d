"""The audit of models whose answer to each fault is known."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import fuselens as fl
from fuselens.core.errors import FuseLensError, ModelError
from fuselens.core.fills import blurred, usual_sigma
from fuselens.robustness.perturbations import PERTURBATIONS

METRICS = ("en", "sf", "cc")
SIZE = (40, 52)


@pytest.fixture(scope="module")
def pair() -> fl.ImagePair:
    a, b = 0.2 + 0.5 * torch.rand(2, *SIZE, generator=torch.Generator().manual_seed(7))
    return fl.ImagePair.from_arrays(a, b, names=("ir", "vi"))


def mixed(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return 0.75 * a + 0.25 * b


def audited(model: object, pair: fl.ImagePair, *asked: str, **settings: object) -> fl.Audit:
    return fl.audit(model, pair, perturbations=asked or None, metrics=METRICS, **settings)  # type: ignore[arg-type]


def test_a_linear_model_passes_on_its_weights(pair: fl.ImagePair) -> None:
    found = audited(mixed, pair, "noise", "black", "misregistration:2")
    assert len(found.cases) == 2 * (4 + 3 + 1)
    for case in found.cases:
        assert case.passed_on == pytest.approx({"a": 0.75, "b": 0.25}[case.side], rel=1e-4)
        assert case.source == {"a": "infrared", "b": "visible"}[case.side]
    assert not found.left_out


def test_a_source_that_is_never_looked_at_moves_nothing(pair: fl.ImagePair) -> None:
    found = audited(lambda a, b: 1 * a, pair)
    for case in found.cases:
        assert (case.moved > 0) == (case.side == "a")
        if (case.perturbation, case.side, case.strength) == ("black", "a", 1):
            assert case.share != case.share, "with the only source black, neither moves anything"
            continue
        assert case.share == {"a": 1, "b": 0}[case.side]
        assert case.share_moved == 0
        if case.side == "b":
            assert case.likeness == pytest.approx(1)
            assert case.scores["en"] == found.scores["en"]


def test_shares_are_those_by_hiding(pair: fl.ImagePair) -> None:
    """Computed anew from the definition, for the pair and for one whose second source has gone half dark."""

    def share(first: torch.Tensor, second: torch.Tensor) -> tuple[float, torch.Tensor]:
        effects = [
            weight * (source - blurred(source, usual_sigma(source))).abs()
            for weight, source in ((0.75, first), (0.25, second))
        ]
        cells = [torch.nn.functional.avg_pool2d(e[None, None], 16, ceil_mode=True)[0, 0] for e in effects]
        sums = [float(effect.sum()) for effect in effects]
        return sums[0] / sum(sums), cells[0] / (cells[0] + cells[1])

    before, cells_before = share(pair.a.y, pair.b.y)
    after, cells_after = share(pair.a.y, 0.5 * pair.b.y)
    found = audited(mixed, pair, "black:0.5")
    assert found.share == pytest.approx(before, rel=1e-4)
    case = found.of("black", "b")[0]
    assert case.share == pytest.approx(1 - after, rel=1e-4)
    assert case.share_moved == pytest.approx(float((cells_after - cells_before).abs().mean()), rel=1e-3)


def test_numbers_are_those_of_their_definitions(pair: fl.ImagePair) -> None:
    found = audited(mixed, pair, "saturation:1")
    case = found.of("saturation", "a")[0]
    spoiled = (2 * pair.a.y).clamp(max=1)
    moved = (mixed(spoiled, pair.b.y) - mixed(pair.a.y, pair.b.y)).abs()
    fused = mixed(spoiled, pair.b.y)
    assert case.spoiled == pytest.approx(float((spoiled - pair.a.y).abs().mean()), rel=1e-5)
    assert case.moved == pytest.approx(float(moved.mean()), rel=1e-5)
    assert case.moved_most == pytest.approx(float(moved.quantile(0.99)), rel=1e-2)
    assert case.scores == pytest.approx(fl.score(pair, fused, METRICS))
    seen = fl.ImagePair.from_arrays(spoiled, pair.b.y, names=("ir", "vi"))
    assert case.scores_seen == pytest.approx(fl.score(seen, fused, METRICS))
    assert case.scores["cc"] != case.scores_seen["cc"]


def test_a_frozen_sensor_shows_what_it_saw_before(pair: fl.ImagePair) -> None:
    before = fl.ImagePair.from_arrays(pair.b.y, pair.a.y, names=("ir", "vi"))
    found = audited(mixed, pair, "frozen", earlier=before)
    change = float((pair.a.y - pair.b.y).abs().mean())
    assert [case.spoiled for case in found.cases] == pytest.approx([change, change])
    without = audited(mixed, pair, "frozen", "black:1")
    assert {(left.perturbation, left.source) for left in without.left_out} == {
        ("frozen", "infrared"),
        ("frozen", "visible"),
    }
    assert "recorded before" in without.left_out[0].reason
    assert without.perturbations == ["black"]


def test_a_model_that_fails_on_a_fault_is_a_finding(pair: fl.ImagePair) -> None:
    def fragile(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return (a + b) / 2 + 0 * (a / a.amax(dim=(2, 3), keepdim=True))

    found = audited(fragile, pair, "black")
    assert [(left.source, left.strength) for left in found.left_out] == [("infrared", 1)]
    assert "NaN" in found.left_out[0].reason
    assert len(found.cases) == 5
    with pytest.raises(ModelError, match="NaN"):
        audited(lambda a, b: a / 0 * 0, pair)


def test_the_same_seed_gives_the_same_bits(pair: fl.ImagePair) -> None:
    records = [audited(mixed, pair, "noise", "dead_columns", seed=seed).record()["cases"] for seed in (1, 1, 2)]
    assert records[0] == records[1] != records[2]


def test_progress_and_every_usual_fault(pair: fl.ImagePair) -> None:
    steps: list[tuple[int, int]] = []
    found = audited(torch.maximum, pair, progress=lambda done, total: steps.append((done, total)))
    total = 2 * sum(len(PERTURBATIONS[name].strengths) for name in PERTURBATIONS)
    assert steps == [(done, total) for done in range(total + 1)]
    assert len(found.cases) + len(found.left_out) == total
    assert len(found.shown) == 2 * len(found.perturbations)


def test_files(tmp_path: Path, pair: fl.ImagePair) -> None:
    found = audited(mixed, pair, "black:1", "noise:0.1")
    found.save(tmp_path)
    record = json.loads((tmp_path / "audit.json").read_text())
    assert record["undisturbed"] == {"share_a": found.share, "scores": found.scores}
    assert [case["moved"] for case in record["cases"]] == [case.moved for case in found.cases]
    assert record["settings"]["statistic"].startswith("share by hiding")
    rows = list(csv.DictReader((tmp_path / "audit.csv").read_text().splitlines()))
    assert [float(row["moved"]) for row in rows] == [case.moved for case in found.cases]
    assert float(rows[0]["cc (seen)"] or "nan") == pytest.approx(found.cases[0].scores_seen["cc"], nan_ok=True)
    assert (tmp_path / "audit.png").read_bytes()[:4] == b"\x89PNG"


def other_size(pair: fl.ImagePair) -> object:
    return audited(mixed, pair, "frozen", earlier=fl.ImagePair.from_arrays(torch.rand(9, 9), torch.rand(9, 9)))


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda pair: audited(mixed, pair, "rust"), "Unknown perturbation 'rust'"),
        (lambda pair: fl.audit(mixed, pair, metrics=["beauty"]), "Unknown metric 'beauty'"),
        (other_size, "earlier pair is 9x9"),
        (lambda pair: audited(3, pair), "callable"),
    ],
)
def test_what_is_refused(pair: fl.ImagePair, ask: Callable[[fl.ImagePair], object], words: str) -> None:
    with pytest.raises(FuseLensError, match=words):
        ask(pair)
