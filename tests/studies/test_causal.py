"""The studies that train networks, on tiny pairs: rows, resuming, and statistics against a calculation by hand."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

import fuselens as fl
from fuselens.cli.main import main
from fuselens.core.errors import InputError, UnknownNameError
from fuselens.data.folders import PairFiles, find_pairs
from fuselens.metrics import chosen_metrics
from fuselens.scoring.table import Column, Failure, ScoreTable
from fuselens.studies import causal_ablation, causal_dictionary, scene_bias
from fuselens.studies.outputs import StudyResult
from fuselens.studies.protocol import Protocol, Variant
from fuselens.studies.scene_mixture import mixture, write_scenes
from fuselens.studies.seed_findings import Finding, corrected, drop_gains, gains
from fuselens.studies.trained_variants import VariantScores, run_variants
from fuselens.studies.variant_tables import sentences
from fuselens.training.history import LossHistory
from tests.studies.small_pairs import write_pairs

TINY = {
    "steps": 2, "epoch_steps": 2, "batch_size": 1, "crop": 24, "validation": 0.0, "precision": "32-true",
    "settings.scenes": 3, "settings.dim": 4,
}  # fmt: skip
PROTOCOL = Protocol.of(False, TINY, seeds=2)
METRICS = ("mi", "vif", "qabf", "ssim:uniform7_mean_l2")


@pytest.fixture(scope="module", autouse=True)
def _no_curves() -> Iterator[None]:
    """Drawing the losses takes longer than these trainings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LossHistory, "_draw", lambda _: None)
        yield


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six training pairs and three test pairs of 48 x 48."""
    place = tmp_path_factory.mktemp("causal")
    write_pairs(place / "train", 6)
    write_pairs(place / "test", 3)
    return place


@pytest.fixture(scope="module")
def tests(place: Path) -> dict[str, list[PairFiles]]:
    return {"set": find_pairs(place / "test")}


@pytest.fixture(scope="module")
def ablation(place: Path, tests: dict[str, list[PairFiles]]) -> StudyResult:
    return causal_ablation.run([place / "train"], tests, place / "ablation", protocol=PROTOCOL)


def cells(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def table_of(values: np.ndarray, names: tuple[str, ...] = ("mi", "vif")) -> ScoreTable:
    """Scores `[trainings, images, metrics]`."""
    chosen = chosen_metrics(names)
    columns = tuple(Column.of(name, *each) for name, each in chosen.items())
    methods = tuple(f"run {number}" for number in range(len(values)))
    return ScoreTable(methods, tuple(map(str, range(values.shape[1]))), columns, values)


def scores_of(**sets: np.ndarray) -> VariantScores:
    """Scores of the variants x and y, `[variants, seeds, images, metrics]` by data set."""
    seeds = next(iter(sets.values())).shape[1]
    tables = {name: table_of(values.reshape(-1, *values.shape[2:])) for name, values in sets.items()}
    return VariantScores(("x", "y"), tuple(range(seeds)), tables, [])


def drawn(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def test_ablation_has_the_right_rows(place: Path, ablation: StudyResult) -> None:
    assert [row["metric"] for row in ablation.summary] == 2 * list(METRICS)
    assert {row["variant"] for row in ablation.summary} == {"BAFFM", "w/o BAFFM"}
    assert len(ablation.rows) == 2 * 2 * 3
    assert ablation.failures == []
    for row in ablation.summary:
        of_seeds = [
            np.mean([r[row["metric"]] for r in ablation.rows if (r["variant"], r["seed"]) == (row["variant"], seed)])
            for seed in (0, 1)
        ]
        assert [row["seed_0"], row["seed_1"]] == pytest.approx(of_seeds)
        assert row["mean"] == pytest.approx(np.mean(of_seeds))
        assert row["std"] == pytest.approx(abs(of_seeds[0] - of_seeds[1]) / 2**0.5)


def test_ablation_writes_all_files(place: Path, ablation: StudyResult) -> None:
    out = place / "ablation"
    names = {
        "cases.csv", "table.csv", "gains.csv", "study.json", "table.tex", "table.md", "study.html", "seeds.png",
        "seeds.pdf", "fused.png", "fused.pdf", "scores-set.jsonl", "trainings",
    }  # fmt: skip
    assert {path.name for path in out.iterdir()} == names
    assert len(cells(out / "cases.csv")) == 12
    found = json.loads((out / "study.json").read_text(encoding="utf-8"))
    assert [one["metric"] for one in found["findings"]] == list(METRICS)
    assert len(found["verdicts"]) == 1
    page = (out / "study.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 2
    assert found["verdicts"][0] in page
    assert r"\toprule" in (out / "table.tex").read_text(encoding="utf-8")


def test_trained_networks_differ_by_the_adjustment_alone(place: Path, ablation: StudyResult) -> None:
    trainings = place / "ablation" / "trainings"
    networks = {
        name: fl.load_model("baffm", weights=trainings / f"{name}-seed1" / "baffm-infrared-visible.safetensors")
        for name in ("adjusted", "unadjusted")
    }
    assert networks["adjusted"].adjust
    assert not networks["unadjusted"].adjust
    recipes = [(trainings / f"{name}-seed1" / "recipe.yaml").read_text().splitlines() for name in networks]
    assert [one for one in zip(*recipes, strict=True) if one[0] != one[1]] == [("  adjust: true", "  adjust: false")]


def test_variants_of_a_seed_start_from_the_same_weights() -> None:
    starts = []
    for adjust in (True, False):
        torch.manual_seed(7)
        starts.append(fl.load_model("baffm", weights=None, scenes=3, dim=4, adjust=adjust).state_dict())
    assert starts[1].keys() < starts[0].keys()
    assert all(torch.equal(starts[0][name], tensor) for name, tensor in starts[1].items())


def test_what_is_done_is_not_done_again(
    place: Path, tests: dict[str, list[PairFiles]], ablation: StudyResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fuselens.training.lightning_module import FusionTraining

    def refuse(*_: Any) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(FusionTraining, "training_step", refuse)
    seen: list[tuple[int, int]] = []
    again = causal_ablation.run(
        [place / "train"], tests, place / "ablation", protocol=PROTOCOL, progress=lambda *at: seen.append(at)
    )
    assert again.rows == ablation.rows
    assert again.facts["reused"] == 12
    assert seen[-1] == (4 * 1 + 4 * 3,) * 2
    with pytest.raises(InputError, match="trainings on other pairs"):
        causal_ablation.run([place / "test"], tests, place / "ablation", protocol=PROTOCOL)


def test_the_same_variant_twice_differs_by_exactly_nothing(place: Path, tests: dict[str, list[PairFiles]]) -> None:
    twins = [Variant(name, name, {"settings.adjust": False}) for name in ("one", "other")]
    scores = run_variants(twins, PROTOCOL, [place / "train"], tests, place / "twins")
    found = corrected(gains(scores, "set", "one", "other"))
    assert [one.column.name for one in found] == list(METRICS)
    for one in found:
        assert one.by_seed.tolist() == [0.0, 0.0]
        assert (one.low, one.high, one.p_holm, one.verdict) == (0.0, 0.0, 1.0, "equal")
    assert sentences(found)[0].count("exactly the same") == 4
    assert not np.array_equal(*scores.means("set")[0]), "the seeds do differ"


def test_gains_by_hand() -> None:
    values = drawn(2, 3, 9, 2)
    values[0, :, :, 0] += 1
    found = gains(scores_of(set=values), "set", "x", "y")
    for k, one in enumerate(found):
        differences = values[0, :, :, k] - values[1, :, :, k]
        by_seed = [sum(row) / 9 for row in differences]
        assert one.by_seed == pytest.approx(by_seed)
        assert one.gain == pytest.approx(sum(by_seed) / 3)
        assert one.spread == pytest.approx((sum((g - sum(by_seed) / 3) ** 2 for g in by_seed) / 2) ** 0.5)
        interval = stats.ttest_1samp(by_seed, 0).confidence_interval(0.95)
        assert one.over_seeds == pytest.approx(tuple(interval))
        assert one.p_value == pytest.approx(stats.wilcoxon(differences.mean(axis=0)).pvalue)
        plain = stats.bootstrap((differences.mean(axis=0),), np.mean, method="percentile", n_resamples=10_000, rng=1)
        width = plain.confidence_interval.high - plain.confidence_interval.low
        assert one.low == pytest.approx(plain.confidence_interval.low, abs=0.05 * width)
        assert one.high == pytest.approx(plain.confidence_interval.high, abs=0.05 * width)
    smaller = found[1].p_value * 1 if found[1].p_value > found[0].p_value else found[1].p_value * 2
    assert corrected(found)[1].p_holm == pytest.approx(min(1, max(smaller, 2 * min(o.p_value for o in found))))


def test_drops_by_hand() -> None:
    here, there = drawn(2, 3, 8, 2), drawn(2, 3, 5, 2, seed=1)
    there[1] -= 4  # y loses more
    found = drop_gains(scores_of(same=here, other=there), "same", "other", "x", "y")
    for k, one in enumerate(found):
        drops = here[..., k].mean(axis=2) - there[..., k].mean(axis=2)
        assert one.by_seed == pytest.approx(drops[1] - drops[0])
        samples = [(part[0, :, :, k] - part[1, :, :, k]).mean(axis=0) for part in (there, here)]
        assert one.p_value == pytest.approx(stats.ttest_ind(*samples, equal_var=False).pvalue)
        assert one.low < one.gain < one.high
    assert {one.verdict for one in corrected(found)} == {"better"}


def test_verdicts_need_both_kinds_of_agreement() -> None:
    column = table_of(drawn(2, 3, 2)).columns[0]

    def verdict(by_seed: list[float], p_holm: float) -> str:
        found = Finding("set", column, "x", "y", np.array(by_seed), np.zeros((3, 2)), 0, 0, 0.0, p_holm)
        return found.verdict + ": " + sentences([found])[0]

    assert verdict([1.0, 1.1, 0.9], 0.01).startswith("better: ")
    assert verdict([-1.0, -1.1, -0.9], 0.01).startswith("worse: ")
    assert "no difference that these seeds show, though one over the images" in verdict([1.0, 3.0, -0.9], 0.01)
    assert "no difference that these images show, though the seeds agree" in verdict([1.0, 1.1, 0.9], 0.06)
    assert "no difference that these seeds show (+1.0333" in verdict([1.0, 3.0, -0.9], 0.06)


def test_images_without_a_score_do_not_count() -> None:
    values = drawn(2, 2, 4, 2)
    values[0, 1, 2, 0] = np.nan
    scores = scores_of(set=values)
    found = gains(scores, "set", "x", "y")
    kept = [0, 1, 3]
    assert found[0].by_seed == pytest.approx((values[0] - values[1])[:, kept, 0].mean(axis=1))
    assert scores.means("set")[..., 0] == pytest.approx(values[:, :, kept, 0].mean(axis=2))
    values[:, :, 1:, 0] = np.nan
    assert [one.column.name for one in gains(scores_of(set=values), "set", "x", "y")] == ["vif"]
    values[:, :, 1:] = np.nan
    with pytest.raises(InputError, match="No metric has a score of two images"):
        corrected(gains(scores_of(set=values), "set", "x", "y"))
    broken = ScoreTable(("run 0",), ("0",), scores.tables["set"].columns, values[0, :1, :1], (Failure("0", "", "no"),))
    assert VariantScores(("x",), (0,), {"set": broken}, []).failures()[0].facts == {
        "dataset": "set", "pair": "0", "model": "all",
    }  # fmt: skip


def test_dictionary_compares_each_size_with_the_first(place: Path, tests: dict[str, list[PairFiles]]) -> None:
    out = place / "sizes"
    result = causal_dictionary.run([place / "train"], tests, out, protocol=PROTOCOL, scenes=(2, 4))
    assert {row["variant"] for row in result.summary} == {"N = 2", "N = 4"}
    assert {(one["variant"], one["against"]) for one in result.facts["findings"]} == {("N = 4", "N = 2")}
    weights = out / "trainings" / "scenes4-seed0" / "baffm-infrared-visible.safetensors"
    assert fl.load_model("baffm", weights=weights).backdoor_a.centres.shape == (4, 4)  # type: ignore[union-attr]


def test_scene_bias_on_given_folders(place: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_pairs(place / "elsewhere", 2, side=48)
    line = ["study", "scene-bias", "--train", str(place / "train"), "--same", str(place / "test"), "--test"]
    line += [str(place / "elsewhere"), "-o", str(place / "bias"), "--seeds", "2", "--metrics", "en,sd", "--json"]
    for key, value in TINY.items():
        line += ["--set", f"{key}={value}"]
    assert main(line) == 0
    answer = json.loads(capfd.readouterr().out)
    home = place.name
    assert {row["dataset"] for row in answer["summary"]} == {home, "elsewhere"}
    rows = {(row["dataset"], row["variant"], row["metric"]): row for row in answer["summary"]}
    for one in answer["facts"]["findings"]:
        assert one["subject"] == f"{home} to elsewhere"
        drops = [
            rows[home, variant, one["metric"]]["mean"] - rows["elsewhere", variant, one["metric"]]["mean"]
            for variant in ("w/o BAFFM", "BAFFM")
        ]
        assert one["gain"] == pytest.approx(drops[0] - drops[1])
    assert "rule average" in (place / "bias" / "table.md").read_text(encoding="utf-8")


def test_generated_mixtures(tmp_path: Path) -> None:
    assert mixture(200, 0.95) == {"street": 190, "nature": 10}
    assert mixture(3, 0.01) == {"street": 1, "nature": 2}
    counts = {"street": 1, "nature": 2}
    pairs = find_pairs(write_scenes(tmp_path / "mix", counts, (64, 80), 5))
    assert [one.name for one in pairs] == ["nature-0005", "nature-0006", "street-0005"]
    stored, generated = fl.read_pair(pairs[0].a, pairs[0].b), fl.example_pair("nature", seed=5, size=(64, 80))
    assert torch.equal(stored.a.y, generated.a.y)
    assert stored.b.y.numpy() == pytest.approx(generated.b.y.numpy(), abs=1.5 / 255)
    before = pairs[0].a.stat().st_mtime_ns
    write_scenes(tmp_path / "mix", counts, (64, 80), 5)
    assert pairs[0].a.stat().st_mtime_ns == before


def test_bad_input_is_one_sentence(place: Path, tests: dict[str, list[PairFiles]], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least 2 seeds but got 1"):
        Protocol.of(True, seeds=1)
    with pytest.raises(UnknownNameError, match="vif"):
        Protocol.of(True, metrics=("viff1",))
    with pytest.raises(InputError, match="at least one --train FOLDER"):
        causal_ablation.run([], tests, tmp_path / "o", protocol=PROTOCOL)
    with pytest.raises(InputError, match="at least one --test FOLDER"):
        causal_ablation.run([place / "train"], {}, tmp_path / "o", protocol=PROTOCOL)
    with pytest.raises(InputError, match="two test pairs of 'set' but got 1"):
        causal_ablation.run([place / "train"], {"set": tests["set"][:1]}, tmp_path / "o", protocol=PROTOCOL)
    for scenes in ((25,), (20, 20), (1, 20)):
        with pytest.raises(InputError, match="two different numbers of scenes"):
            causal_dictionary.run([place / "train"], tests, tmp_path / "o", protocol=PROTOCOL, scenes=scenes)
    with pytest.raises(InputError, match="6 pairs cannot be divided into 7 scenes"):
        causal_dictionary.run([place / "train"], tests, tmp_path / "o", protocol=PROTOCOL, scenes=(7, 3))
    with pytest.raises(InputError, match="share of streets"):
        scene_bias.run(tmp_path / "o", protocol=PROTOCOL, street_share=0.0)
    with pytest.raises(InputError, match="one --same FOLDER"):
        scene_bias.run(tmp_path / "o", protocol=PROTOCOL, train=[place / "train"])
    with pytest.raises(InputError, match="Leave out --same"):
        scene_bias.run(tmp_path / "o", protocol=PROTOCOL, same=tests)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["causal-ablation"], "at least one --test FOLDER"),
        (["causal-ablation", "--test", "test"], "at least one --train FOLDER"),
        (["causal-dictionary", "--test", "test", "--scenes", "many"], "whole numbers such as 20,25,30"),
        (["scene-bias", "--seeds", "1"], "at least 2 seeds"),
        (["scene-bias", "--metrics", "vfi"], "did you mean"),
    ],
)
def test_commands_refuse_in_one_sentence(
    line: list[str], words: str, place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    assert main(["study", *line]) == 2
    said = capfd.readouterr().err.strip()
    assert words in said
    assert "\n" not in said
    assert not (place / "study").exists()
