"""Regions and explanations: brush, report, DDFImage with its certificate, scrubbers, maps, stop, a model's account."""

from __future__ import annotations

import numpy as np
import pytest

import fuselens as fl

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
    tab.until("fuselens.state.found?.kind === 'set'")
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
    choose(tab, "rise", samples="20000")
    tab.until("fuselens.state.jobs.some(job => job.done > 0)")
    tab.page.get_by_label("Stop: RISE", exact=False).click()
    tab.until("!fuselens.state.jobs.length", 20)
    assert tab.js("fuselens.state.found.method") == "occlusion"


def test_account_of_a_model_that_keeps_one(open_tab) -> None:
    tab = open_tab("models=weighted_average&mode=account")
    able = tab.js("fuselens.state.hello.models.filter(model => model.has_state).map(model => model.key)")
    if "weighted_average" not in able:
        assert "keeps no account" in tab.page.locator("#account").inner_text()
        tab.page.locator("#account button").first.click()
    tab.until("Object.keys(fuselens.state.accounts).length")
    assert tab.page.locator("#account section").count() > 0
    assert tab.page.locator("#account canvas, #account table").count() > 0
