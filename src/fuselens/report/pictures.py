"""Pictures of the report: arrays to PNG data URIs, colour strips with ticks, the share histogram, the scatter raster.

Colours come from `core/display.py`; here they are only encoded and measured out.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from fuselens.core.display import Preset, Rgb, colour_map, grey, overlay, share_colours, signed_power
from fuselens.core.pair import Source
from fuselens.data.colour import join_colour
from fuselens.data.fused import FusedImage
from fuselens.explainers.scatter import Scatter

LONGEST_SIDE = 960
PHOTOGRAPH_SIDE = 720
CRISP_BELOW = 200
SCATTER_BINS = 170
HATCH = (40, 40, 40)
DOT, MARKED = (115, 130, 152), (22, 163, 74)  # legible on light and dark pages
SHARE_BINS = 21  # odd, so that one bar stands for "both equally"


@dataclass(frozen=True)
class Picture:
    """An embedded image.

    Attributes:
        uri: data URI of a PNG or a JPEG.
        alt: what a reader who cannot see it should know.
        width, height: shape of what it shows, in source pixels (what is embedded may be reduced).
    """

    uri: str
    alt: str
    width: int
    height: int

    @property
    def is_small(self) -> bool:
        """True where enlarging must keep the pixels' edges, because single pixels will be seen."""
        return self.width < CRISP_BELOW


@dataclass(frozen=True)
class Tick:
    """A label at `place` per cent along a strip or an axis."""

    place: float
    text: str


@dataclass(frozen=True)
class Scale:
    """A colour bar: the strip and its ticks."""

    strip: str
    ticks: Sequence[Tick]

    @classmethod
    def of(cls, scale: float, gamma: float, preset: Preset) -> Scale:
        """Make the bar of maps that `colour_map` coloured with the same settings."""
        return cls(scale_strip(preset), scale_ticks(scale, gamma, preset))


@dataclass(frozen=True)
class Bar:
    """One bar of the share histogram: share of source a at its middle, its part of all pixels, its colour."""

    share: float
    part: float
    colour: str


@dataclass(frozen=True)
class ScatterPicture:
    """The scatter as a raster over equal axes, with its ticks (per cent of both axes) and where zero lies."""

    picture: Picture
    ticks: Sequence[Tick]
    zero: float


def picture(pixels: Rgb, alt: str) -> Picture:
    """Embed `[H, W, 3]` or `[H, W, 4]` uint8, reduced where a side is longer than `LONGEST_SIDE`."""
    return Picture(png_uri(pixels), alt, int(pixels.shape[1]), int(pixels.shape[0]))


def photograph(pixels: Rgb, alt: str) -> Picture:
    """Embed `[H, W, 3]` uint8 as a JPEG of a tenth of the size: one of many, to be looked at and not measured.

    Where single pixels will be seen it stays a PNG.
    """
    height, width = pixels.shape[:2]
    if width < CRISP_BELOW:
        return picture(pixels, alt)
    uri = _jpeg_uri(_reduced(pixels, PHOTOGRAPH_SIDE), quality=90, subsampling=0)
    return Picture(uri, alt, int(width), int(height))


def small_photograph(pixels: Rgb, alt: str) -> Picture:
    """Embed `[H, W, 3]` uint8 as a JPEG of a few kilobytes: one of hundreds on a contact sheet."""
    return Picture(_jpeg_uri(pixels, quality=78, subsampling=2), alt, int(pixels.shape[1]), int(pixels.shape[0]))


def png_uri(pixels: Rgb) -> str:
    """Encode `[H, W, 3]` or `[H, W, 4]` uint8 as a PNG data URI, with a palette where 256 colours are enough."""
    from PIL import Image

    pixels = _reduced(pixels, LONGEST_SIDE)
    image = Image.fromarray(pixels)
    if pixels.shape[-1] == 3:
        codes = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
        colours, index = np.unique(codes, return_inverse=True)
        if colours.size <= 256:
            palette = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=-1).astype(np.uint8)
            image = Image.fromarray(index.reshape(codes.shape).astype(np.uint8))
            image.putpalette(palette.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return _uri("png", buffer)


def source_rgb(source: Source) -> Rgb:
    """Show a source in its own colours."""
    if source.chroma is None:
        return grey(source.y)
    return _to_bytes(join_colour(source.y, source.chroma))


def fused_rgb(fused: FusedImage) -> Rgb:
    """Show the fused image in its colours."""
    return grey(fused.y) if fused.rgb is None else _to_bytes(fused.rgb)


def share_colour(share: float) -> str:
    """Return the colour of one share as CSS: 1 is the end of source a, 0 that of source b, NaN is neither."""
    red, green, blue = share_colours(torch.tensor([[share]]))[0, 0].tolist()
    return f"#{red:02x}{green:02x}{blue:02x}"


def share_strip() -> str:
    """Return the legend of share maps as a data URI, source b's end at the left."""
    return png_uri(share_colours(torch.linspace(0, 1, 256)[None]))


def share_overlay(share: torch.Tensor, image: torch.Tensor) -> Rgb:
    """Lay shares `[H, W]` over a grey image, hatched where neither source acts: plain grey could mean "both"."""
    colours = overlay(share_colours(share), image)
    rows, columns = np.indices(colours.shape[:2])
    period = 6 * max(1, max(colours.shape[:2]) // 480)
    hatched = share.isnan().cpu().numpy() & ((rows + columns) % period < period // 3)
    colours[hatched] = HATCH
    return colours


def share_bars(share: torch.Tensor) -> list[Bar]:
    """Count the shares `[H, W]` in `SHARE_BINS` bars; NaN is left out, so the parts may add to less than 1."""
    values = share[~share.isnan()].double().cpu().numpy()
    counts, edges = np.histogram(values, SHARE_BINS, (0, 1))
    middles = (edges[:-1] + edges[1:]) / 2
    return [
        Bar(float(middle), float(count) / share.numel(), share_colour(float(middle)))
        for middle, count in zip(middles, counts, strict=True)
    ]


def scale_strip(preset: Preset) -> str:
    """Return the colour bar of signed maps as a data URI, lowest value at the left."""
    lowest = 0.0 if preset == "paper" else -1.0
    return png_uri(colour_map(torch.linspace(lowest, 1, 256)[None], 1.0, preset=preset))


def scale_ticks(scale: float, gamma: float, preset: Preset) -> list[Tick]:
    """Place round values on a colour bar that ends at `scale` and is bent by `gamma`."""
    values = [scale]
    places = [1.0]
    for exponent in range(int(np.floor(np.log10(scale))), -300, -1):
        for digit in (5, 2, 1):
            value = digit * 10.0**exponent
            place = float(signed_power(torch.tensor(value / scale), gamma))
            if place < 0.2:
                break
            # The label at the end is set inwards and takes more room.
            if places[-1] - place >= (0.4 if len(places) == 1 else 0.24):
                values.append(value)
                places.append(place)
        else:
            continue
        break
    # Two digits, and 4900 rather than 4.9e+03, which does not fit under a bar.
    texts = [f"{float(f'{value:.2g}'):g}".replace("-", "−") for value in values]
    upper = [Tick(100 * place, text) for text, place in zip(texts, places, strict=True)]
    if preset == "paper":
        return [Tick(0, "0"), *reversed(upper)]
    halves = [Tick(50 + tick.place / 2, f"+{tick.text}") for tick in reversed(upper)]
    return [*(Tick(50 - tick.place / 2, f"−{tick.text}") for tick in upper), Tick(50, "0"), *halves]


def scatter_picture(scatter: Scatter, alt: str) -> ScatterPicture:
    """Rasterise a scatter: darker where more pixels fall together, green where one is marked, as in paper 002."""
    from matplotlib.ticker import MaxNLocator

    low = min(0.0, float(scatter.a.min()), float(scatter.b.min()))
    high = max(0.0, float(scatter.a.max()), float(scatter.b.max())) or 1.0
    room = 0.04 * (high - low)
    low, high = low - room, high + room
    raster = np.zeros((SCATTER_BINS, SCATTER_BINS, 4), np.uint8)
    counts = _count(scatter.a, scatter.b, low, high)
    seen = counts > 0
    raster[seen, :3] = DOT
    raster[seen, 3] = (160 + 95 * np.log1p(counts[seen]) / np.log1p(counts.max())).astype(np.uint8)
    raster[_count(scatter.a[scatter.marked], scatter.b[scatter.marked], low, high) > 0] = (*MARKED, 255)
    ticks = MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(low, high)
    places = [Tick(100 * (t - low) / (high - low), f"{t:.4g}".replace("-", "−")) for t in ticks if low <= t <= high]
    return ScatterPicture(picture(raster, alt), places, 100 * -low / (high - low))


def _count(x: np.ndarray, y: np.ndarray, low: float, high: float) -> np.ndarray:
    """Count points per cell, first row at the top of the y axis."""
    counts, _, _ = np.histogram2d(y, x, SCATTER_BINS, ((low, high), (low, high)))
    flipped: np.ndarray = counts[::-1]
    return flipped


def _to_bytes(rgb: torch.Tensor) -> Rgb:
    pixels: Rgb = (rgb.double().cpu().clamp(0, 1) * 255).round().byte().movedim(0, -1).numpy()
    return pixels


def _reduced(pixels: Rgb, longest: int) -> Rgb:
    """Average pixels until no side is longer than `longest`."""
    from PIL import Image

    pixels = np.ascontiguousarray(pixels)
    scale = longest / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX))


def _jpeg_uri(pixels: Rgb, **settings: int) -> str:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", optimize=True, **settings)
    return _uri("jpeg", buffer)


def _uri(kind: str, data: io.BytesIO) -> str:
    return f"data:image/{kind};base64," + base64.b64encode(data.getvalue()).decode("ascii")
