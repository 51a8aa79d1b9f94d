"""Tables of scores to make leaderboards of."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

import fuselens as fl
from fuselens.core.pair import ImagePair
from fuselens.data.fused import FusedImage
from fuselens.report.leaderboard import LeaderboardContents, render
from fuselens.scoring.table import Column, ScoreTable
from fuselens.scoring.worst import WorstCase, worst_images
from tests.report.parsed import Page

COLUMNS = (
    Column("en", "EN", "higher", "bit", "Roberts et al. 2008"),
    Column("mse", "MSE", "lower", "", "by definition"),
    Column("bias", "Bias", "zero"),
    Column("mi:cddfuse", "MI (cddfuse)", "higher", "bit", "Qu et al. 2002", "cddfuse"),
)
SCALES = np.array([[7.0, 0.4], [2300.0, 500.0], [0.0, 0.03], [2.8, 0.7]])


def random_table(methods: int = 3, images: int = 12, columns: int = 4, seed: int = 0, **changes: Any) -> ScoreTable:
    means, stds = SCALES[np.arange(columns) % 4].T
    values = means + stds * np.random.default_rng(seed).normal(size=(methods, images, columns))
    heads = tuple(COLUMNS[k] if k < 4 else replace(COLUMNS[k % 4], name=f"m{k}", title=f"M{k}") for k in range(columns))
    names = tuple(f"method{m}" for m in range(methods))
    table = ScoreTable(names, tuple(f"i{i:03}" for i in range(images)), heads, values, names=("infrared", "visible"))
    return replace(table, **changes)


def contents_of(table: ScoreTable, worst: int = 0, **changes: Any) -> LeaderboardContents:
    cases = [WorstCase(*case, *street()) for case in worst_images(table, worst)]
    return LeaderboardContents(table, worst=cases, **changes)


@cache
def street() -> tuple[ImagePair, FusedImage]:
    pair = fl.example_pair("street")
    return pair, fl.fuse(fl.load_model("average"), pair)


def planted(*means: list[float], images: int = 20, noise: float = 0.01) -> ScoreTable:
    """Return methods whose values lie closely round these means, metric by metric higher is better."""
    shape = (len(means), images, len(means[0]))
    values = np.array(means)[:, None] + noise * np.random.default_rng(0).normal(size=shape)
    heads = tuple(Column(f"m{k}", f"M{k}", "higher") for k in range(shape[2]))
    return ScoreTable(tuple("abcdef"[: len(means)]), tuple(map(str, range(images))), heads, values)


def text_of(table: ScoreTable, **changes: Any) -> str:
    return Page(render(contents_of(table, **changes))).text
