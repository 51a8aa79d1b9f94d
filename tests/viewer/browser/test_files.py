"""Files in and out: two PNGs dropped, refusals, and every export."""

from __future__ import annotations

import base64
import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

import fuselens as fl
from tests.viewer.browser.tab import export

pytestmark = pytest.mark.browser

DROP = """files => {
  const transfer = new DataTransfer();
  for (const [name, content] of files) {
    const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, {type: 'image/png'}));
  }
  dispatchEvent(new DragEvent('drop', {dataTransfer: transfer, cancelable: true}));
}"""


def png(values: np.ndarray) -> bytes:
    found = io.BytesIO()
    Image.fromarray(values).save(found, "PNG")
    return found.getvalue()


def drop(tab, **files: bytes) -> None:
    tab.page.evaluate(DROP, [[f"{name}.png", base64.b64encode(content).decode()] for name, content in files.items()])


def test_drop_two_files(open_tab) -> None:
    tab = open_tab("models=average")
    infrared = np.full((24, 32), 1000, np.uint16)
    visible = np.tile(np.arange(32, dtype=np.uint8) * 8, (24, 1))
    drop(tab, scene_vis=png(visible), scene_ir=png(infrared))
    assert [tab.page.locator(f"#modality-{letter}").input_value() for letter in "ab"] == ["infrared", "visible"]
    tab.page.get_by_role("button", name="Open", exact=True).click()
    tab.until("fuselens.state.opened.size.join() === '24,32' && fuselens.state.fused.average")
    assert tab.js("fuselens.state.opened.names") == ["infrared", "visible"]
    tab.hover((5, 10))
    values = [tab.page.locator(f".panel[data-kind={letter}] .value").inner_text() for letter in "ab"]
    assert values == ["1000", "80"]


def test_values_that_are_black_and_white(open_tab) -> None:
    tab = open_tab("models=average")
    deep = np.tile(np.linspace(1000, 3000, 32).astype(np.uint16), (24, 1))
    drop(tab, scene_ir=png(deep), scene_vis=png((deep >> 4).astype(np.uint8)))
    button = tab.page.get_by_role("button", name="Open", exact=True)
    tab.page.locator("#range").select_option("window")
    button.click()
    assert "two numbers" in tab.page.locator("#open-trouble").inner_text()
    tab.page.locator("#range-low").fill("1000")
    tab.page.locator("#range-high").fill("3000")
    button.click()
    tab.until("fuselens.state.opened.size.join() === '24,32'")
    assert tab.js("[...fuselens.state.opened.data.a.slice(0, 32)]") == pytest.approx((deep[0] - 1000) / 2000, abs=1e-6)
    assert tab.js("[fuselens.state.opened.sources[0].low, fuselens.state.opened.sources[1].high]") == [1000, 255]
    assert not tab.page.locator("#open-dialog").is_visible()


def test_black_pairs_are_opened_stretched_by_a_button(open_tab) -> None:
    tab = open_tab("models=average")
    dark = np.tile(np.arange(32, dtype=np.uint16) * 100, (24, 1))
    drop(tab, scene_ir=png(dark), scene_vis=png(dark))
    tab.page.get_by_role("button", name="Open", exact=True).click()
    tab.until("fuselens.state.notice?.words.includes('looks black')")
    tab.page.get_by_role("button", name="Stretch").click()
    tab.until("Math.max(...fuselens.state.opened.data.a) === 1")
    assert tab.js("fuselens.state.pair.window") == "percentile"


def test_refusals_are_sentences(open_tab) -> None:
    tab = open_tab("models=average")
    drop(tab, a=b"this is no picture", b=b"neither is this")
    tab.page.get_by_role("button", name="Open", exact=True).click()
    tab.until(
        "document.getElementById('open-trouble').textContent.length > 15"
        " && !document.getElementById('open-button').disabled"
    )
    assert "Uploading" not in tab.page.locator("#open-trouble").inner_text()
    tab.page.get_by_role("button", name="Cancel").click()
    drop(tab, a=png(np.zeros((24, 32), np.uint8)), b=png(np.zeros((24, 30), np.uint8)))
    tab.page.get_by_role("button", name="Open", exact=True).click()
    tab.until("document.getElementById('open-trouble').textContent.includes('size')")
    assert tab.page.locator("#open-dialog").is_visible()
    assert tab.js("fuselens.state.opened.size") == [56, 72]
    tab.troubles = [words for words in tab.troubles if "400" not in words]  # Chromium logs refused uploads itself


def test_exports(open_tab, small_pair) -> None:
    tab = open_tab("models=average&pixel=20,30&probes=5,6")
    tab.until(
        "fuselens.state.guidance.average?.final && fuselens.state.jacobians.average && fuselens.state.pinned.average"
    )
    tab.until("fuselens.state.fused.average && !fuselens.state.jobs.length")

    name, content = export(tab, "PNG: visible")
    assert name.endswith("visible.png")
    picture = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    assert picture.shape == (56, 72, 3)
    assert np.abs(picture[..., 0] / 255 - small_pair.b.y.numpy()).max() < 0.01
    _, content = export(tab, "PNG: guidance of infrared")
    assert Image.open(io.BytesIO(content)).size[1] > 56  # the colour bar stands below

    name, content = export(tab, "All pictures")
    assert name.endswith(".zip")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 10
        numbers = json.loads(archive.read("numbers.json"))
    expected = fl.jacobian(fl.load_model("average", None), small_pair, (5, 6))
    probe = numbers["probes"][0]
    assert probe["pixel"] == [5, 6]
    assert probe["models"]["average"]["share"] == pytest.approx(expected.share())

    name, content = export(tab, "Numbers as JSON")
    assert json.loads(content)["pixel"]["pixel"] == [20, 30]
    name, content = export(tab, "A page to keep")
    assert name.endswith((".html", ".zip"))
    assert b"<html" in content.lower() or name.endswith(".zip")
