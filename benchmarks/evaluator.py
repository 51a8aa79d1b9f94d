"""DDFImage by the evaluator against the plain way: the same search, the same set, a fraction of the pixels.

    python benchmarks/evaluator.py [--side 128] [--units 112]

The plain way is what one writes first: delta debugging that fuses every composite whole, one by one, and remembers
nothing. The evaluator remembers scores, fuses in batches, and computes only what can have changed. Both must find the
same set.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch

import fuselens as fl
from fuselens.core.explanation import SetExplanation
from fuselens.core.fills import make_fill
from fuselens.core.model import explaining
from fuselens.core.targets import Similarity, bound_target
from fuselens.core.units import Units, bits, make_units
from fuselens.explainers.ddfimage import ddfimage
from scene import MODEL, conditions, middle, parser_for, street, timed


class Plain:
    """Scores a set by fusing its composite, whole; counts how often."""

    def __init__(self, model: fl.FusionModel, pair: fl.ImagePair, target: Similarity, units: Units) -> None:
        self.model, self.units, self.images = model, units, 1
        self.sources = pair.a.y, pair.b.y
        fill = make_fill("blur")
        self.fills = fill(pair.a.y, pair.b.y, units.labels_a), fill(pair.b.y, pair.a.y, units.labels_b)
        a, b = pair.tensors()
        fused = model(a, b)
        self.target, self.size = bound_target(target, a, b, fused), pair.size
        self.nothing = self.score(set())
        self.everything = self.score(set(range(units.count)))

    def score(self, shown: set[int]) -> float:
        """Return the target's value with only these units shown."""
        kept = torch.tensor(sorted(shown), dtype=torch.long)
        a, b = (
            torch.where(torch.isin(labels, kept) | (labels < 0), source, fill)[None, None]
            for source, fill, labels in zip(
                self.sources, self.fills, (self.units.labels_a, self.units.labels_b), strict=True
            )
        )
        self.images += 1
        fused = self.model(a, b)
        return float(self.target(fused[(..., *self.target.box(self.size).slices)])[0])

    def relative(self, shown: set[int]) -> float:
        """Return the same on the scale on which nothing is 0 and everything is 1."""
        return (self.score(shown) - self.nothing) / (self.everything - self.nothing)


def ddmin(units: list[int], holds: Callable[[list[int]], bool]) -> list[int]:
    """Delta debugging as it stands in the textbook (Zeller and Hildebrandt 2002), one test after the other."""
    kept, pieces = units, 2
    while len(kept) >= 2:
        edges = [0]
        for piece in range(pieces):
            edges.append(edges[-1] + (len(kept) - edges[-1]) // (pieces - piece))
        parts = [kept[start:end] for start, end in pairwise(edges)]
        part = next((each for each in parts if holds(each)), None)
        if part is not None:
            kept, pieces = part, 2
            continue
        rests = ([unit for unit in kept if unit not in each] for each in parts) if pieces > 2 else iter(())
        rest = next((each for each in rests if holds(each)), None)
        if rest is not None:
            kept, pieces = rest, max(pieces - 1, 2)
        elif pieces == len(kept):
            break
        else:
            pieces = min(2 * pieces, len(kept))
    return kept


def plainly(
    model: fl.FusionModel, pair: fl.ImagePair, target: Similarity, units: Units, level: float
) -> tuple[int, int]:
    """Return the set that plain delta debugging finds, a bitmask, and how many images it fused."""
    with explaining(model), torch.no_grad():
        plain = Plain(model, pair, target, units)
        everything = set(range(units.count))

        def holds(kept: list[int]) -> bool:
            return plain.relative(set(kept)) >= level and plain.relative(everything - set(kept)) < level

        return bits(ddmin(sorted(everything), holds)), plain.images


def main() -> None:
    """Explain a region, then the whole image, in both ways."""
    chosen = parser_for(__doc__, units=112).parse_args()
    pair, model = street(chosen.side), fl.load_model(*MODEL)
    units = make_units(pair, f"slic:{chosen.units}", which="b")
    print(f"ddfimage (ddmin), {conditions(pair)}, {units.count} units of {pair.names[1]}")
    print(f"{'target':<26}{'set':>5}{'way':>8}{'images':>9}{'Mpixels':>9}{'seconds':>9}")
    for target in (Similarity(middle(pair)), Similarity()):
        ours, seconds = timed(lambda target=target: ddfimage(model, pair, target, units=units))
        assert isinstance(ours, SetExplanation)
        (kept, images), plain_seconds = timed(
            lambda target=target, level=ours.level: plainly(model, pair, target, units, level)
        )
        if kept != ours.kept:
            raise SystemExit(f"Two different sets for {target}: {ours.kept:x} and {kept:x}; margin {ours.margin:.2g}.")
        pixels = images * pair.size[0] * pair.size[1]
        print(f"{ours.target!s:<26}{ours.size:>5}{'plain':>8}{images:>9}{pixels / 1e6:>9.1f}{plain_seconds:>9.1f}")
        print(f"{'':<31}{'ours':>8}{ours.model_images:>9}{ours.model_pixels / 1e6:>9.1f}{seconds:>9.1f}")
        ratios = images / ours.model_images, pixels / ours.model_pixels, plain_seconds / seconds
        print(f"{'':<31}{'ratio':>8}" + "".join(f"{ratio:>9.1f}" for ratio in ratios), flush=True)


if __name__ == "__main__":
    main()
