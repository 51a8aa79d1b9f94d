"""What the commands read from their arguments: pairs, models, names."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from fuselens.core.errors import InputError
from fuselens.core.model import FusionModel
from fuselens.core.pair import ImagePair
from fuselens.data.folders import PairFiles, find_pairs, match_folders
from fuselens.data.pairs import read_pair
from fuselens.models.spec import load_spec
from fuselens.models.weights import best_model

Preset = Literal["paper"] | None


def parse_names(text: str | None) -> tuple[str, str] | None:
    """Read `--names mri,pet`.

    Raises:
        InputError: not two words.
    """
    if text is None:
        return None
    words = [word.strip() for word in text.split(",")]
    if len(words) != 2 or not all(words):
        raise InputError(f"Expected --names to be two words like mri,pet but got '{text}'.")
    return words[0], words[1]


def parse_window(text: str | None) -> tuple[float, float] | Literal["percentile"] | None:
    """Read `--window percentile` or `--window 0,16383`.

    Raises:
        InputError: anything else.
    """
    if text is None:
        return None
    if text == "percentile":
        return "percentile"
    try:
        low, high = (float(number) for number in text.split(","))
    except ValueError as error:
        raise InputError(f"Expected --window percentile or LOW,HIGH but got '{text}'.") from error
    return low, high


def one_pair(
    first: Path | None,
    second: Path | None,
    example: str | None,
    names: tuple[str, str] | None,
    *,
    preset: Preset = None,
    window: str | None = None,
) -> ImagePair:
    """Return the pair of two files, or a built-in example.

    Raises:
        InputError: neither or both were given, or the files are no pair.
        UnknownNameError: no such example.
    """
    if example is not None:
        if first is not None:
            raise InputError("Expected two image files or --example, not both; leave one out.")
        from fuselens.data.examples import example_pair

        pair = example_pair(example)
        return pair.renamed(names) if names else pair
    if first is None or second is None:
        raise InputError("Expected two image files, as in 'ir.png vi.png', or --example street.")
    stretch: Literal["minmax"] | None = "minmax" if preset == "paper" else None
    return read_pair(first, second, names, normalize=stretch, window=parse_window(window))


def many_pairs(first: Path, second: Path, names: tuple[str, str] | None) -> list[PairFiles]:
    """Return the pairs of two folders matched by name, or of one folder with two modality folders given twice.

    Raises:
        InputError: nothing matches.
    """
    if first.resolve() == second.resolve():
        return find_pairs(first)
    return list(match_folders(first, second, names))


def chosen_model(spec: str | None, names: tuple[str, str], device: str) -> FusionModel:
    """Return the model of `--model NAME[:WEIGHTS]`, `path.py:factory` or `FILE.onnx[:measure]`, on its device.

    Without a spec: the best shipped weights for the modalities.

    Raises:
        UnknownNameError: no such model or weights.
        InputError: the model cannot be loaded.
    """
    return load_spec(best_model(names) if spec is None else spec, names, device)
