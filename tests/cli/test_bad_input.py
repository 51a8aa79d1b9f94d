"""Bad input: one sentence with the remedy, exit code 2, no traceback, nothing half-written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from fuselens.cli.main import main


def save(path: Path, size: tuple[int, int] = (24, 32), channels: int = 1) -> Path:
    values = np.random.default_rng(len(path.name)).integers(0, 256, (*size, channels), dtype=np.uint8)
    Image.fromarray(values.squeeze(-1) if channels == 1 else values).save(path)
    return path


def text_as_png(path: Path) -> None:
    path.write_text("this is no image")


def truncated(path: Path) -> None:
    save(path, (60, 60))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def other_size(path: Path) -> None:
    save(path, (24, 33))


def tiny(path: Path) -> None:
    save(path, (5, 5))


def transparent(path: Path) -> None:
    values = np.full((24, 32, 4), 90, np.uint8)
    Image.fromarray(values).save(path)


def animated(path: Path) -> None:
    frames = [Image.fromarray(np.full((24, 32), v, np.uint8)) for v in (10, 200)]
    frames[0].save(path, format="GIF", save_all=True, append_images=frames[1:])


def all_nan(path: Path) -> None:
    tifffile.imwrite(path, np.full((24, 32), np.nan, np.float32))


def missing(path: Path) -> None:
    del path


def a_folder(path: Path) -> None:
    path.mkdir()


def empty(path: Path) -> None:
    path.touch()


@pytest.mark.parametrize("command", ["fuse", "explain"])
@pytest.mark.parametrize(
    ("make", "name", "words"),
    [
        (missing, "vi.png", "no file"),
        (text_as_png, "vi.png", "image"),
        (truncated, "vi.png", "vi.png"),
        (empty, "vi.png", "empty"),
        (a_folder, "vi.png", "folder"),
        (other_size, "vi.png", "differ in size"),
        (tiny, "vi.png", "smallest"),
        (transparent, "vi.png", "transparent"),
        (animated, "vi.gif", "animated"),
        (all_nan, "vi.tif", "NaN"),
    ],
)
def test_bad_files(
    make: Callable[[Path], None], name: str, words: str, command: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path / "ir.png")
    make(tmp_path / name)
    code = main(
        [command, str(tmp_path / "ir.png"), str(tmp_path / name), "--model", "average", "-o", str(tmp_path / "o")]
    )
    out, err = capfd.readouterr()
    assert code == 2
    assert words in err
    assert err.startswith("fuselens: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert out == ""
    assert not (tmp_path / "o").exists()


BAD_MODELS = """
import torch
def shape(): return lambda a, b: a[..., :-1]
def nan(): return lambda a, b: a / 0 * 0
def text(): return lambda a, b: "fused"
def fails(): raise RuntimeError("no licence server")
"""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "maskent"], "did you mean masknet"),
        (["--model", "average:mri-pet"], "rule without weights"),
        (["--model", "masknet:none.safetensors"], "does not exist"),
        (["--model", "masknet:mripet"], "Unknown weights"),
        (["--model", "MINE:shape"], "return shape"),
        (["--model", "MINE:nan"], "NaN"),
        (["--model", "MINE:text"], "return a tensor"),
        (["--model", "MINE:fails"], "no licence server"),
        (["--model", "MINE:nothing"], "no function 'nothing'"),
        (["--model", "other.py:make"], "does not exist"),
        (["--names", "ir"], "two words"),
        (["--names", "ir,infrared"], "two names"),
        (["--window", "bright"], "--window percentile or LOW,HIGH"),
        (["--preset", "papers"], "Unknown preset"),
        (["--device", "tpu9"], "cannot be used"),
    ],
)
def test_bad_settings(arguments: list[str], words: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(BAD_MODELS)
    arguments = [a.replace("MINE", str(mine)) for a in arguments]
    pair = [str(save(tmp_path / "ir.png")), str(save(tmp_path / "vi.png"))]
    base = [] if "--model" in arguments else ["--model", "average"]
    for command in ("fuse", "explain"):
        assert main([command, *pair, *base, *arguments, "-o", str(tmp_path / "o")]) == 2
        err = capfd.readouterr().err
        assert words in err
        assert "Traceback" not in err
        assert not list((tmp_path / "o").glob("*")) if (tmp_path / "o").exists() else True


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["explain", "--example", "strret"], "did you mean street"),
        (["explain", "--example", "brain", "--method", "lime2"], "Unknown explainer"),
        (["explain", "--example", "brain", "--model", "average", "--target", "pixel:999,1"], "not in the image"),
        (["explain", "--example", "brain", "--model", "average", "--target", "spot:1"], "Expected a target"),
        (["explain", "only_one.png"], "two image files"),
        (["fuse"], "two image files"),
        (["train", "masknett-mri-pet"], "did you mean"),
        (["train", "masknet-mri-pet"], "--data FOLDER"),
        (["train", "masknet-mri-pet", "--set", "stepz=3"], "did you mean steps"),
        (["train", "masknet-mri-pet", "--set", "steps"], "KEY=VALUE"),
        (["tune", "masknet-mri-pet", "--lambdas", "high"], "Expected numbers"),
        (["list", "modles"], "did you mean models"),
        (["frobnicate"], "No such command"),
    ],
)
def test_bad_commands(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    err = capfd.readouterr().err
    assert words in err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_unwritable_output(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    pair = [str(save(tmp_path / "ir.png")), str(save(tmp_path / "vi.png"))]
    for command in ("fuse", "explain"):
        assert main([command, *pair, "--model", "average", "-o", str(blocked)]) == 2
        assert "a file is in the way" in capfd.readouterr().err
    assert blocked.read_text() == "a file where the folder should be"


def test_three_channels_against_one_works(tmp_path: Path) -> None:
    pair = [str(save(tmp_path / "ir.png")), str(save(tmp_path / "vi.png", channels=3))]
    assert main(["fuse", *pair, "--model", "average", "-o", str(tmp_path / "o")]) == 0
    with Image.open(tmp_path / "o" / "fused.png") as fused:
        assert fused.mode == "RGB"
        assert fused.size == (32, 24)
