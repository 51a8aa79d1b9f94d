"""Metrics as torchmetrics: means over all batches and processes, collections, images without a value."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from fuselens.core.errors import UnknownNameError
from fuselens.metrics import METRICS
from fuselens.metrics.accumulate import FusionScore, score_collection

TWO_PROCESSES = """
import sys
import torch
import torch.distributed as distributed
from fuselens.metrics.accumulate import score_collection

rank = int(sys.argv[1])
distributed.init_process_group("gloo", init_method=f"file://{sys.argv[2]}", rank=rank, world_size=2)
images = torch.rand(3, 5, 1, 40, 44, generator=torch.Generator().manual_seed(0))
mine = slice(0, 2) if rank == 0 else slice(2, 5)
scores = score_collection(["en", "cc", "ssim"])
scores.update(*(image[mine] for image in images))
print(*(float(value) for value in scores.compute().values()))
distributed.destroy_process_group()
"""


def test_two_processes_give_the_mean_over_all_images(tmp_path: Path) -> None:
    script = tmp_path / "two.py"
    script.write_text(TWO_PROCESSES)
    running = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", str(script), str(rank), str(tmp_path / "meet")],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for rank in range(2)
    ]  # fmt: skip
    answers = []
    for process in running:
        out, error = process.communicate(timeout=120)
        assert process.returncode == 0, error
        answers.append([float(word) for word in out.split()])
    images = torch.rand(3, 5, 1, 40, 44, generator=torch.Generator().manual_seed(0))
    expected = [float(METRICS[name](*images).mean()) for name in ("cc", "en", "ssim")]
    assert answers[0] == answers[1] == pytest.approx(expected, rel=1e-5)


def test_collection_keeps_metrics_apart_whose_first_values_agree() -> None:
    same = torch.rand(1, 1, 40, 40, generator=torch.Generator().manual_seed(1))
    other = torch.rand(2, 1, 1, 40, 40, generator=torch.Generator().manual_seed(2))
    scores = score_collection(["cc", "ssim", "qs"])  # all 1 for identical images
    scores.update(same, same, same)
    scores.update(*other, same)
    values = {name: float(value) for name, value in scores.compute().items()}
    for name, value in values.items():
        expected = (float(METRICS[name](same, same, same)) + float(METRICS[name](*other, same))) / 2
        assert value == pytest.approx(expected, rel=1e-5)


def test_images_without_a_value_are_counted_and_left_out() -> None:
    image = torch.rand(2, 1, 20, 20, generator=torch.Generator().manual_seed(3))
    fused = image.clone()
    fused[1] = 0.5
    score = FusionScore("cc")
    score.update(image, image, fused)
    assert float(score.compute()) == pytest.approx(1)
    assert score.undefined == 1
    score.reset()
    assert score.undefined == 0


def test_conventions_and_direction() -> None:
    image = torch.rand(3, 1, 1, 20, 20, generator=torch.Generator().manual_seed(4))
    bits, nats = FusionScore("mi"), FusionScore("mi", "cddfuse")
    assert (bits.higher_is_better, FusionScore("mse").higher_is_better, FusionScore("qsf").higher_is_better) == (
        True, False, None
    )  # fmt: skip
    for score in (bits, nats):
        score.update(*image)
    assert float(nats.compute()) == pytest.approx(float(bits.compute()) * math.log(2), rel=1e-6)
    assert set(score_collection(["mi", "en"], compat="cddfuse")) == {"mi:cddfuse", "en"}
    with pytest.raises(UnknownNameError, match="known"):
        FusionScore("nothing")
