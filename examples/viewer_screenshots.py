"""Take the pictures of the viewer for the docs, from the built-in examples, in a real Chromium.

`python examples/viewer_screenshots.py` writes docs/images/viewer-*.png; it takes some minutes, since the guidance of
whole images is computed. `--sizes 1280x720 1920x1080` takes each picture in all of these sizes, for the eye: add
`--out FOLDER` to keep them out of the docs. Needs the extra `view`, Playwright and a Chromium.
"""

from __future__ import annotations

import argparse
import io
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from fuselens.core.files import atomic_path, prepare_folder
from fuselens.viewer.server import Server

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images"
LARGEST = 400_000  # bytes of a picture: pages stay quick
Size = tuple[int, int]
SMALL, LARGE = (1280, 720), (1920, 1080)
SETTLED = 1500  # milliseconds after a page has what it waits for, or has another size
NETWORK = "funfusean:infrared-visible"
BOX = "122,186,172,216"  # the man on the road, whom only the infrared image shows clearly
PIXEL = "142,200"  # on his chest
GUIDED = "fuselens.state.models.every(key => fuselens.state.guidance[key]?.final) && !fuselens.state.jobs.length"
KNOWN = (
    "fuselens.state.models.every(key => fuselens.state.fused[key]) && fuselens.state.jacobians[fuselens.state.model]"
)


def until(page: Any, condition: str, seconds: float = 1200) -> None:
    """Wait for something in the page."""
    end = time.monotonic() + seconds
    while not page.evaluate(f"Boolean({condition})"):
        if time.monotonic() > end:
            raise SystemExit(f"not within {seconds:.0f} s: {condition}")
        time.sleep(0.2)


def start(page: Any) -> None:
    """As the page opens: the guidance has only begun."""
    until(page, f"({KNOWN}) && fuselens.state.guidance[fuselens.state.model]")


def guided(page: Any) -> None:
    """Wait for exact guidance of all models on show, and for the probes."""
    until(page, f"({KNOWN}) && {GUIDED}")


def explained(page: Any) -> None:
    """Let DDFImage explain the region."""
    until(page, KNOWN)
    page.locator("#explain-button").click()
    until(page, "fuselens.state.found?.curve")
    page.evaluate("fuselens.stopAll()")
    page.locator("#set-ways").get_by_text("Order").click()
    page.locator("#order-slider").fill(str(page.evaluate("fuselens.state.found.record.size")))


def accounted(page: Any) -> None:
    """Ask CAMF what it decided with, or another model that keeps an account."""
    until(page, "fuselens.state.opened")
    able = page.evaluate("fuselens.state.hello.models.filter(model => model.has_state).map(model => model.key)")
    key = next((one for one in able if one.startswith("camf")), able[-1])
    page.evaluate("key => fuselens.set({models: [key], model: key})", key)
    until(page, f"fuselens.state.accounts[fuselens.state.model] && {KNOWN}")


# Name, size of the window, colour scheme, address, what to wait for.
PICTURES: tuple[tuple[str, Size, str, str, Callable[[Any], None]], ...] = (
    ("start", SMALL, "dark", f"models={NETWORK}", start),
    ("hover", LARGE, "dark", f"models={NETWORK}&pixel={PIXEL}&probes=70,90;196,150", guided),
    ("light", SMALL, "light", f"models={NETWORK}&pixel={PIXEL}&box={BOX}", guided),
    ("models", LARGE, "dark", "pair=example:brain&mode=models&pixel=118,104&probes=118,104;60,128"
     "&models=funfusean:mri-pet,deepfuse:mri-pet,weighted_average", guided),
    ("ddfimage", LARGE, "dark", f"models=deepfuse:infrared-visible&mode=explain&pixel={PIXEL}&box={BOX}", explained),
    ("account", SMALL, "dark", "models=average&mode=account", accounted),
)  # fmt: skip


def smaller(picture: bytes) -> bytes:
    """Return a PNG of at most 256 colours, reduced where it is too large for a page of the docs."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    while True:
        found = io.BytesIO()
        # Refined by k-means, so that the few pixels of a colour bar keep their colours.
        image.quantize(256, kmeans=4).save(found, "PNG", optimize=True)
        if found.tell() <= LARGEST:
            return found.getvalue()
        image = image.resize((int(0.9 * image.width), int(0.9 * image.height)), Image.Resampling.LANCZOS)


def size_of(text: str) -> Size:
    """Read 1280x720."""
    width, height = map(int, text.split("x"))
    return width, height


def take(page: Any, name: str, sizes: list[Size], folder: Path) -> None:
    """Save the page, in its own size as the docs show it, or as it is in each of several."""
    for width, height in sizes:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(SETTLED)
        with atomic_path(folder / f"viewer-{name}-{width}x{height}.png") as path:
            path.write_bytes(page.screenshot())
    if not sizes:
        page.wait_for_timeout(SETTLED)
        with atomic_path(folder / f"viewer-{name}.png") as path:
            path.write_bytes(smaller(page.screenshot()))
    print(name, flush=True)


def main() -> None:
    """Write the pictures that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--only", nargs="+", default=[name for name, *_ in PICTURES])
    parser.add_argument("--sizes", nargs="+", type=size_of, default=[], metavar="WxH", help="instead of the docs' own")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("No Chromium is installed (Debian: apt-get install chromium).")
    folder = prepare_folder(options.out)
    server = Server()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for name, (width, height), scheme, address, wait in PICTURES:
            if name not in options.only:
                continue
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(f"{server.url}#{address}")
            wait(page)
            take(page, name, options.sizes, folder)
            page.close()
        browser.close()
    server.close()


if __name__ == "__main__":
    main()
