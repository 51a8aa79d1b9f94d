"""The example that checks a saved certificate without FuseLens."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import fuselens as fl
from fuselens.core.ssim import ssim_map
from fuselens.core.targets import Closeness, Pixel, RegionMean, Similarity, Target
from fuselens.explainers.ddfimage import ddfimage
from tests.core.small import small_pair

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "check_certificate.py"
PAIR = small_pair()
MODEL = """
import torch

def blend():
    torch.manual_seed(1)
    network = torch.nn.Conv2d(2, 1, 5, padding=2)
    def fuse(a, b):
        return torch.sigmoid(3 * network(torch.cat([a, b], dim=1)))
    return fuse
"""


@pytest.fixture(scope="module")
def example() -> Any:
    spec = importlib.util.spec_from_file_location("check_certificate", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def saved(place: Path, target: Target | None, **settings: Any) -> list[str]:
    """Explain, save, and return the command's arguments."""
    settings = {"units": "grid:6", "fill": "black"} | settings
    ddfimage(fl.load_model("laplacian_pyramid"), PAIR, target, **settings).save(place)
    return [str(place), "--model", "laplacian_pyramid"]


@pytest.mark.parametrize(
    "target", [None, Similarity((0, 0, 6, 7)), RegionMean((6, 7, 14, 17)), RegionMean(), Pixel(12, 13)], ids=str
)
def test_a_saved_certificate_holds(
    example: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], target: Target | None
) -> None:
    assert example.main(saved(tmp_path, target)) == 0
    said = capsys.readouterr().out
    assert "The certificate holds" in said
    assert "0 can be spared" in said


def test_modes_presets_empty_sets_and_files_with_models(
    example: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, settings in enumerate(
        [{"mode": "sufficient"}, {"mode": "necessary"}, {"preset": "paper", "level": 0.8}, {"max_images": 9}]
    ):
        assert example.main(saved(tmp_path / str(number), None, **settings)) == 0
    ddfimage(lambda a, b: a, PAIR, units="grid:6", which="b").save(tmp_path / "none")
    file = tmp_path / "models.py"
    file.write_text(MODEL + "\n\ndef first():\n    return lambda a, b: a\n")
    assert example.main([str(tmp_path / "none"), "--model", f"{file}:first"]) == 0
    assert "NO_INFLUENCE" in capsys.readouterr().out
    blend: dict[str, Any] = {}
    exec(MODEL, blend)
    ddfimage(blend["blend"](), PAIR, units="grid:6").save(tmp_path / "net")
    assert example.main([str(tmp_path / "net"), "--model", f"{file}:blend"]) == 0


def edited(place: Path, change: Callable[[dict[str, Any]], object]) -> None:
    file = place / "explanation.json"
    claim = json.loads(file.read_text(encoding="utf-8"))
    change(claim)
    file.write_text(json.dumps(claim), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda claim: claim.update(score_kept=claim["score_kept"] + 0.01), "score_kept differs by 0.01"),
        (lambda claim: claim["members"].pop(), "the members are not the pixels"),
        (lambda claim: claim.update(level=0.999), "does not have the property 'both'"),
        (lambda claim: claim.update(level=0.02, mode="sufficient"), "can be spared"),
    ],
)
def test_a_false_claim_is_found(
    example: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[dict[str, Any]], object],
    words: str,
) -> None:
    arguments = saved(tmp_path, None)
    edited(tmp_path, change)
    assert example.main(arguments) == 1
    assert words in capsys.readouterr().out


def test_another_model_is_found(example: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, *_ = saved(tmp_path, None)
    assert example.main([folder, "--model", "average"]) == 1
    assert "another image than the saved one" in capsys.readouterr().out


def test_other_targets_are_refused(example: Any, tmp_path: Path) -> None:
    mask = torch.zeros(PAIR.size, dtype=torch.bool)
    mask[2:9, 3:8] = True
    for number, target in enumerate([Closeness("a"), Similarity(mask), Similarity(measure="mse")]):
        with pytest.raises(SystemExit, match="understands"):
            example.main(saved(tmp_path / str(number), target))


def test_its_ssim_is_the_same_number(example: Any) -> None:
    x, y = torch.rand(2, 1, 1, 17, 20, dtype=torch.float64)
    ours = ssim_map(x, y, padding="reflect")[0, 0].numpy()
    np.testing.assert_allclose(example.ssim_map(x[0, 0].numpy(), y[0, 0].numpy()), ours, atol=1e-10)
