"""The studies of explainers, on tiny pairs: files, numbers against direct calls, and going on after an interruption."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import pytest

import fuselens as fl
from fuselens.cli import study_inputs
from fuselens.cli.main import main
from fuselens.core.errors import InputError
from fuselens.data.folders import PairFiles
from fuselens.evaluation import check
from fuselens.evaluation.set_quality import fused_ssim, source_ssim
from fuselens.explainers.ddfimage import ddfimage
from fuselens.studies import ddfimage_table1, ddfimage_table2, explainer_limits, explainer_truth
from fuselens.studies.cases import CaseSettings
from fuselens.studies.outputs import quick_words
from tests.studies.small_pairs import blind, tiny_network, write_pairs

UNITS = "grid:12"
FILES = {"cases.csv", "table.csv", "table.tex", "table.md", "study.html", "journal.jsonl"}


@pytest.fixture
def datasets(tmp_path: Path) -> dict[str, list[PairFiles]]:
    return {"set": write_pairs(tmp_path / "set")}


def cells(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def stop_after(count: int) -> Any:
    def progress(done: int, _: int) -> None:
        if done >= count:
            raise KeyboardInterrupt

    return progress


def without_times(rows: list[dict[str, Any]]) -> str:
    return json.dumps([{name: value for name, value in row.items() if name != "seconds"} for row in rows])


def test_table1_agrees_with_direct_calls(datasets: dict[str, list[PairFiles]], tmp_path: Path) -> None:
    models = [fl.load_model("laplacian_pyramid"), tiny_network()]
    methods = ["ddmin", "sedc", "occlusion", "gradcam", "random"]
    seen: list[tuple[int, int]] = []
    result = ddfimage_table1.run(
        datasets, models, tmp_path / "o", methods=methods, levels=(0.5, 0.9), units=UNITS, quick=True,
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert {path.name for path in (tmp_path / "o").iterdir()} >= FILES | {"sizes.png", "sizes.pdf", "sets-1.png"}
    assert seen[-1] == (20, 20)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    held = 0
    for files in datasets["set"]:
        case = CaseSettings(UNITS, quick=True).read(files)
        for model in models:
            for level in (0.5, 0.9):
                direct = ddfimage(model, case.pair, case.target, level=level, **case.options)
                (row,) = [
                    row
                    for row in result.rows
                    if (row["pair"], row["model"], row["method"], row["level"])
                    == (files.name, model.title, "ddmin", level)
                ]
                assert int(row["kept"], 16) == direct.kept
                assert row["area"] == pytest.approx(direct.area)
                assert row["images"] == direct.model_images
                assert row["checked"] == check(model, direct, case.target).holds == 1
                held += 1
    assert result.facts["checked"] == result.facts["held"] == held
    assert [failure.method for failure in result.failures] == ["gradcam", "gradcam"]
    assert "Of 8 sets that DDFImage calls explained, 8 passed" in (tmp_path / "o" / "table.md").read_text()
    rows = cells(tmp_path / "o" / "cases.csv")
    assert len(rows) == len(result.rows)
    own = [
        float(row["units"]) for row in rows if (row["model"], row["method"], row["level"]) == ("tiny", "ddmin", "0.9")
    ]
    (mean,) = [
        row
        for row in cells(tmp_path / "o" / "table.csv")
        if (row["model"], row["method"], row["level"]) == ("tiny", "ddmin", "0.9")
    ]
    assert float(mean["units"]) == pytest.approx(sum(own) / len(own))
    page = (tmp_path / "o" / "study.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 3
    assert "Grad-CAM left out for laplacian_pyramid (2 times)" in page


def test_table1_goes_on_where_it_stopped(datasets: dict[str, list[PairFiles]], tmp_path: Path) -> None:
    settings: dict[str, Any] = {"methods": ["probdd", "occlusion", "random"], "units": UNITS, "quick": True}
    models = [fl.load_model("average")]
    whole = ddfimage_table1.run(datasets, models, tmp_path / "whole", **settings)
    with pytest.raises(KeyboardInterrupt):
        ddfimage_table1.run(datasets, models, tmp_path / "o", progress=stop_after(4), **settings)
    assert not (tmp_path / "o" / "table.csv").exists()
    journal = tmp_path / "o" / "journal.jsonl"
    journal.write_text(journal.read_text() + '{"method": "ran')  # a line that the interruption cut short
    again = ddfimage_table1.run(datasets, models, tmp_path / "o", **settings)
    assert again.facts["reused"] == 4
    assert without_times(again.rows) == without_times(whole.rows)
    assert ddfimage_table1.run(datasets, models, tmp_path / "o", **settings, seed=1).facts["reused"] == 0


def test_table1_of_what_cannot_be_explained(datasets: dict[str, list[PairFiles]], tmp_path: Path) -> None:
    result = ddfimage_table1.run(datasets, [blind()], tmp_path / "o", methods=["ddmin", "lime", "random"], units=UNITS)
    assert result.facts["no_influence"] == 2
    assert result.summary == []
    assert {row["status"] for row in result.rows if row["method"] != "random"} == {"NO_INFLUENCE"}
    assert "In 2 cases nothing that can be hidden moves the region." in (tmp_path / "o" / "table.md").read_text()
    for pair in datasets["set"]:
        pair.b.write_bytes(b"broken")
    with pytest.raises(InputError, match="Nothing could be explained"):
        ddfimage_table1.run(datasets, [fl.load_model("average")], tmp_path / "p", methods=["ddmin"], units=UNITS)


def test_one_broken_pair_does_not_stop_the_rest(datasets: dict[str, list[PairFiles]], tmp_path: Path) -> None:
    datasets["set"][0].b.write_bytes(b"broken")
    result = ddfimage_table1.run(datasets, [fl.load_model("average")], tmp_path / "o", methods=["random"], units=UNITS)
    assert {row["pair"] for row in result.rows} == {"1"}
    assert [failure.facts["pair"] for failure in result.failures] == ["0"]


def test_table2_agrees_with_direct_calls(datasets: dict[str, list[PairFiles]], tmp_path: Path) -> None:
    models = [fl.load_model("average"), tiny_network()]
    result = ddfimage_table2.run(
        datasets, models, tmp_path / "o", methods=["probdd", "gradient_input", "random"], units=UNITS, quick=True
    )
    assert {path.name for path in (tmp_path / "o").iterdir()} >= FILES | {"preserved.png", "sets-2.png"}
    case = CaseSettings(UNITS, quick=True, whole=True, which="b").read(datasets["set"][1])
    direct = ddfimage(models[1], case.pair, case.target, level=0.5, strategy="probdd", **case.options)
    (row,) = [
        row for row in result.rows if (row["pair"], row["model"], row["method"]) == ("1", models[1].title, "probdd")
    ]
    assert int(row["kept"], 16) == direct.kept
    assert bool((direct.units.labels_a < 0).all()), "the first source is never hidden"
    assert row["source_ssim"] == pytest.approx(source_ssim(direct))
    assert row["fused_ssim"] == pytest.approx(fused_ssim(models[1], direct))
    assert row["fused_ssim"] > row["fused_ssim_empty"]
    assert "tiny, pairs: 2" in (tmp_path / "o" / "table.tex").read_text()


def test_limits_compare_with_the_clean_pair(datasets: dict[str, list[PairFiles]], tmp_path: Path) -> None:
    result = explainer_limits.run(
        {"set": datasets["set"][:1]}, [fl.load_model("average")], tmp_path / "o", methods=["probdd", "random"],
        units=UNITS, quick=True,
    )  # fmt: skip
    assert {path.name for path in (tmp_path / "o").iterdir()} >= FILES | {"limits-1.png", "limits-1.pdf"}
    kinds = {(row["corruption"], row["strength"]) for row in result.rows}
    assert len(kinds) == 1 + 4 * 2
    clean = {row["method"]: row for row in result.rows if row["corruption"] == "none"}
    assert all(row["jaccard"] == 1 for row in clean.values())
    for row in result.rows:
        sets = [
            {unit for unit in range(64) if int(each["kept"], 16) >> unit & 1} for each in (row, clean[row["method"]])
        ]
        if row["both"]:
            assert row["jaccard"] == pytest.approx(len(sets[0] & sets[1]) / len(sets[0] | sets[1]))
        else:
            assert math.isnan(row["jaccard"])
    assert len({row["kept"] for row in result.rows if row["method"] == "probdd"}) > 1, "spoiling changes something"


def test_limits_go_on_where_they_stopped(datasets: dict[str, list[PairFiles]], tmp_path: Path) -> None:
    settings: dict[str, Any] = {"methods": ["random"], "units": UNITS, "quick": True}
    models = [fl.load_model("average")]
    with pytest.raises(KeyboardInterrupt):
        explainer_limits.run(datasets, models, tmp_path / "o", progress=stop_after(7), **settings)
    again = explainer_limits.run(datasets, models, tmp_path / "o", **settings)
    assert again.facts["reused"] == 7
    assert len(again.rows) == 18


def test_truth_is_found_by_search(tmp_path: Path) -> None:
    result = explainer_truth.run(tmp_path / "o", methods=["probdd", "gradient_input", "random"], scenes=1, quick=True)
    assert {path.name for path in (tmp_path / "o").iterdir()} >= FILES | {"truth.png", "sets.png"}
    for row in result.rows:
        if row["method"] == "probdd" and row["task"] != "mean":
            assert row["exact"] == 1, row
        if row["method"] == "gradient_input" and row["task"] == "mean" and row["set"] == "prefix":
            assert row["jaccard"] > 0.7
        if row["method"] == "random" and row["task"] == "nothing":
            assert row["jaccard"] == 0
    assert not [row for row in result.rows if row["task"] == "nothing" and row["set"] == "prefix"]
    with pytest.raises(InputError, match="at least one scene"):
        explainer_truth.run(tmp_path / "o", scenes=0)


def test_commands(datasets: dict[str, list[PairFiles]], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = ["--data", str(tmp_path / "set"), "--model", "average", "--units", UNITS, "--quick", "--limit", "1"]
    out = tmp_path / "o"
    assert main(["study", "ddfimage-table1", *data, "--method", "probdd", "-o", str(out / "1")]) == 0
    shown = capfd.readouterr()
    assert "| DDFImage (ProbDD) | 100 |" in shown.out
    assert "study.html" in shown.err
    for name in ("ddfimage-table2", "explainer-limits"):
        assert main(["study", name, *data, "--method", "random", "-o", str(out / name), "--json"]) == 0
        answer = json.loads(capfd.readouterr().out)
        assert answer["summary"][0]["title"] == "Random order"
        assert answer["failures"] == []
    line = [
        "study",
        "explainer-truth",
        "--quick",
        "--scenes",
        "1",
        "--method",
        "random",
        "-o",
        str(out / "t"),
        "--json",
    ]
    assert main(line) == 0
    assert json.loads(capfd.readouterr().out)["facts"]["scenes"] == 3


@pytest.mark.parametrize("name", ["ddfimage-table1", "ddfimage-table2"])
def test_the_papers_networks_are_the_default(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def untrained(spec: str, *_: object) -> fl.FusionModel:
        return fl.load_model(spec, weights=None)

    monkeypatch.setattr(study_inputs, "weights_for", lambda *_: "infrared-visible")
    monkeypatch.setattr(study_inputs, "chosen_model", untrained)
    write_pairs(tmp_path / "set", 1, 32)
    out = tmp_path / "o"
    line = ["--data", str(tmp_path / "set"), "--method", "random", "--units", "grid:16", "--quick"]
    assert main(["study", name, *line, "-o", str(out)]) == 0
    assert {row["model"] for row in cells(out / "cases.csv")} == {"cmcffuse", "swinfuse"}
    words = "The cut pair is what cmcffuse and swinfuse fused here"
    assert all(words in (out / page).read_text() for page in ("table.md", "study.html"))


def test_the_papers_networks_need_weights(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = write_pairs(tmp_path / "set", 1)[0].a.parents[1]
    (folder / "ir").rename(folder / "mri")
    (folder / "vi").rename(folder / "pet")
    for name in ("ddfimage-table1", "ddfimage-table2"):
        assert main(["study", name, "--data", str(folder), "-o", str(tmp_path / "o")]) == 2
        assert "no weights for mri + pet; choose models with --model" in capfd.readouterr().err
    assert main(["study", "explainer-limits", "--data", str(folder), "-o", str(tmp_path / "o")]) == 2
    assert "at least one --model" in capfd.readouterr().err


def test_quick_runs_of_local_models_say_nothing_of_the_cut() -> None:
    assert "fused here" not in quick_words([fl.load_model("average"), tiny_network()])


@pytest.mark.parametrize("name", ["ddfimage-table1", "ddfimage-table2", "explainer-limits"])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "at least one --data"),
        (["--data", "{0}", "--model", "averag"], "did you mean average"),
        (["--data", "{0}", "--model", "average", "--model", "average"], "Two models are called 'average'"),
        (["--data", "{0}", "--model", "average", "--limit", "0", "--quick"], "--limit of at least 1"),
        (["--data", "{0}", "--model", "average", "--units", "slik:20"], "did you mean slic"),
        (["--data", "{0}", "--model", "average", "--method", "dmin"], "did you mean ddmin"),
        (["--data", "{0}/ir", "--model", "average"], "two modality folders"),
    ],
)
def test_mistakes_get_one_sentence(
    name: str, arguments: list[str], words: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_pairs(tmp_path / "set", 1, 16)
    given = [word.format(tmp_path / "set") for word in arguments]
    assert main(["study", name, *given, "-o", str(tmp_path / "o")]) == 2
    error = capfd.readouterr().err
    assert words in error
    assert "Traceback" not in error
    assert not (tmp_path / "o" / "study.html").exists()
