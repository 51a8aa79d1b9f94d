"""Hover: the right Jacobian under the mouse, in the right colours; sliders that ask nothing; models; keys."""

from __future__ import annotations

import io
import itertools
import json
from urllib.parse import urlsplit

import numpy as np
import pytest
import torch
from PIL import Image

import fuselens as fl
from fuselens.core.display import colour_map, common_scale, share_colours
from tests.viewer.browser.tab import Tab, export

pytestmark = pytest.mark.browser

DEEPFUSE = "deepfuse:infrared-visible"
PIXEL = (30, 41)
# How the page's own modules colour a map; the imports are those that the page has loaded.
COLOURS = """async ([name, values, more]) => {
  const module = await import(new URL('page/colour.js', location.href).href);
  const pixels = new Uint32Array(values.a.length);
  if (name === 'share') module.paintShare(pixels, Float32Array.from(values.a), Float32Array.from(values.b));
  else module.paintMap(pixels, Float32Array.from(values.a), ...more);
  return [...new Uint8Array(pixels.buffer)];
}"""


ERRORS = """async ([letter, model]) => {
  const { layerOf } = await import(new URL('page/layers.js', location.href).href);
  const { canvas } = layerOf(`error-${letter}`, model);
  return [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data];
}"""
# Every place of a probe against every place of the mouse, on a panel of its own with an inset and on one of influence:
# labels that touch the inset, leave the panel, or are missing.
LABELS = """async () => {
  const load = name => import(new URL(`page/${name}.js`, location.href).href);
  const [{ labelSpot }, { insetPlace }, { placement }] = [await load('marks'), await load('inset'), await load('view')];
  const wrong = [];
  for (const kind of ['a', 'jacobian-a']) {
    const panel = document.querySelector(`.panel[data-kind=${kind}] .view`).panel;
    const influence = kind === 'a' ? null : { canvas: { width: 9, height: 9 }, left: 20, top: 20 };
    const place = placement(panel.width, panel.height);
    for (let y = 0; y < 56; y += 5) for (let x = 0; x < 72; x += 5) {
      fuselens.state.pixel = [y, x];
      const inset = insetPlace(influence, place, panel);
      for (let py = 0; py < panel.height; py += 3) for (let px = 0; px < panel.width; px += 3) {
        const width = 14 + px % 9;
        const spot = labelSpot([px, py], width, panel, inset);
        const isClear = spot && (spot[0] + width <= inset.left || spot[0] >= inset.left + inset.side
          || spot[1] + 15 <= inset.top || spot[1] >= inset.top + inset.side);
        const isInside = spot && spot[0] >= 0 && spot[1] >= 0
          && spot[0] + width <= panel.width && spot[1] + 15 <= panel.height;
        if (!isClear || !isInside) wrong.push([kind, y, x, px, py, spot]);
      }
    }
  }
  return wrong.slice(0, 5);
}"""


@pytest.mark.parametrize("key", [DEEPFUSE, "maximum"])
def test_hover_shows_the_jacobian(open_tab, small_pair, key) -> None:
    tab = open_tab(f"models={key}")
    name, _, weights = key.partition(":")
    model = fl.load_model(name, weights or None)
    for pixel in (PIXEL, (0, 71)):
        tab.hover(pixel)
        expected = fl.jacobian(model, small_pair, pixel)
        for letter in "ab":
            np.testing.assert_allclose(tab.jacobian(letter), getattr(expected, letter).numpy(), atol=1e-6)
    share = round(100 * expected.share())
    assert tab.page.locator("#part-a").inner_text().startswith(str(share))


def test_sources_are_named_and_valued(open_tab, small_pair) -> None:
    tab = open_tab("models=average")
    tab.hover(PIXEL)
    titles = tab.page.locator(".panel .title").all_inner_texts()
    assert titles[:3] == ["infrared", "visible", "fused by average"]
    value = float(tab.page.locator(".panel[data-kind=a] .value").inner_text())
    low, high = tab.js("[fuselens.state.opened.sources[0].low, fuselens.state.opened.sources[0].high]")
    assert value == pytest.approx(low + float(small_pair.a.y[PIXEL]) * (high - low), abs=0.51 if high > 1 else 1e-3)


def test_colours_are_those_of_the_house(open_tab) -> None:
    tab = open_tab("models=average")
    values = torch.cat([torch.linspace(-2, 2, 401), torch.tensor([1e-9, -1e-7, 0.0])])[None]
    for preset, gamma in itertools.product(("signed", "paper"), (0.1, 0.3, 1.0, 2.0)):
        shown = painted(tab, "map", {"a": values[0].tolist()}, [2.0, gamma, preset])
        expected = colour_map(values, common_scale(values), gamma=gamma, preset=preset)[0]
        # A table of 8192 places may land on the neighbouring of 256 colours.
        assert np.abs(shown[:, :3].astype(int) - expected).max() <= 8, (preset, gamma)
        assert (shown[:, 3] == 255).all()
    a, b = torch.tensor([1.0, 3.0, -1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 1.0, 2.0, 0.0])
    share = torch.where(a.abs() + b.abs() > 0, a.abs() / (a.abs() + b.abs()), float("nan"))
    shown = painted(tab, "share", {"a": a.tolist(), "b": b.tolist()}, [])
    assert (shown[:, :3] == share_colours(share[None])[0]).all()


def painted(tab: Tab, name: str, values: dict[str, list[float]], more: list[object]) -> np.ndarray:
    return np.array(tab.page.evaluate(COLOURS, [name, values, more])).reshape(-1, 4)


def test_sliders_ask_the_server_nothing(open_tab) -> None:
    tab = open_tab("models=average")
    tab.hover(PIXEL)
    tab.until("fuselens.state.guidance[fuselens.state.model]?.final && !fuselens.state.jobs.length")
    canvas = "document.querySelector('.panel[data-kind=guidance-a] .picture').toDataURL()"
    before, sent = tab.js(canvas), tab.js("JSON.stringify(fuselens.sent)")
    for label in ("Gamma of Jacobian images", "Gamma of guidance images"):
        tab.page.get_by_label(label).first.fill("1.3")
    tab.page.get_by_role("button", name="Paper").first.click()
    tab.until(f"{canvas} !== {json.dumps(before)}")
    assert tab.js("[fuselens.state.gammaJacobian, fuselens.state.gammaGuidance, fuselens.state.preset]") == [
        1.3,
        1.3,
        "paper",
    ]
    assert tab.js("JSON.stringify(fuselens.sent)") == sent


def test_errors_against_each_source(open_tab, small_pair) -> None:
    tab = open_tab("models=weighted_average&pixel=30,41")
    tab.until("fuselens.state.fused.weighted_average")
    tab.page.keyboard.press("d")
    fused = fl.fuse(fl.load_model("weighted_average"), small_pair).y
    errors = [(fused - source.y).abs() for source in small_pair]
    scale = max(float(each.max()) for each in errors)
    for letter, name, expected in zip("ab", small_pair.names, errors, strict=True):
        panel = tab.page.locator(f".panel[data-kind=error-{letter}]")
        assert panel.locator(".title").inner_text() == f"|fused − {name}|"
        assert float(panel.locator(".value").inner_text()) == pytest.approx(float(expected[PIXEL]), abs=6e-4)
        shown = tab.page.evaluate(ERRORS, [letter, "weighted_average"])
        colours = colour_map(expected, scale, gamma=1.0, preset="paper")
        assert np.abs(np.array(shown).reshape(*expected.shape, 4)[..., :3].astype(int) - colours).max() <= 8
    bar = tab.page.locator(".gutter .bar").first.locator(".ticks span").all_inner_texts()
    assert [float(text) for text in bar] == pytest.approx([0, scale], abs=6e-4)
    name, content = export(tab, "PNG: error against infrared")
    assert name.endswith("error-against-infrared.png")
    assert Image.open(io.BytesIO(content)).size[1] > small_pair.size[0]  # the colour bar stands below
    tab.page.keyboard.press("2")
    tab.until("document.querySelectorAll('.panel[data-kind=error-b]').length === 1")
    assert not tab.page.locator(".panel[data-kind=jacobian-a]").count()
    tab.until("location.hash.includes('errors=on') && location.hash.includes('mode=models')")
    again = open_tab(urlsplit(tab.page.url).fragment)
    assert again.page.locator(".panel[data-kind=error-a]").count() == 1
    again.page.get_by_role("button", name="Influences").click()
    assert again.page.locator(".panel[data-kind=jacobian-a]").count() == 1


def test_labels_of_probes_are_never_under_an_inset(open_tab) -> None:
    tab = open_tab("models=average&pixel=30,41")
    tab.until("fuselens.state.jacobians.average")
    assert tab.page.evaluate(LABELS) == []


def test_models_side_by_side_and_switched(open_tab) -> None:
    tab = open_tab("models=average")
    tab.page.get_by_label("Models", exact=True).click()
    tab.page.get_by_label("Show maximum beside others").check()
    tab.until("fuselens.state.mode === 'models'")
    tab.page.keyboard.press("Escape")
    tab.hover(PIXEL)
    tab.until("fuselens.state.jacobians.maximum?.pixel.join() === '30,41' && fuselens.state.fused.maximum")
    assert tab.page.locator(".panel").count() == 8
    tab.page.get_by_label("Models", exact=True).click()
    tab.page.locator("#model-menu .item", has_text="maximum").click()
    assert tab.js("fuselens.state.model") == "maximum"


def test_keyboard_alone(open_tab) -> None:
    tab = open_tab("models=average&pixel=10,10")
    keys = tab.page.keyboard
    for key in ("ArrowDown", "ArrowRight", "Shift+ArrowRight", "Enter", "ArrowUp", "Enter"):
        keys.press(key)
    assert tab.js("fuselens.state.pixel") == [10, 21]
    tab.until_jacobian((10, 21))
    assert tab.js("fuselens.state.probes") == [[11, 21], [10, 21]]
    assert tab.page.locator("#probes li").count() == 2
    keys.press("Delete")
    assert tab.js("fuselens.state.probes") == [[11, 21]]
    for key in ("+", "+", "-", "s", "2", "1"):
        keys.press(key)
    assert tab.js("fuselens.state.zoom.scale") == pytest.approx(1.5)
    assert tab.js("fuselens.state.preset") == "paper"
    for key in ("r", "Enter", "ArrowDown", "ArrowRight", "Enter"):
        keys.press(key)
    assert tab.js("fuselens.state.box") == [10, 21, 12, 23]
    keys.press("?")
    assert tab.page.locator("#help").is_visible()
    keys.press("Escape")
    assert not tab.page.locator("#help").is_visible()
    tab.until("document.getElementById('live').textContent.includes('infrared')")
    tab.until("!fuselens.state.jobs.length")
    keys.press("Escape")
    assert tab.js("fuselens.state.box") is None


def test_touch_moves_the_pixel(open_tab) -> None:
    tab = open_tab("models=average", has_touch=True, viewport={"width": 1024, "height": 768})
    tab.page.touchscreen.tap(*tab.place(PIXEL))
    tab.until_jacobian(PIXEL)
    tab.page.get_by_role("button", name="Pin this pixel").tap()
    assert tab.js("fuselens.state.probes") == [list(PIXEL)]
