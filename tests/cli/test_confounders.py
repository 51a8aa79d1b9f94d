"""`fuselens confounders`, run as a user runs it, and every mistake a user can make."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from fuselens.cli.main import main
from fuselens.models.confounder_dictionary import ConfounderDictionary
from tests.confounders.planted_scenes import same_division, write_pairs

KINDS_A, KINDS_B = [0, 1, 2, 0, 1, 2], [2, 2, 1, 1, 0, 0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("data")
    write_pairs(place / "first", KINDS_A[:4], KINDS_B[:4])
    write_pairs(place / "second", KINDS_A[4:], KINDS_B[4:])
    return place


def test_two_folders_become_one_dictionary(folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "dict.safetensors"
    line = ["confounders", str(folder / "first"), str(folder / "second"), "-o", str(out), "--scenes", "3", "--dim", "7"]
    assert main([*line, "--seed", "4", "--report", str(tmp_path / "page"), "--json"]) == 0
    shown = capfd.readouterr()
    answer = json.loads(shown.out)
    dictionary = ConfounderDictionary.load(out)
    assert (dictionary.scenes, dictionary.dim) == (3, 7)
    assert dictionary.facts["seed"] == 4
    assert dictionary.a.labels is not None
    assert same_division(dictionary.a.labels.numpy(), KINDS_A)
    assert answer["dictionary"] == str(out)
    assert answer["report"] == str(tmp_path / "page" / "confounders.html")
    assert Path(answer["report"]).is_file()
    assert answer["images"] == 6
    assert answer["modalities"]["visible"]["sizes"] == [2, 2, 2]
    assert answer["modalities"]["infrared"]["effective"] == pytest.approx(3)
    assert "infrared: 3 scenes of 2 to 2 images, as even as 3.0 of one size" in shown.err


def test_page_of_its_own_name_and_no_pictures(folder: Path, tmp_path: Path) -> None:
    out, page = tmp_path / "dict.safetensors", tmp_path / "mine.html"
    line = ["confounders", str(folder / "first"), "-o", str(out), "--scenes", "2", "--no-pictures"]
    assert main([*line, "--names", "ir,vi", "--report", str(page)]) == 0
    assert page.is_file()
    assert not [name for name in load_file(out) if name.startswith("pictures")]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dict.safetensors", "mine.html"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{0}/first"], "4 pairs cannot be divided into 25 scenes"),
        (["{0}/first", "{0}/first", "--scenes", "2"], "is given twice"),
        (["{0}/missing"], "is missing; name a folder"),
        (["{0}"], "Expected two modality folders"),
        (["{0}/first", "--scenes", "1"], "at least 2 scenes"),
        (["{0}/first", "--scenes", "2", "--dim", "0"], "a dim of at least 1"),
        (["{0}/first", "--backbone", "gost"], "cannot be divided"),
        (["{0}/first", "--scenes", "2", "--backbone", "gost"], "did you mean gist"),
        (["{0}/first", "--scenes", "2", "--names", "ir"], "--names to be two words"),
        (["{0}/first", "--scenes", "2", "--names", "ir,pet"], "is missing; name a folder"),
        (["{0}/first", "--scenes", "2", "--device", "abacus"], "cannot be used here"),
        (["{0}/first", "--scenes", "2", "-o", "{1}/dict.pt"], "a .safetensors file but got"),
        ([], "Missing argument 'FOLDER...'"),
    ],
)
def test_mistakes_get_one_sentence(
    folder: Path, tmp_path: Path, arguments: list[str], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    given = [word.format(folder, tmp_path) for word in arguments]
    out = [] if "-o" in given else ["-o", str(tmp_path / "dict.safetensors")]
    assert main(["confounders", *given, *out]) == 2
    error = capfd.readouterr().err
    assert words in error
    assert "Traceback" not in error
    assert not list(tmp_path.rglob("*.*"))


def test_one_damaged_image_stops_everything(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    files = write_pairs(tmp_path / "pairs", KINDS_A, KINDS_B)
    files[4].a.write_bytes(b"\x89PNG broken")
    out = tmp_path / "dict.safetensors"
    assert main(["confounders", str(tmp_path / "pairs"), "-o", str(out), "--scenes", "3"]) == 2
    assert "fuselens: 004: " in (error := capfd.readouterr().err)
    assert "ir/004.png" in error
    assert not out.exists()


def test_ctrl_c_leaves_nothing(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fuselens.confounders import gist

    def stop(image: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(gist, "gist", stop)
    out = tmp_path / "dict.safetensors"
    assert main(["confounders", str(folder / "first"), "-o", str(out), "--scenes", "2"]) == 130
    assert not list(tmp_path.iterdir())


def test_same_line_same_bytes(folder: Path, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("one.safetensors", "two.safetensors")]
    for path, order in zip(paths, (("first", "second"), ("second", "first")), strict=True):
        folders = [str(folder / name) for name in order]
        assert main(["confounders", *folders, "-o", str(path), "--scenes", "3", "--dim", "5"]) == 0
    one, two = (load_file(path) for path in paths)
    assert one.keys() == two.keys()
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert paths[0].read_bytes() == paths[1].read_bytes()
