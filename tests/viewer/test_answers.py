"""The numbers that a page is sent are those of the library."""

from __future__ import annotations

import html

import torch

import fuselens as fl
from fuselens.core.display import dimmed
from fuselens.core.targets import Similarity
from fuselens.report.pictures import photograph
from fuselens.viewer.methods import methods
from tests.viewer.conftest import SIZE, mixing
from tests.viewer.page_talk import Page


def test_hello_lists_what_there_is(page: Page) -> None:
    hello = page.hello
    models = {model["key"]: model for model in hello["models"]}
    assert [hello["default_model"], *list(models)[:3]] == ["small", "small", "mixing", "gated"]
    assert {key.replace(":", "-") for key in models if ":" in key} == set(fl.list_weights())
    assert {"average", "maximum"} <= set(models)
    assert (models["small"]["local"], models["small"]["reach"]) == (True, 8)
    assert (models["mixing"]["local"], models["mixing"]["reach"], models["mixing"]["global"]) == (False, None, True)
    assert models["weighted_average"]["has_state"]
    assert not models["small"]["has_state"]
    assert hello["given"] == {"names": ["infrared", "visible"], "files": ["", ""]}
    assert {method["name"] for method in hello["explainers"]} == set(fl.list_explainers()) - {
        "guidance", "jacobian", "intrinsic", "task_share",
    }  # fmt: skip


def test_pair_and_fusion(page: Page, pair: fl.ImagePair, network: fl.FusionModel) -> None:
    opened = page.first("open", pair={"given": True})
    assert opened.head["size"] == list(SIZE)
    assert torch.equal(opened.arrays["a"], pair.a.y)
    assert opened.arrays["rgb_b"].shape == (*SIZE, 3)
    fused = page.first("fuse", model="small")
    assert torch.equal(fused.arrays["fused"], fl.fuse(network, pair).y)


def test_hover_is_the_jacobian_bit_by_bit(page: Page, pair: fl.ImagePair, network: fl.FusionModel) -> None:
    for pixel in [(0, 0), (0, 33), (14, 15), (28, 33), (13, 2)]:
        found = page.first("jacobian", model="small", pixel=list(pixel), channel="hover")
        expected = fl.jacobian(network, pair, pixel=pixel)
        top, left, bottom, right = found.head["window"]
        for name, whole in (("a", expected.a), ("b", expected.b)):
            shown = torch.zeros(SIZE)
            shown[top:bottom, left:right] = found.arrays[name]
            assert torch.equal(shown, whole)
        assert found.head["fused"] == expected.value
        assert abs(found.head["share_a"] - expected.share()) < 1e-6
        assert found.head["pixel"] == list(pixel)


def test_hover_by_shipped_weights_is_the_jacobian(page: Page, pair: fl.ImagePair) -> None:
    found = page.first("jacobian", model="deepfuse:infrared-visible", pixel=[14, 15], channel="hover")
    expected = fl.jacobian(fl.load_model("deepfuse"), pair, pixel=(14, 15))
    assert torch.equal(found.arrays["a"], expected.a[expected.window.slices])


def test_hover_over_a_global_model(page: Page, pair: fl.ImagePair) -> None:
    found = page.first("jacobian", model="mixing", pixel=[3, 4], channel="hover")
    assert found.head["window"] == [0, 0, *SIZE]
    assert torch.equal(found.arrays["b"], fl.jacobian(mixing, pair, pixel=(3, 4)).b)


def test_guidance_is_coarse_then_exact(page: Page, pair: fl.ImagePair, network: fl.FusionModel) -> None:
    *frames, _ = page.ask("guidance", model="small")
    expected = fl.guidance(network, pair)
    assert [frame.head["step"] for frame in frames] == sorted((f.head["step"] for f in frames), reverse=True)
    assert [frame.head["final"] for frame in frames] == [False] * (len(frames) - 1) + [True]
    assert torch.equal(frames[-1].arrays["a"], expected.a)
    assert torch.equal(frames[-1].arrays["b"], expected.b)
    assert all(value in expected.a for value in frames[0].arrays["a"].flatten()), "each value is exact at some pixel"
    again = page.ask("guidance", model="small")
    assert [answer.kind for answer in again] == ["guidance", "done"]


def test_guidance_of_a_global_model_is_an_estimate_with_errors(page: Page, pair: fl.ImagePair) -> None:
    *_, final, _ = page.ask("guidance", model="mixing")
    expected = fl.guidance(mixing, pair)
    assert not final.head["is_exact"]
    assert torch.equal(final.arrays["a"], expected.a)
    assert torch.equal(final.arrays["error_b"], expected.error_b)


def test_region_needs_guidance_and_says_what_the_report_says(page: Page, pair: fl.ImagePair) -> None:
    assert "guidance" in page.error("region", model="average", box=[2, 3, 9, 11])
    page.ask("guidance", model="average")
    found = page.first("region", model="average", box=[2, 3, 9, 11])
    average = fl.load_model("average")
    expected = fl.region_report(average, pair, (2, 3, 9, 11), fl.guidance(average, pair))
    assert found.head["report"] == expected.as_dict()
    assert found.head["sentences"] == expected.sentences()


def test_a_set_is_that_of_the_method_and_its_curve_can_be_recomputed(
    page: Page, pair: fl.ImagePair, network: fl.FusionModel
) -> None:
    box, settings = [4, 5, 18, 20], {"units": "grid:8", "level": 0.8}
    found, scores, _ = page.ask("explain", model="small", box=box, method="ddfimage", settings=settings)
    expected = fl.explain(network, pair, "ddfimage", target=Similarity(tuple(box)), **settings)  # type: ignore[arg-type]
    record = found.head["record"]
    assert found.kind == "set"
    assert [i for i, kept in enumerate(found.arrays["kept"].tolist()) if kept] == expected.members == record["members"]
    assert torch.equal(found.arrays["units_a"], expected.units.labels_a.int())
    assert record["score_kept"] == expected.score_kept
    assert scores.kind == "scores"
    curve, count = scores.head["curve"], expected.units.count
    assert sorted(curve["order"]) == list(range(count))
    assert set(curve["order"][: expected.size]) == set(expected.members)
    share, score = curve["insertion"][expected.size]
    assert share == expected.size / count
    assert abs(score - expected.scaled(expected.score_kept)) < 1e-5
    assert abs(curve["deletion"][expected.size][1] - expected.scaled(expected.score_removed)) < 1e-5
    assert [step["kept"] for step in found.head["trace"]] == found.arrays["trace_kept"].sum(dim=1).tolist()
    assert len(scores.head["trace"]) == len(found.head["trace"])
    assert abs(scores.head["trace"][-1] - score) < 1e-5
    assert found.head["words"]
    for level in scores.head["levels"]:
        on, off = curve["insertion"][level["size"]][1], curve["deletion"][level["size"]][1]
        assert on >= level["level"] > off


def test_a_map_is_that_of_the_method(page: Page, pair: fl.ImagePair, network: fl.FusionModel) -> None:
    settings = {"samples": 40, "units": "grid:8", "seed": 5}
    found, scores, _ = page.ask("explain", model="small", box=None, method="lime", settings=settings)
    expected = fl.explain(network, pair, "lime", **settings)
    assert found.kind == "map"
    assert torch.equal(found.arrays["a"], expected.a)
    assert torch.equal(found.arrays["unit_scores"], expected.unit_scores)
    assert found.head["share_a"] == expected.share()
    assert len(scores.head["curve"]["insertion"]) == expected.units.count + 1


def test_every_method_answers_with_its_own_defaults(page: Page) -> None:
    cheap = {"samples": 20, "units": "grid:16", "max_images": 200, "window": 16, "steps": 4}
    for name, method in methods().items():
        offered = {setting.name for setting in method.settings}
        given = {key: value for key, value in cheap.items() if key in offered}
        found, *rest = page.ask("explain", model="small", box=[4, 5, 18, 20], method=name, settings=given)
        assert found.kind == method.gives
        assert found.head["record"]["method"] == name
        assert [answer.kind for answer in rest] == (["scores", "done"] if found.head["scoring"] else ["done"])


def test_explanations_are_pages_to_keep(page: Page, pair: fl.ImagePair, network: fl.FusionModel) -> None:
    box, settings = [4, 5, 18, 20], {"units": "grid:8", "level": 0.8}
    number = page.send("explain", model="small", box=box, method="ddfimage", settings=settings)
    words = page.until_end(number)[0].head["words"]
    report, explanation, _ = page.ask("snapshot", models=["small"], probes=[[3, 4]], boxes=[], explanations=[number])
    assert report.head["name"] == "fuselens-small.html"
    assert explanation.head["name"] == f"fuselens-small-ddfimage-{number}.html"
    told = html.unescape(explanation.head["html"])
    assert all(sentence in told for sentence in words)
    expected = fl.explain(network, pair, "ddfimage", target=Similarity(tuple(box)), **settings)  # type: ignore[arg-type]
    for letter, source, keep in zip("ab", pair, expected.keep_maps(), strict=True):
        assert photograph(dimmed(source.y, keep), "").uri in told, letter
    assert f"{expected.scaled(expected.score_kept):.2f}" in told
    alone = page.ask("snapshot", models=["small"], probes=[], boxes=[], explanations=[number])
    assert [answer.kind for answer in alone] == ["snapshot", "done"]
    assert "no longer known" in page.error("snapshot", models=["small"], probes=[], boxes=[], explanations=[10**6])
    assert "nothing to report" in page.error("snapshot", models=["small"], probes=[], boxes=[])


def test_state_and_snapshot(page: Page, pair: fl.ImagePair) -> None:
    state = page.first("state", model="weighted_average")
    expected = fl.explain(fl.load_model("weighted_average"), pair, "intrinsic")
    assert state.head["summary"] == list(expected.summary)
    images = {name: values.shape for name, values in state.arrays.items()}
    assert images
    snapshot = page.first("snapshot", models=["average"], probes=[[3, 4]], boxes=[[2, 3, 9, 11]])
    assert snapshot.head["html"].startswith("<!DOCTYPE html>")
    assert snapshot.head["name"] == "fuselens-average.html"
    assert "intrinsic" in page.error("state", model="small")


def test_other_pairs(page: Page) -> None:
    brain = page.first("open", pair={"example": "brain"})
    assert brain.head["names"] == ["mri", "pet"]
    assert brain.head["sources"][1]["coloured"]
    assert "street" in page.error("open", pair={"example": "moon"})
    assert page.first("fuse", model="average").arrays["fused"].shape == tuple(brain.head["size"])


def test_what_cannot_be_asked_is_said_in_a_sentence(page: Page) -> None:
    assert "Unknown model" in page.error("fuse", model="masknet:moon")
    assert "not in the image" in page.error("jacobian", model="small", pixel=[29, 0], channel="hover")
    assert "leaves the image" in page.error("explain", model="average", box=[0, 0, 99, 9], method="lime", settings={})
    assert "Unknown method" in page.error("explain", model="average", box=None, method="guidance", settings={})
    assert "samples" in page.error("explain", model="average", box=None, method="lime", settings={"samples": 10**9})
    assert "Unknown setting" in page.error(
        "explain", model="average", box=None, method="lime", settings={"device": "x"}
    )
