from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from safetensors.torch import load_file

import fuselens
from fuselens.core.errors import InputError
from fuselens.core.tensor_files import file_hash
from fuselens.models import load_model
from fuselens.training.checkpoint import EpochCheckpoint
from fuselens.training.lightning_module import DivergedError
from fuselens.training.losses import PARTS
from fuselens.training.recipe import Recipe
from fuselens.training.run import TrainingResult, train

WEIGHTS = "deepfuse-tiny.safetensors"

# Trains until the first checkpoint is there, and then hangs in the middle of the second epoch.
VICTIM = """
import sys, time
from pathlib import Path
import torch
from lightning.pytorch.callbacks import Callback
from fuselens.training.recipe import load_recipe
from fuselens.training.run import train

torch.set_num_threads(1)
pairs, out = map(Path, sys.argv[1:])

class Hang(Callback):
    def on_train_batch_end(self, *arguments):
        if (out / "checkpoints" / "last.ckpt").exists():
            (out / "hangs").touch()
            time.sleep(600)

train(load_recipe(out / "victim.yaml"), [pairs], out, accelerator="cpu", callbacks=[Hang()])
"""


class StopAt(Callback):
    """Presses Ctrl+C after a step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if trainer.global_step == self.step:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the uninterrupted run."""
    return tmp_path_factory.mktemp("whole")


@pytest.fixture
def finished(whole: Path, recipe: Recipe, pairs: Path) -> TrainingResult:
    """The uninterrupted run, tested on the same pairs; trained once."""
    if (whole / WEIGHTS).is_file():
        return train(recipe, [pairs], whole, accelerator="cpu", test=[pairs])
    seen: list[tuple[int, int, dict[str, float]]] = []
    result = train(
        recipe, [pairs], whole, accelerator="cpu", test=[pairs], progress=lambda *report: seen.append(report)
    )
    assert [report[:2] for report in seen] == [(3, 7), (6, 7), (7, 7)]
    assert seen[-1][2]["val/loss"] == result.losses["loss"]
    return result


def rows(folder: Path) -> list[dict[str, str]]:
    """The loss table without the seconds."""
    with (folder / "losses.csv").open(encoding="utf-8", newline="") as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


def assert_same_run(folder: Path, other: Path) -> None:
    ours, theirs = load_file(folder / WEIGHTS), load_file(other / WEIGHTS)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert file_hash(folder / WEIGHTS) == file_hash(other / WEIGHTS)
    assert rows(folder) == rows(other)


def test_a_run_leaves_weights_card_and_curves(finished: TrainingResult, whole: Path, recipe: Recipe) -> None:
    assert finished.weights == whole / WEIGHTS
    assert finished.steps == 7
    assert finished.losses.keys() == {"loss", *PARTS}
    model = load_model("deepfuse", weights=finished.weights)
    assert model.weights_info["sha256"] == file_hash(finished.weights)

    card = json.loads(finished.weights.with_suffix(".json").read_text(encoding="utf-8"))
    assert card["sha256"] == file_hash(finished.weights)
    assert card["recipe"] == recipe.as_dict()
    assert card["pairs"] == {"training": 5, "validation": 1}
    assert card["test"]["pairs"] == 6
    assert card["test"]["deepfuse"].keys() == card["test"]["average"].keys() == set(PARTS)
    assert card["losses"]["validation"] == finished.losses

    table = rows(whole)
    assert [float(row["step"]) for row in table] == [3, 6, 7]
    assert float(table[-1]["val/loss"]) == finished.losses["loss"]
    assert (whole / "losses.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("finished")
def test_batch_normalisation_learns(whole: Path) -> None:
    tensors = load_file(whole / WEIGHTS)
    counts = [value for name, value in tensors.items() if name.endswith("num_batches_tracked")]
    assert counts
    assert all(int(count) > 0 for count in counts)


def test_training_lowers_the_loss(recipe: Recipe, pairs: Path, tmp_path: Path) -> None:
    longer = recipe.changed(**{"steps": 40, "epoch_steps": 20, "lr": 0.01, "validation": 0.0, "loss.lambda": 0.1})
    train(longer, [pairs], tmp_path, accelerator="cpu")
    first, last = (float(row["train/loss"]) for row in rows(tmp_path))
    assert last < 0.8 * first


def test_a_killed_run_resumes_bit_for_bit(
    finished: TrainingResult, whole: Path, recipe: Recipe, pairs: Path, tmp_path: Path
) -> None:
    (tmp_path / "victim.yaml").write_text(yaml.safe_dump(recipe.as_dict()), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(Path(fuselens.__file__).parents[1])}
    command = [sys.executable, "-c", VICTIM, str(pairs), str(tmp_path)]
    victim = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    deadline = time.monotonic() + 120
    while not (tmp_path / "hangs").exists() and victim.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    victim.send_signal(signal.SIGKILL)
    said, _ = victim.communicate()
    assert victim.returncode == -signal.SIGKILL, said
    assert said == ""
    assert [float(row["step"]) for row in rows(tmp_path)] == [3]
    assert not (tmp_path / WEIGHTS).exists()

    result = train(recipe, [pairs], tmp_path, accelerator="cpu")
    assert (result.steps, result.losses) == (7, finished.losses)
    assert_same_run(tmp_path, whole)


@pytest.mark.usefixtures("finished")
def test_a_stopped_and_moved_run_resumes_bit_for_bit(whole: Path, recipe: Recipe, pairs: Path, tmp_path: Path) -> None:
    handler = signal.getsignal(signal.SIGINT)
    place = tmp_path / "first"
    for step in (2, 4, 7):
        with pytest.raises(KeyboardInterrupt):
            train(recipe, [pairs], place, accelerator="cpu", callbacks=[StopAt(step)])
        assert signal.getsignal(signal.SIGINT) is handler
        assert [path.name for path in place.glob("checkpoints/*")] == (["last.ckpt"] if step > 3 else [])
        place = Path(shutil.move(place, tmp_path / f"after-{step}"))
    train(recipe, [pairs], place, accelerator="cpu")
    assert_same_run(place, whole)


def test_a_terminated_run_stops_like_one_that_was_interrupted(recipe: Recipe, pairs: Path, tmp_path: Path) -> None:
    handler = signal.getsignal(signal.SIGTERM)

    def terminate(step: int, steps: int, losses: dict[str, float]) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt):
        train(recipe, [pairs], tmp_path, accelerator="cpu", progress=terminate)
    assert len(rows(tmp_path)) == 1
    assert signal.getsignal(signal.SIGTERM) is handler


def test_a_finished_run_stays_as_it_is(finished: TrainingResult, whole: Path, recipe: Recipe, pairs: Path) -> None:
    before = file_hash(whole / WEIGHTS), (whole / "losses.csv").read_text(encoding="utf-8")
    assert train(recipe, [pairs], whole, accelerator="cpu", test=[pairs]) == finished
    assert (file_hash(whole / WEIGHTS), (whole / "losses.csv").read_text(encoding="utf-8")) == before


@pytest.mark.usefixtures("finished")
def test_the_seed_decides(whole: Path, recipe: Recipe, pairs: Path, tmp_path: Path) -> None:
    train(recipe.changed(seed=1), [pairs], tmp_path, accelerator="cpu")
    assert file_hash(tmp_path / WEIGHTS) != file_hash(whole / WEIGHTS)


@pytest.mark.usefixtures("finished")
def test_another_recipe_is_refused_in_the_same_folder(whole: Path, recipe: Recipe, pairs: Path) -> None:
    with pytest.raises(InputError, match="holds a run of another recipe; choose another --out or delete that folder"):
        train(recipe.changed(lr=0.1), [pairs], whole, accelerator="cpu")


def test_a_run_that_never_began_does_not_block_its_folder(recipe: Recipe, pairs: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="smaller than the crops of 64x64"):
        train(recipe.changed(crop=64), [pairs], tmp_path, accelerator="cpu")
    assert train(recipe.changed(steps=1), [pairs], tmp_path, accelerator="cpu").steps == 1


def test_what_cannot_be_trained_is_refused_before_anything_is_written(
    recipe: Recipe, pairs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(InputError, match="'average' is a rule without parameters; there is nothing to train"):
        train(recipe.changed(model="average"), [pairs], out, accelerator="cpu")
    with pytest.raises(
        InputError, match="Say where the training pairs are: --data FOLDER with the sub-folders ir and vi"
    ):
        train(recipe, [], out, accelerator="cpu")
    with pytest.raises(InputError, match="missing"):
        train(recipe, [tmp_path / "none"], out, accelerator="cpu")
    with pytest.raises(InputError, match="missing"):
        train(recipe, [pairs], out, accelerator="cpu", test=[tmp_path / "none"])
    assert not out.exists()


@pytest.mark.parametrize("hardware", [{"accelerator": "abacus"}, {"devices": 0}, {"devices": "many"}])
def test_hardware_that_is_not_there_gets_one_sentence(
    recipe: Recipe, pairs: Path, tmp_path: Path, hardware: dict[str, Any]
) -> None:
    with pytest.raises(InputError, match="Cannot train with accelerator") as caught:
        train(recipe, [pairs], tmp_path, **{"accelerator": "cpu", **hardware})
    assert "\n" not in str(caught.value)


def test_a_loss_that_is_no_number_stops_with_one_sentence(recipe: Recipe, pairs: Path, tmp_path: Path) -> None:
    wild = recipe.changed(lr=1e30, gradient_clip=None)
    with pytest.raises(
        DivergedError, match=r"^The loss of deepfuse became nan at step \d; lower lr .* in the recipe\.$"
    ):
        train(wild, [pairs], tmp_path, accelerator="cpu")
    assert not (tmp_path / WEIGHTS).exists()


def test_training_says_nothing(recipe: Recipe, pairs: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    train(recipe.changed(steps=1), [pairs], tmp_path, accelerator="cpu")
    assert capfd.readouterr() == ("", "")


def test_a_failing_save_keeps_the_previous_checkpoint(tmp_path: Path) -> None:
    class Full:
        is_global_zero = True

        def save_checkpoint(self, path: Path) -> None:
            path.write_bytes(b"half")
            raise OSError(28, "No space left on device")

    last = tmp_path / "checkpoints" / "last.ckpt"
    last.parent.mkdir()
    last.write_bytes(b"whole")
    with pytest.raises(InputError, match="No space left on device"):
        EpochCheckpoint(last).on_train_epoch_end(Full(), None)  # type: ignore[arg-type]
    assert [(path.name, path.read_bytes()) for path in last.parent.iterdir()] == [("last.ckpt", b"whole")]
