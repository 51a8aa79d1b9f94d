from __future__ import annotations

import base64
import io

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fuselens.core.display import colour_map, share_colours, signed_power
from fuselens.explainers.scatter import Scatter
from fuselens.report.pictures import (
    HATCH,
    LONGEST_SIDE,
    png_uri,
    scale_strip,
    scale_ticks,
    scatter_picture,
    share_bars,
    share_colour,
    share_overlay,
)


def decoded(uri: str) -> np.ndarray:
    image = Image.open(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/png;base64,"))))
    return np.asarray(image.convert("RGBA" if image.mode == "RGBA" else "RGB"))


@pytest.mark.parametrize("colours", [2, 256, 5000])
def test_png_is_lossless_with_and_without_a_palette(colours: int) -> None:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (colours, 3), np.uint8)[random.integers(0, colours, (40, 61))]
    np.testing.assert_array_equal(decoded(png_uri(pixels)), pixels)


def test_png_of_a_large_image_is_reduced() -> None:
    assert decoded(png_uri(np.full((20, 3000, 3), 7, np.uint8))).shape == (6, LONGEST_SIDE, 3)


def test_share_bars_count_and_colour() -> None:
    bars = share_bars(torch.tensor([[0.0, 0.5, 0.5, 1.0, float("nan")]]))
    assert [bar.part for bar in bars if bar.part] == [0.2, 0.4, 0.2]
    assert bars[10].share == pytest.approx(0.5)
    assert bars[10].part == 0.4
    assert bars[-1].colour == share_colour(bars[-1].share)


def test_share_colour_is_that_of_the_map() -> None:
    red, green, blue = share_colours(torch.ones(1, 1))[0, 0]
    assert share_colour(1.0) == f"#{red:02x}{green:02x}{blue:02x}"


def test_only_pixels_that_nothing_moves_are_hatched() -> None:
    share = torch.full((12, 12), 0.5)
    share[:, :6] = float("nan")
    hatched = (share_overlay(share, torch.full((12, 12), 0.5)) == HATCH).all(axis=-1)
    assert hatched[:, :6].any(axis=1).all()
    assert not hatched[:, 6:].any()


@given(st.floats(1e-8, 1e5), st.floats(0.1, 2), st.sampled_from(["signed", "paper"]))
def test_ticks_lie_where_the_display_puts_their_values(scale: float, gamma: float, preset: str) -> None:
    ticks = scale_ticks(scale, gamma, preset)  # type: ignore[arg-type]
    places = [tick.place for tick in ticks]
    assert places == sorted(places)
    assert (places[0], places[-1]) == (0, 100)
    for tick in ticks[1:-1]:
        value = float(tick.text.replace("−", "-"))
        shown = float(signed_power(torch.tensor(value / scale, dtype=torch.float64), gamma))
        assert tick.place == pytest.approx(100 * shown if preset == "paper" else 50 + 50 * shown, abs=0.1)


def test_ticks_of_large_numbers_are_short() -> None:
    assert [tick.text for tick in scale_ticks(4891.0, 0.4, "signed")][3:] == ["0", "+200", "+1000", "+4900"]
    assert scale_ticks(2e-6, 0.4, "paper")[-1].text == "2e−06"


def test_the_strip_has_the_colours_of_the_maps() -> None:
    ends = colour_map(torch.tensor([[-2.0, 2.0]]), 2.0)
    strip = decoded(scale_strip("signed"))
    np.testing.assert_array_equal(strip[0, [0, -1]], ends[0])


def test_scatter_raster_puts_a_point_where_the_ticks_say() -> None:
    a, b = torch.zeros(2, 10, 10)
    a[0, 0], b[0, 0] = 1.0, 0.5
    raster = scatter_picture(Scatter.of(a, b, ("infrared", "visible"), (0, 0, 1, 1)), "alt")
    pixels = decoded(raster.picture.uri)
    side = pixels.shape[0]
    places = {tick.text: tick.place / 100 for tick in raster.ticks}
    green = np.argwhere((pixels[..., :3] == (22, 163, 74)).all(axis=-1))
    assert green.tolist() == [[side - 1 - int(places["0.5"] * side) if "0.5" in places else green[0, 0], green[0, 1]]]
    assert green[0, 1] == int(places["1"] * side)
    assert raster.zero == pytest.approx(100 * places["0"])
