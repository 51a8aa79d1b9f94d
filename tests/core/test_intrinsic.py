"""A model's own account: what is refused, what is written, what is drawn."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from fuselens.core.errors import ModelError
from fuselens.core.intrinsic import ModelState, StateBars, StateMaps

NAMES = ("infrared", "visible")


def maps(**changes: Any) -> StateMaps:
    values: dict[str, Any] = {"maps": {"one": torch.tensor([[-1.0, 0.0, 0.5]]), "two": torch.tensor([[0.0, 2.0, 1.0]])}}
    return StateMaps(**({"title": "Leads", "words": "Red: more.", "display": "signed"} | values | changes))


def bars(**changes: Any) -> StateBars:
    values: dict[str, Any] = {"labels": ["x", "y"], "series": dict(zip(NAMES, torch.eye(2), strict=True))}
    return StateBars(**({"title": "Weights", "words": ""} | values | changes))


def state(*parts: StateMaps | StateBars, **changes: Any) -> ModelState:
    return ModelState(NAMES, ["It is so."], parts or (maps(), bars()), **changes)


NAN = torch.tensor([[float("nan")]])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: maps(maps={"one": torch.rand(2, 3), "two": torch.rand(3, 2)}), r"one size but got \(2, 3\), \(3, 2\)"),
        (lambda: maps(maps={"one": torch.rand(2, 3, 4)}), r"\[H, W\] of one size but got \(2, 3, 4\)"),
        (lambda: maps(maps={"one": torch.rand(0, 4)}), r"but got \(0, 4\)"),
        (lambda: maps(maps={}), "but got none"),
        (lambda: maps(maps={"one": NAN}), "NaN or infinite values in 'Leads: one'"),
        (lambda: maps(display="unsigned"), "no negative number in 'Leads'.*got -1; display it as 'signed'"),
        (lambda: maps(gamma=0), "a gamma above 0 for 'Leads' but got 0"),
        (lambda: bars(labels=["x"]), r"one number a label \(1\) but got 'infrared' of shape \(2,\)"),
        (lambda: bars(labels=[]), "one number a label"),
        (lambda: bars(series={}), "but got none"),
        (lambda: bars(series={"one": torch.tensor([1.0, float("inf")])}), "in 'Weights: one'"),
        (lambda: bars(pictures=[torch.rand(4, 4)]), r"one picture a label in 'Weights' \(2\), or none, but got 1"),
        (lambda: bars(pictures=[torch.rand(4, 4), torch.rand(3, 4, 4)]), r"got shape \(3, 4, 4\)"),
        (lambda: bars(pictures=[torch.rand(4, 4), NAN]), "NaN or infinite values in 'Weights: a picture'"),
        (lambda: ModelState(NAMES, [], [bars()]), "a summary and at least one part"),
        (lambda: ModelState(NAMES, ["So."], []), "a summary and at least one part"),
        (lambda: state(facts={"accuracy": float("nan")}), "NaN or infinite values in 'accuracy'"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_a_sentence(make: Any, words: str) -> None:
    with pytest.raises(ModelError, match=words) as caught:
        make()
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_tensors_come_without_gradients_and_in_a_float_type() -> None:
    wanting = torch.rand(2, 2, requires_grad=True)
    part = maps(maps={"one": wanting * 2, "two": torch.eye(2) > 0, "half": torch.ones(2, 2).bfloat16()})
    assert not any(values.requires_grad for values in part.maps.values())
    assert {values.dtype for values in part.maps.values()} == {torch.float32}
    assert maps(maps={"one": torch.rand(2, 2).double()}).maps["one"].dtype == torch.float64
    assert torch.equal(part.maps["one"], 2 * wanting.detach())


def test_all_maps_of_a_part_have_one_scale() -> None:
    part = maps()
    assert part.scale == 2.0
    assert part.size == (1, 3)
    first, second = part.colours().values()
    assert tuple(first[0, 1]) == tuple(second[0, 0])  # both are 0: white
    assert first[0, 0, 2] > first[0, 0, 0]  # -1 is blue
    assert second[0, 1, 0] > second[0, 1, 2]  # 2 is red, and the strongest colour of all
    assert int(second[0, 1].astype(int).sum()) < int(second[0, 2].astype(int).sum())
    lifted = part.colours(gamma=0.5)["one"]
    assert int(lifted[0, 2].astype(int).sum()) < int(first[0, 2].astype(int).sum())


def test_grey_images_are_shown_as_they_are_whatever_the_gamma() -> None:
    part = maps(maps={"one": torch.tensor([[0.0, 0.2, 1.0]])}, display="grey")
    assert part.scale == 1.0
    for gamma in (1.0, 0.3):
        assert part.colours(gamma)["one"][0].tolist() == [[0] * 3, [51] * 3, [255] * 3]


def test_saved_files_hold_every_map_series_and_word(tmp_path: Path) -> None:
    found = state(facts={"accuracy": 0.75}, settings={"model": "mine", "pair": NAMES})
    place = found.save(tmp_path / "deep" / "o")
    assert sorted(path.name for path in place.iterdir()) == [
        "explanation.json", "intrinsic_1_1_leads_one.png", "intrinsic_1_2_leads_two.png", "maps.npz",
    ]  # fmt: skip
    with np.load(place / "maps.npz") as arrays:
        saved = dict(arrays)
    for part, keys in zip(found.parts, found.array_keys(), strict=True):
        values = part.maps if isinstance(part, StateMaps) else part.series
        assert set(keys) == set(values)
        for name, key in keys.items():
            assert np.array_equal(saved.pop(key), values[name].numpy())
    assert saved == {}
    with Image.open(place / "intrinsic_1_2_leads_two.png") as picture:
        assert np.array_equal(np.asarray(picture), maps().colours()["two"])
    facts = json.loads((place / "explanation.json").read_text())
    assert facts["schema"] == 1
    assert facts["method"] == "intrinsic"
    assert facts["names"] == list(NAMES)
    assert facts["summary"] == ["It is so."]
    assert facts["facts"] == {"accuracy": 0.75}
    assert facts["settings"] == {"model": "mine", "pair": list(NAMES)}
    first, second = facts["parts"]
    assert (first["kind"], first["size"], first["display"], first["scale"]) == ("maps", [1, 3], "signed", 2.0)
    assert first["maps"]["one"] == {"key": "1_1_leads_one", "low": -1.0, "high": 0.5}
    assert (second["kind"], second["labels"]) == ("bars", ["x", "y"])
    assert second["series"]["visible"] == {"key": "2_2_weights_visible", "values": [0.0, 1.0]}


def test_keys_differ_even_where_the_words_do_not() -> None:
    image = torch.zeros(2, 2)
    long = "a very long caption that goes on and on until nobody would want it as the name of a file "
    found = state(
        maps(title="Φ", maps={"+": image, "-": image, "": image}),
        maps(title="Φ", maps={"+": image}),
        maps(maps={long + "one": image, long + "two": image}),
    )
    keys = [key for part in found.array_keys() for key in part.values()]
    assert len(set(keys)) == len(keys) == 6
    assert all(key.isascii() and len(key) < 80 and "/" not in key for key in keys)


def test_figure_has_an_axis_a_map_and_a_series() -> None:
    figure = state().plot()
    titles = [axis.get_title() or axis.get_title(loc="left") for axis in figure.axes]
    assert [title for title in titles if title] == ["one", "two", *NAMES]
    first, second = (axis for axis in figure.axes if axis.get_title(loc="left"))
    assert [bar.get_height() for bar in first.patches] == [1.0, 0.0]
    assert first.get_ylim() == second.get_ylim()


@pytest.mark.parametrize("count", [1, 25, 128, 300])
def test_labels_of_many_bars_do_not_run_into_each_other(count: int) -> None:
    labels = [f"channel {i}" for i in range(count)]
    part = bars(labels=labels, series={name: torch.linspace(-1, 1, count) for name in NAMES})
    figure = state(part).plot()
    figure.draw_without_rendering()
    shown = [label for label in figure.axes[-1].get_xticklabels() if label.get_text()]
    assert shown[0].get_text() == "channel 0"
    places = sorted(label.get_window_extent().x0 for label in shown)
    tallest = max(label.get_window_extent().width for label in shown)
    assert all(right - left > tallest for left, right in pairwise(places))
    assert len(figure.axes[-1].patches) == count


@pytest.mark.parametrize("count", [1, 4, 9])
def test_many_maps_go_into_several_rows(count: int) -> None:
    part = maps(maps={f"map {i}": torch.rand(6, 8) for i in range(count)}, display="grey")
    figure = state(part).plot()
    figure.draw_without_rendering()
    assert sum(bool(axis.images) for axis in figure.axes) == count


def test_maps_bring_an_exponent_of_their_own() -> None:
    """Lifted maps look as the same maps under that exponent; the files hold what they held."""
    plain, lifted = maps(), maps(gamma=0.5)
    for caption, colours in lifted.colours(0.8).items():
        assert np.array_equal(colours, plain.colours(0.4)[caption])
        assert not np.array_equal(colours, plain.colours(0.8)[caption])
        assert torch.equal(lifted.maps[caption], plain.maps[caption])
    keys = dict.fromkeys(lifted.maps, "key")
    assert lifted.record(keys) == plain.record(keys) | {"gamma": 0.5}
