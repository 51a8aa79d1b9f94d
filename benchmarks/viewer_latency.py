"""From a moved mouse to the painted Jacobian, in a real Chromium, for every FuseVis network; with --minutes, a soak.

The page takes the time when it first hears of a move (pointerrawupdate or pointermove), and again after the paint of
the frame that shows that pixel's Jacobian (requestAnimationFrame, then a message). Guidance is stopped first: this is
about the mouse.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

NETWORKS = ("funfusean", "masknet", "deepfuse", "deeppedestrian")
WEIGHTS = "mri-pet"
SIZES = {"256x256": (256, 256), "1024x768": (768, 1024)}
SOAK_SECONDS = 30  # between two lines of the soak


@contextmanager
def viewer(size: tuple[int, int]) -> Iterator[tuple[str, int]]:
    """Run `fuselens view` on a pair of this size in a process of its own; give its address and process."""
    import fuselens as fl
    from fuselens.core.files import write_image

    brain = fl.example_pair("brain")
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for source, name in zip(brain, ("mri", "pet"), strict=True):
            values = torch.nn.functional.interpolate(source.y[None, None].float(), size=size, mode="bicubic")[0, 0]
            paths.append(Path(folder) / f"{name}.png")
            write_image(paths[-1], (values.clamp(0, 1) * 255).round().byte().numpy())
        code = "from fuselens.cli.main import run; run()"
        command = [sys.executable, "-c", code, "view", *map(str, paths), "--names", "mri,pet"]
        process = subprocess.Popen(
            [*command, "--no-browser", "--port", "0", "--json"], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["url"], process.pid
        finally:
            process.terminate()
            process.wait(20)


def open_page(browser: Any, url: str, model: str, troubles: list[str]) -> Any:
    """Open the page with a model, without guidance."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.on("console", lambda message: troubles.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(f"{url}#models={model}")
    until(page, "fuselens.state.link === 'open' && fuselens.timings.length + fuselens.state.jobs.length")
    until(page, "fuselens.state.jacobians[fuselens.state.model] && fuselens.state.fused[fuselens.state.model]")
    page.evaluate("fuselens.stopAll()")
    until(page, "!fuselens.state.jobs.length")
    return page


def until(page: Any, condition: str, seconds: float = 120) -> None:
    """Wait for something in the page."""
    end = time.monotonic() + seconds
    while not page.evaluate(f"Boolean({condition})"):
        if time.monotonic() > end:
            raise SystemExit(f"not within {seconds:.0f} s: {condition}")
        time.sleep(0.05)


def places(page: Any) -> Iterator[tuple[float, float]]:
    """Wander over the fused image, as a hand does: curves, never twice the same pixel in a row."""
    edge = page.locator(".panel[data-kind=fused] .view").bounding_box()
    middle = edge["x"] + edge["width"] / 2, edge["y"] + edge["height"] / 2
    reach = 0.45 * min(edge["width"], edge["height"])
    for step in itertools.count():
        turn = 0.11 * step
        yield middle[0] + reach * math.sin(turn), middle[1] + reach * math.sin(1.7 * turn + 0.4)


def measured(page: Any, moves: int, pause: float) -> list[dict[str, float]]:
    """Move the mouse, and return what the page recorded."""
    walk = places(page)
    for _ in range(10):
        page.mouse.move(*next(walk))
        time.sleep(0.1)
    page.evaluate("fuselens.timings.length = 0")
    for _ in range(moves):
        page.mouse.move(*next(walk))
        time.sleep(pause)
    time.sleep(0.5)
    found: list[dict[str, float]] = page.evaluate("fuselens.timings")
    return found


def line(found: list[dict[str, float]]) -> str:
    """Return median, 95th percentile and largest of the whole, and the server's median."""
    total = sorted(one["total"] for one in found)
    late = total[math.ceil(0.95 * len(total)) - 1]
    server = statistics.median(one["server"] for one in found)
    return f"{len(total):>8}{statistics.median(total):>9.1f}{late:>9.1f}{total[-1]:>9.1f}{server:>11.1f}"


def resident(process: int) -> float:
    """Return a process's memory in MB, from /proc."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def soak(browser: Any, minutes: float, pause: float) -> None:
    """Hover and switch models for so many minutes; print memory and errors as they come."""
    troubles: list[str] = []
    with viewer(SIZES["256x256"]) as (url, process):
        page = open_page(browser, url, f"deepfuse:{WEIGHTS}", troubles)
        heap = page.context.new_cdp_session(page)
        print(f"\nSoak of {minutes:g} minutes: hovering, switching models, zooming, probes")
        print(f"{'minute':>7}{'server MB':>11}{'page MB':>9}{'hovers':>8}{'errors':>8}", flush=True)
        started = told = time.monotonic()
        walk, dice = places(page), random.Random(0)
        acts = {
            "models": lambda: page.evaluate(f"fuselens.set({json.dumps(models_of(dice))})"),
            "zoom": lambda: page.keyboard.press(dice.choice("+-0")),
            "probe": lambda: page.keyboard.press(dice.choice(("Enter", "Delete"))),
            "stop": lambda: page.evaluate("fuselens.stopAll()"),
        }
        for step in itertools.count():
            page.mouse.move(*next(walk))
            time.sleep(pause)
            if step % 40 == 39:
                acts[dice.choice(list(acts))]()
            now = time.monotonic()
            if now - told >= min(SOAK_SECONDS, 20 * minutes) or now - started >= 60 * minutes:
                told = now
                heap.send("HeapProfiler.collectGarbage")
                used = heap.send("Runtime.getHeapUsage")["usedSize"] / 2**20
                hovers = page.evaluate("fuselens.sent.jacobian")
                print(
                    f"{(now - started) / 60:>7.1f}{resident(process):>11.0f}{used:>9.1f}{hovers:>8}{len(troubles):>8}",
                    flush=True,
                )
            if now - started >= 60 * minutes:
                break
        for words in troubles[:10]:
            print(f"console: {words}")


def models_of(dice: random.Random) -> dict[str, Any]:
    """Return a choice of one model or of several."""
    chosen = [f"{name}:{WEIGHTS}" for name in dice.sample(NETWORKS, dice.choice((1, 1, 2)))]
    return {"models": chosen, "model": chosen[0], "mode": "models" if len(chosen) > 1 else "hover"}


def main() -> None:
    """Print one line a network and size, then the soak."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moves", type=int, default=120)
    parser.add_argument("--pause", type=float, default=0.06, help="seconds between two moves of the mouse")
    parser.add_argument("--models", nargs="+", default=list(NETWORKS))
    parser.add_argument("--weights", default=WEIGHTS)
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--minutes", type=float, default=0, help="length of the soak; 0: none")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("No Chromium is installed (Debian: apt-get install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        print(
            f"Milliseconds from pointermove to paint, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, "
            f"torch {torch.__version__}"
        )
        print(f"{'network':<16}{'size':>9}{'painted':>8}{'median':>9}{'p95':>9}{'most':>9}{'server':>11}")
        for size in options.sizes:
            with viewer(SIZES[size]) as (url, _):
                for name in options.models:
                    troubles: list[str] = []
                    page = open_page(browser, url, f"{name}:{options.weights}", troubles)
                    found = measured(page, options.moves, options.pause)
                    page.close()
                    print(
                        f"{name:<16}{size:>9}{line(found)}{'  console: ' + troubles[0] if troubles else ''}", flush=True
                    )
        if options.minutes:
            soak(browser, options.minutes, options.pause)
        browser.close()


if __name__ == "__main__":
    main()
