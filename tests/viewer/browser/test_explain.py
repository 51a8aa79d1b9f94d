"""Regions and explanations: brush, report, DDFImage with its certificate, scrubbers, maps, stop, a model's account."""

from __future__ import annotations

import html
import io
import json
import threading
import time
import zipfile

import numpy as np
import pytest
from PIL import Image

import fuselens as fl
from fuselens.core.display import dimmed
from fuselens.viewer.work import explain as work
from tests.viewer.browser.tab import export

pytestmark = pytest.mark.browser

BOX = [20, 30, 36, 50]
SHOWN = "[...fuselens.state.shown.kept].reduce((sum, bit) => sum + bit, 0)"

PIXELS = """async kind => {
  const { layerOf } = await import(new URL('page/layers.js', location.href).href);
  const { canvas } = layerOf(kind, null);
  return [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data];
}"""


def choose(tab, method: str, **settings: str) -> None:
    """Choose a method and its settings, and press the button."""
    tab.page.get_by_label("Method").select_option(method)
    if not tab.js("document.getElementById('settings-box').open"):
        tab.page.locator("#settings-box summary").click()
    for name, value in settings.items():
        field = tab.page.locator(f"#setting-{name}")
        field.select_option(value) if field.evaluate("e => e.tagName") == "SELECT" else field.fill(value)
    tab.page.get_by_role("button", name="Explain", exact=True).last.click()


def test_brush_report_ddfimage_certificate(open_tab, small_pair) -> None:
    tab = open_tab("models=average&pixel=1,1")
    tab.brush((20, 30), (35, 49))
    assert tab.js("fuselens.state.box") == BOX
    tab.until("fuselens.state.region")
    assert "infrared causes 50%" in tab.page.locator("#report").inner_text().lower()

    choose(tab, "ddfimage", target="mean", units="grid:8", fill="black")
    tab.until("fuselens.state.found?.curve")
    record = tab.js("fuselens.state.found.record")
    why = fl.explain(
        fl.load_model("average", None), small_pair, "ddfimage",
        target=fl.targets.RegionMean(tuple(BOX)), units="grid:8", fill="black",
    )  # fmt: skip
    assert record["members"] == why.members
    assert record["score_kept"] == pytest.approx(why.score_kept, abs=1e-5)
    said = tab.page.locator("#answer").inner_text()
    assert "They are enough" in said or "It is enough" in said
    assert "✓ enough" in said
    assert tab.page.locator(".panel[data-kind=set-a]").is_visible()
    scrub(tab, why)


def scrub(tab, why: fl.SetExplanation) -> None:
    """Threshold, replay and curve look up what is there; none of them asks the server."""
    sent = tab.js("JSON.stringify(fuselens.sent)")
    assert tab.js(SHOWN) == why.size
    ways = tab.page.locator("#set-ways")
    ways.get_by_text("Threshold").click()
    sizes = []
    for level in ("0.05", "0.5", "0.95"):
        tab.page.locator("#level-slider").fill(level)
        sizes.append(tab.js(SHOWN))
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]
    ways.get_by_text("Search").click()
    slider = tab.page.locator("#search-slider")
    for step in {0, int(slider.get_attribute("max"))}:
        slider.fill(str(step))
        assert tab.js(SHOWN) == int(why.trace[step][4], 16).bit_count()
    ways.get_by_text("Order").click()
    tab.page.locator("#order-slider").fill("3")
    assert tab.js(SHOWN) == 3
    edge = tab.page.locator("#curve svg").bounding_box()
    tab.page.mouse.click(edge["x"] + 0.99 * edge["width"], edge["y"] + edge["height"] / 2)
    assert tab.js(SHOWN) == why.units.count
    assert tab.js("JSON.stringify(fuselens.sent)") == sent


def test_hidden_parts_are_dim(open_tab) -> None:
    tab = open_tab(f"models=average&mode=explain&box={','.join(map(str, BOX))}")
    choose(tab, "ddfimage", target="mean", units="grid:8", fill="black")
    tab.until("fuselens.state.found?.kind === 'set'")
    kept = np.array(tab.js("[...fuselens.state.found.data.kept]")).astype(bool)
    rims = 0
    for letter in "ab":
        shown = np.array(tab.page.evaluate(PIXELS, f"set-{letter}")).reshape(56, 72, 4)
        labels = np.array(tab.js(f"[...fuselens.state.found.data.units_{letter}]")).reshape(56, 72)
        hidden = (labels >= 0) & ~kept[labels]
        assert hidden.any()
        assert (shown[hidden][:, 2] >= shown[hidden][:, 0] + 29).all()  # dark and blue
        bright = (shown[..., :3] == (255, 214, 0)).all(-1)
        assert not (bright & hidden).any()
        rims += bright.sum()
    assert rims


def test_maps_and_stop(open_tab) -> None:
    tab = open_tab(f"models=average&mode=explain&box={','.join(map(str, BOX))}")
    choose(tab, "occlusion", target="mean", window="8")
    tab.until("fuselens.state.found?.kind === 'map'")
    assert tab.page.locator(".panel[data-kind=map-b]").is_visible()
    assert "%" in tab.page.locator("#answer-lead").inner_text()
    assert not tab.page.locator("#map-curve-box").is_visible()  # of pixels there is no order
    choose(tab, "lime", target="mean", units="grid:8", samples="60", fill="black")
    tab.until("fuselens.state.found?.method === 'lime' && fuselens.state.found.curve")
    edge = tab.page.locator("#map-curve svg").bounding_box()
    tab.page.mouse.click(edge["x"] + 0.99 * edge["width"], edge["y"] + edge["height"] / 2)
    assert "126 units alone: score 1.00" in tab.page.locator("#map-curve-words").inner_text()
    choose(tab, "rise", samples="20000")
    tab.until("fuselens.state.jobs.some(job => job.done > 0)")
    assert tab.js("fuselens.state.jobs[0].total") == 20003  # the image twice, nothing of it, the samples
    assert 0 < tab.js("document.querySelector('#jobs progress').value") < 1
    tab.page.get_by_label("Stop: RISE", exact=False).click()
    tab.until("!fuselens.state.jobs.length", 20)
    assert tab.js("fuselens.state.found.method") == "lime"


def test_where_nobody_knows_the_end_images_are_counted(open_tab) -> None:
    tab = open_tab("models=average&mode=explain")
    tab.until("!fuselens.state.jobs.length")
    job = "{id: 1e6, title: 'DDFImage, average', kind: 'explain', words: 'DDFImage', done: 1212, total: 0}"
    tab.js(f"fuselens.set({{jobs: [{job}]}})")
    assert tab.page.locator("#jobs .soft").inner_text() == "1,212 images"
    assert not tab.js("document.querySelector('#jobs progress').hasAttribute('value')")
    tab.js(f"fuselens.set({{jobs: [{{...{job}, words: 'curve', done: 30, total: 60}}]}})")
    assert tab.page.locator("#jobs .soft").inner_text().split() == ["curve,", "50", "%"]


def test_a_curve_that_is_stopped_leaves_the_set_and_says_so(open_tab, monkeypatch) -> None:
    gate = threading.Event()

    def slow(*given) -> None:
        while not gate.wait(0.02):
            given[-1](1, 60)

    monkeypatch.setattr(work, "ranking", slow)
    tab = open_tab(f"models=average&mode=explain&box={','.join(map(str, BOX))}")
    tab.until("fuselens.state.fused.average")
    choose(tab, "ddfimage", target="mean", units="grid:8", fill="black")
    tab.until("fuselens.state.found?.kind === 'set'")
    assert "on its way" in tab.page.locator("#curve").inner_text()
    tab.page.locator("#set-ways").get_by_text("Search").click()
    tab.page.get_by_label("Stop: DDFImage", exact=False).click()
    tab.until("!fuselens.state.jobs.some(job => job.kind === 'explain')")
    gate.set()
    assert "enough" in tab.page.locator("#answer").inner_text()
    assert "curve was stopped" in tab.page.locator("#curve").inner_text()
    assert tab.page.locator("#search-slider").is_visible()  # whoever looked at the search goes on looking
    assert tab.js(SHOWN) == tab.js("fuselens.state.found.record.size")
    time.sleep(0.3)
    assert tab.js("fuselens.state.jobs.length") == 0  # nothing that was put off begins by itself


def test_exports_hold_the_explanation(open_tab, small_pair) -> None:
    tab = open_tab(f"models=average&mode=explain&box={','.join(map(str, BOX))}")
    choose(tab, "ddfimage", target="mean", units="grid:8", fill="black")
    tab.until("fuselens.state.found?.curve && !fuselens.state.jobs.length")
    certificate = tab.page.locator("#answer-words").inner_text().split("\n")
    tab.page.locator("#set-ways").get_by_text("Order").click()
    tab.page.locator("#order-slider").fill("1")  # the set that is kept is that of the certificate, not what is on show
    record = tab.js("fuselens.state.found.record")
    with zipfile.ZipFile(io.BytesIO(export(tab, "All pictures")[1])) as archive:
        told = json.loads(archive.read("numbers.json"))["explanation"]
        overlay = np.asarray(Image.open(io.BytesIO(archive.read("ddfimage-infrared.png"))).convert("RGB")).astype(int)
    assert told["record"] == record
    assert set(certificate) <= set(told["words"])
    assert told["curve"] == tab.js("fuselens.state.found.curve")
    assert [step["score"] for step in told["search"]][-1] == pytest.approx(
        (record["score_kept"] - record["score_empty"]) / (record["score_full"] - record["score_empty"]), abs=1e-5
    )
    why = fl.explain(
        fl.load_model("average", None), small_pair, "ddfimage",
        target=fl.targets.RegionMean(tuple(BOX)), units="grid:8", fill="black",
    )  # fmt: skip
    assert np.abs(overlay - dimmed(small_pair.a.y, why.keep_maps()[0])).max() <= 1
    tab.page.keyboard.press("1")
    with zipfile.ZipFile(io.BytesIO(export(tab, "All pictures")[1])) as archive:
        assert {"ddfimage-infrared.png", "ddfimage-visible.png"} <= set(archive.namelist())
    name, content = export(tab, "A page to keep")
    assert name.endswith(".zip")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        pages = {name: html.unescape(archive.read(name).decode()) for name in archive.namelist()}
    (explained,) = (page for name, page in pages.items() if "ddfimage" in name)
    assert len(pages) == 2
    assert all(words in explained for words in told["words"])


def test_account_of_a_model_that_keeps_one(open_tab) -> None:
    tab = open_tab("models=weighted_average&mode=account")
    able = tab.js("fuselens.state.hello.models.filter(model => model.has_state).map(model => model.key)")
    if "weighted_average" not in able:
        assert "keeps no account" in tab.page.locator("#account").inner_text()
        tab.page.locator("#account button").first.click()
    tab.until("Object.keys(fuselens.state.accounts).length")
    assert tab.page.locator("#account section").count() > 0
    assert tab.page.locator("#account canvas, #account table").count() > 0
