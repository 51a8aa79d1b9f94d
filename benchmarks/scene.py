"""What the explainer benchmarks share: the built-in street, cut to size, its middle, and a clock."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import TypeVar

import torch

import fuselens as fl

MODEL = ("deepfuse", "infrared-visible")
REGION_SIDE = 32
Found = TypeVar("Found")


def parser_for(words: str | None, **settings: int) -> argparse.ArgumentParser:
    """Return a parser with `--side` and these whole numbers."""
    parser = argparse.ArgumentParser(description=words, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=0, help="crop the pair to so many pixels a side; 0: all of it")
    for name, default in settings.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"default {default}")
    return parser


def street(side: int) -> fl.ImagePair:
    """Return the built-in street, or its middle of `side` pixels a side."""
    pair = fl.example_pair("street")
    if not side:
        return pair
    top, left = ((length - side) // 2 for length in pair.size)
    cut = slice(top, top + side), slice(left, left + side)
    return fl.ImagePair.from_arrays(pair.a.y[cut], pair.b.y[cut], pair.names)


def middle(pair: fl.ImagePair) -> tuple[int, int, int, int]:
    """Return the box of 32x32 pixels in the middle of the image."""
    top, left = ((length - REGION_SIDE) // 2 for length in pair.size)
    return top, left, top + REGION_SIDE, left + REGION_SIDE


def timed(work: Callable[[], Found]) -> tuple[Found, float]:
    """Return what the work returns, and its seconds."""
    started = time.perf_counter()
    found = work()
    return found, time.perf_counter() - started


def conditions(pair: fl.ImagePair) -> str:
    """Return what the numbers depend on, in words."""
    height, width = pair.size
    threads = torch.get_num_threads()
    return f"{':'.join(MODEL)}, {width}x{height}, {threads} CPU thread{'s'[: threads > 1]}, torch {torch.__version__}"
