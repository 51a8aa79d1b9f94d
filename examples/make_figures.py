"""Draw the pictures of README and docs from the built-in examples and the weights that are shipped.

`python examples/make_figures.py` writes overview.png, contact-sheet.png and uaafusion-completeness.png into
docs/images; it takes a few minutes, since the guidance of two whole images is computed.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from PIL import Image

import fuselens as fl
from fuselens.core.display import Rgb, colour_map, common_scale, overlay, share_colours
from fuselens.core.files import atomic_path, prepare_folder
from fuselens.core.locality import Box
from fuselens.core.modalities import modality_family
from fuselens.explainers.probes import telling_pixels
from fuselens.models.layers.path_attention import PathAttention
from fuselens.report.numbers import view_of
from fuselens.report.pictures import fused_rgb, source_rgb
from fuselens.report.words import opened, shown_name
from fuselens.segmentation.path_attribution import Score, scores_at
from fuselens.segmentation.stations import Rule

EXAMPLES = ("street", "brain")
FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images"
OVERVIEW = "funfusean"  # of the shipped networks the one whose shares vary most over an image
LARGEST = 680_000  # bytes of a picture: pages stay quick
INK, SOFT = "#1e293b", "#64748b"
PANELS_A_LINE = 5
SMALL = (96, 128)
GRADIENTS = (1, 2, 4, 8, 16, 32, 64)
RULES: dict[Rule, str] = {
    "right": "at the ends, as published", "midpoint": "in the middles", "gauss": "at Gauss's places, ours"
}  # fmt: skip


@dataclass(frozen=True)
class Explained:
    """One example, fused and explained: a row of the overview."""

    pair: fl.ImagePair
    model: fl.FusionModel
    fused: fl.FusedImage
    guide: fl.Guidance
    influence: fl.Attribution
    pixel: tuple[int, int]

    @classmethod
    def of(cls, pair: fl.ImagePair, model: fl.FusionModel) -> Explained:
        """Compute everything; the pixel is the one on which both sources pull hardest."""
        guide = fl.guidance(model, pair)
        pixel = telling_pixels(guide)[-1]
        return cls(pair, model, fl.fuse(model, pair), guide, fl.jacobian(model, pair, pixel), pixel)


def model_of(spec: str, pair: fl.ImagePair) -> fl.FusionModel:
    """Return the model of `NAME[:WEIGHTS]`."""
    name, _, weights = spec.partition(":")
    return fl.load_model(name, weights or "auto", names=pair.names)


def specs_of(pair: fl.ImagePair) -> list[str]:
    """Return every network whose weights for these modalities are shipped; the rules where none is."""
    family = modality_family(pair.names)
    shipped = [f"{card['model']}:{family}" for card in fl.list_weights().values() if card["weights"] == family]
    return shipped or ["average", "laplacian_pyramid"]


def overview(rows: Sequence[Explained]) -> Figure:
    """Draw for each example: both sources, the fused image, the shares, and what one pixel depends on."""
    figure = Figure(figsize=(15, 0.4 + sum(2.72 * height(row.pair) + 0.6 for row in rows)), layout="constrained")
    parts = figure.subfigures(len(rows), 1, squeeze=False, height_ratios=[height(row.pair) + 0.2 for row in rows])[:, 0]
    for part, row in zip(parts, rows, strict=True):
        draw_row(part.subplot_mosaic([["a", "b", "fused", "share", "ja"], ["a", "b", "fused", "share", "jb"]],
                                     width_ratios=[1, 1, 1, 1, 0.48]), row)  # fmt: skip
    return figure


def draw_row(axes: dict[str, Axes], row: Explained) -> None:
    """Fill the panels of one example."""
    names = [shown_name(name) for name in row.pair.names]
    for key, source, name in zip("ab", row.pair, names, strict=True):
        show(axes[key], source_rgb(source), opened(name))
    show(axes["fused"], fused_rgb(row.fused), f"Fused by {row.model.title}")
    show(axes["share"], overlay(share_colours(row.guide.share()), row.fused.y), "Who decides each pixel")
    for x, letter, name in ((0.0, "a", names[0]), (1.0, "b", names[1])):
        colour = np.array(share_colours(row.guide.a.new_tensor([[float(letter == "a")]]))[0, 0]) / 255
        axes["share"].text(x, -0.03, f"\N{BLACK SQUARE} {name}", color=colour, transform=axes["share"].transAxes,
                           ha="right" if x else "left", va="top", weight="bold")  # fmt: skip
    box = Box(row.pixel[0], row.pixel[1], row.pixel[0] + 1, row.pixel[1] + 1)
    view = view_of(row.influence, box)
    for key in ("fused", "share"):
        frame(axes[key], view)
    maps = (row.influence.a, row.influence.b)
    scale = common_scale(*maps)
    for key, values, name in zip(("ja", "jb"), maps, names, strict=True):
        show(axes[key], colour_map(values[view.slices], scale, gamma=0.3), f"Influence of {name}", size=9)
        axes[key].add_patch(Circle((row.pixel[1] - view.left, row.pixel[0] - view.top), 0.9, fill=False, color=INK))


def contact_sheet(rows: Sequence[tuple[fl.ImagePair, Sequence[fl.FusedImage]]]) -> Figure:
    """Draw both sources of each example, then what every model makes of them, in lines of a few panels."""
    lines = []
    for pair, fused in rows:
        shown = [(source_rgb(source), opened(shown_name(source.name))) for source in pair]
        shown += [(fused_rgb(image), image.model) for image in fused]
        lines += [(height(pair), shown[at : at + PANELS_A_LINE]) for at in range(0, len(shown), PANELS_A_LINE)]
    columns = max(len(line) for _, line in lines)
    figure = Figure(figsize=(2.6 * columns, sum(2.5 * tall + 0.3 for tall, _ in lines)), layout="constrained")
    panels = figure.subplots(len(lines), columns, squeeze=False, height_ratios=[tall for tall, _ in lines])
    for row, (_, line) in zip(panels, lines, strict=True):
        for panel, (image, title) in zip(row, line, strict=False):
            show(panel, image, title, size=9)
        for panel in row[len(line) :]:
            panel.set_axis_off()
    return figure


def completeness() -> Figure:
    """Draw what UAAFusion's attention adds up to, for more and more gradients, beside what the score gained."""
    model = fl.load_model("uaafusion")
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    for panel, example in zip(figure.subplots(1, 2), ("street", "nature"), strict=True):
        pair = fl.example_pair(example, size=SMALL)
        with torch.no_grad():
            found = model.unfold(*pair.tensors())
            score = model.score(found.path[0], found.weights.regions)
            before, after = (float(scores_at(model.segmenter, found.path[end], score)) for end in (0, -1))
        panel.axhline(after - before, color=INK, ls="--", lw=1, label="what the score gained")
        for rule, words in RULES.items():
            added = [attention_sum(model, found.path, score, count, rule) for count in GRADIENTS]
            panel.plot(GRADIENTS, added, marker="o", ms=3, lw=1.2, label=words)
        panel.set_xscale("log", base=2)
        panel.set_xticks(GRADIENTS, [str(count) for count in GRADIENTS])
        panel.set(title=f"{opened(example)}, {SMALL[0]} × {SMALL[1]}", xlabel="gradients between two pictures")
        panel.grid(alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("sum over all pixels")
    figure.axes[0].legend(frameon=False, fontsize=8)
    return figure


def attention_sum(model: Any, path: Sequence[torch.Tensor], score: Score, samples: int, rule: Rule) -> float:
    """Return what the attention along a path adds up to."""
    watch = PathAttention(model.segmenter, score, samples=samples, rule=rule)
    total = [watch.at(picture) for picture in path][-1]
    return float(total.double().sum())


def show(panel: Axes, image: Rgb, title: str, *, size: int = 11) -> None:
    """Show an image `[H, W, 3]` without axes."""
    panel.imshow(image, interpolation="nearest" if max(image.shape) < 100 else "antialiased")
    panel.set_title(title, fontsize=size, color=INK, pad=4)
    panel.set_axis_off()


def frame(panel: Axes, view: Box) -> None:
    """Frame the part of an image that is shown enlarged."""
    for width, colour in ((3.0, "white"), (1.2, INK)):
        panel.add_patch(Rectangle((view.left - 0.5, view.top - 0.5), view.width, view.height,
                                  fill=False, lw=width, color=colour))  # fmt: skip


def height(pair: fl.ImagePair) -> float:
    """Return the height of a pair in units of its width."""
    return pair.size[0] / pair.size[1]


def save(figure: Figure, path: Path) -> None:
    """Write a PNG as large as the limit allows; 64 levels a channel are seen as smooth and pack half as large."""
    for dpi in (150, 130, 110, 95, 80):
        drawn, packed = io.BytesIO(), io.BytesIO()
        figure.savefig(drawn, format="png", dpi=dpi, facecolor="white")
        levels = np.rint(np.asarray(Image.open(drawn).convert("RGB")) / 255 * 63) / 63
        Image.fromarray(np.rint(levels * 255).astype(np.uint8)).save(packed, format="png", optimize=True)
        if packed.tell() <= LARGEST:
            break
    with atomic_path(path) as temporary:
        temporary.write_bytes(packed.getvalue())
    print(f"{path}: {packed.tell() / 1000:.0f} kB at {dpi} dpi")


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--size", type=int, nargs=2, metavar=("H", "W"), help="default: the examples' own sizes")
    parser.add_argument("--models", nargs="+", metavar="NAME[:WEIGHTS]", help="default: what is shipped")
    options = parser.parse_args(arguments)
    out = prepare_folder(options.out)
    pairs = [fl.example_pair(name, size=options.size and tuple(options.size)) for name in EXAMPLES]
    shown = (options.models or [OVERVIEW])[0]
    rows = [Explained.of(pair, model_of(shown, pair)) for pair in pairs]
    save(overview(rows), out / "overview.png")
    sheet = [(p, [fl.fuse(model_of(spec, p), p) for spec in options.models or specs_of(p)]) for p in pairs]
    save(contact_sheet(sheet), out / "contact-sheet.png")
    if not options.models:
        save(completeness(), out / "uaafusion-completeness.png")


if __name__ == "__main__":
    main()
