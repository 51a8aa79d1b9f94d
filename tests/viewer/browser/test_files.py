"""Files in and out: two PNGs dropped, refusals, and every export."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fuselens as fl

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


def saved(tab, act) -> tuple[str, bytes]:
    with tab.page.expect_download() as waiting:
        act()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


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
    tab.until("fuselens.state.notice?.isTrouble || document.getElementById('open-trouble').textContent.length > 15")
    assert tab.js("fuselens.state.opened.size") == [56, 72]
    tab.troubles = [words for words in tab.troubles if "400" not in words]  # Chromium logs refused uploads itself


def test_exports(open_tab, small_pair) -> None:
    tab = open_tab("models=average&pixel=20,30&probes=5,6")
    tab.until(
        "fuselens.state.guidance.average?.final && fuselens.state.jacobians.average && fuselens.state.pinned.average"
    )
    tab.until("fuselens.state.fused.average && !fuselens.state.jobs.length")

    def export(name: str):
        tab.page.get_by_role("button", name="Export").click()
        return saved(tab, lambda: tab.page.locator("#export-menu").get_by_role("button", name=name).click())

    name, content = export("PNG: visible")
    assert name.endswith("visible.png")
    picture = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    assert picture.shape == (56, 72, 3)
    assert np.abs(picture[..., 0] / 255 - small_pair.b.y.numpy()).max() < 0.01
    _, content = export("PNG: guidance of infrared")
    assert Image.open(io.BytesIO(content)).size[1] > 56  # the colour bar stands below

    name, content = export("All pictures")
    assert name.endswith(".zip")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 10
        numbers = json.loads(archive.read("numbers.json"))
    expected = fl.jacobian(fl.load_model("average", None), small_pair, (5, 6))
    probe = numbers["probes"][0]
    assert probe["pixel"] == [5, 6]
    assert probe["models"]["average"]["share"] == pytest.approx(expected.share())

    name, content = export("Numbers as JSON")
    assert json.loads(content)["pixel"]["pixel"] == [20, 30]
    name, content = export("A page to keep")
    assert name.endswith((".html", ".zip"))
    assert b"<html" in content.lower() or name.endswith(".zip")
