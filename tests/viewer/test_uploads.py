"""Uploads: files of any depth and colour become pairs; names are only words; what is no image is refused."""

from __future__ import annotations

import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

import fuselens as fl
from fuselens.viewer.server import Server
from fuselens.viewer.uploads import PIXELS, UPLOAD_BYTES, Uploads
from tests.viewer.page_talk import Page
from tests.viewer.test_guard import asked, token


def sent(server: Server, content: bytes, name: str) -> tuple[int, dict[str, Any]]:
    status, _, answer = asked(server, f"/upload?token={token(server)}&name={quote(name)}", "POST", content)
    return status, json.loads(answer)


def png(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, format="png")
    return file.getvalue()


def noise(*shape: int, deep: bool = False) -> np.ndarray:
    random = np.random.default_rng(1)
    return random.integers(0, 65536, shape, dtype=np.uint16) if deep else random.integers(0, 256, shape, dtype=np.uint8)


def test_uploads_open_as_the_files_would(server: Server, page: Page, tmp_path: Path) -> None:
    file = io.BytesIO()
    tifffile.imwrite(file, noise(12, 17, deep=True))
    contents = {"thermal_ir.tif": file.getvalue(), "vi.png": png(noise(12, 17, 3))}
    keys = []
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        status, answer = sent(server, content, f"../../somewhere/{name}")
        assert (status, answer["name"]) == (200, name)
        keys.append(answer["upload"])
    found = page.first("open", pair={"uploads": keys})
    expected = fl.read_pair(*(tmp_path / name for name in contents))
    assert torch.equal(found.arrays["a"], expected.a.y)
    assert torch.equal(found.arrays["b"], expected.b.y)
    assert found.head["names"] == ["infrared", "visible"]
    about = found.head["sources"]
    assert [one["file"] for one in about] == list(contents)
    assert [one["depth"] for one in about] == ["uint16", "uint8"]
    assert (about[0]["low"], about[0]["high"], about[1]["coloured"]) == (0, 65535, True)
    for window in ("percentile", (100, 16383)):
        shown = page.first("open", pair={"uploads": keys, "names": ["thermal", "rgb"], "window": window})
        expected = fl.read_pair(*(tmp_path / name for name in contents), window=window)
        assert torch.equal(shown.arrays["a"], expected.a.y)
        assert torch.equal(shown.arrays["b"], expected.b.y)
    assert (shown.head["sources"][0]["low"], shown.head["sources"][0]["high"]) == window


def test_a_dark_deep_image_is_pointed_out(server: Server, page: Page) -> None:
    dark = (noise(12, 17, deep=True) >> 4).astype(np.uint16)
    keys = [sent(server, png(dark), name)[1]["upload"] for name in ("ir.png", "vi.png")]
    assert "looks black" in page.first("open", pair={"uploads": keys}).head["note"]


def bomb(width: int, height: int) -> bytes:
    """A PNG whose head promises this size."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\0" * 100)
    body = b"".join(
        struct.pack(">I", len(one) - 4) + one + struct.pack(">I", zlib.crc32(one)) for one in (chunk, data, b"IEND")
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "a.png", "empty"), (b"not an image", "a.png", "no PNG"), (b"II*\0broken", "a.tif", "damaged"),
        (png(noise(9, 9))[:40], "a.png", "a.png"), (png(noise(9, 9)), "a.exe", "no image that can be uploaded"),
        (png(noise(9, 9)), "", "no image that can be uploaded"), (bomb(60_000, 60_000), "a.png", "a.png"),
        (bomb(5000, PIXELS // 5000 + 1), "a.png", "pixels"), (b"<svg onload=alert(1)>", "<b>.png", "no PNG"),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_refused_in_a_sentence(server: Server, content: bytes, name: str, words: str) -> None:
    status, answer = sent(server, content, name)
    assert status == 400
    assert words in answer["error"]
    assert "fuselens-view" not in answer["error"], "where our files lie is nobody's business"


def test_too_many_bytes_are_refused(server: Server) -> None:
    status, answer = sent(server, b"\0" * (UPLOAD_BYTES + 1), "a.png")
    assert status == 413
    assert "MB" in answer["error"]


def test_pairs_that_are_none(server: Server, page: Page) -> None:
    keys = [sent(server, png(noise(*size)), "x.png")[1]["upload"] for size in ((9, 9), (9, 10))]
    assert "differ in size" in page.error("open", pair={"uploads": keys})
    assert "no longer there" in page.error("open", pair={"uploads": [keys[0], "../" + keys[1]]})


def test_damage_found_late_names_the_file_as_the_page_does(server: Server, page: Page) -> None:
    whole = png(noise(40, 40))
    status, answer = sent(server, whole[:-600], "half.png")
    assert status == 200, "its head is sound"
    error = page.error("open", pair={"uploads": [answer["upload"]] * 2, "names": ["ir", "vi"]})
    assert error.startswith("'half.png' is damaged")


def test_old_files_make_room_and_none_outlive_the_viewer() -> None:
    uploads = Uploads()
    kept = [uploads.add(png(noise(8, 8)), "ir.png") for _ in range(30)]
    assert not kept[0].path.exists()
    assert kept[-1].path.exists()
    assert kept[-1].path.parent.stat().st_mode & 0o077 == 0
    uploads.close()
    assert not kept[-1].path.parent.exists()
