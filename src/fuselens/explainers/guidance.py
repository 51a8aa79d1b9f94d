"""Guidance images: how strongly each fused pixel follows its own source pixel (paper 002, section 3.2.2).

G_a(p) = dF_p / da_p, the Jacobian's diagonal. Exact by combs for local models; estimated, with its standard error,
for global ones.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
import torch

from fuselens.core.diagonal import Diagonal, Progress, Show, comb_diagonal, estimated_diagonal, exact_diagonal
from fuselens.core.display import Preset, colour_map, common_scale, grey, minmax, overlay, share_colours
from fuselens.core.errors import InputError
from fuselens.core.files import prepare_folder, write_image, write_json, write_npz
from fuselens.core.model import FusionModel, as_model, explaining
from fuselens.core.pair import ImagePair
from fuselens.core.results import model_settings, record, to_numpy
from fuselens.core.rich import ShownInNotebooks
from fuselens.core.run import fuse_luma, model_inputs
from fuselens.explainers.scatter import Scatter
from fuselens.explainers.share import share_map

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Algorithm = Literal["auto", "comb", "exact", "estimate"]


@dataclass(frozen=True, eq=False)
class Guidance(ShownInNotebooks):
    """Guidance images of both sources.

    Attributes:
        a, b: `[H, W]`, signed: change of the fused pixel per change of its own source pixel.
        fused: fused luma `[H, W]`, as the model makes it.
        names: modality names.
        error_a, error_b: standard errors `[H, W]` of an estimate; None where a and b are exact.
        settings: algorithm, passes, seconds, model.
    """

    a: torch.Tensor
    b: torch.Tensor
    fused: torch.Tensor
    names: tuple[str, str]
    error_a: torch.Tensor | None = None
    error_b: torch.Tensor | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def is_exact(self) -> bool:
        """True where the maps are no estimate."""
        return self.error_a is None

    def share(self) -> torch.Tensor:
        """Return source a's share `|G_a| / (|G_a| + |G_b|)` in `[0, 1]`, NaN where both vanish."""
        return share_map(self.a, self.b)

    def rgb(self) -> np.ndarray:
        """Return guidance RGB, uint8 `[H, W, 3]`: red G_a, green G_b, blue the fused image, each min-max scaled."""
        planes = torch.stack([minmax(m.double()) for m in (self.a, self.b, self.fused)], dim=-1)
        image: np.ndarray = (planes.cpu() * 255).round().byte().numpy()
        return image

    def scatter(self, region: object = None) -> Scatter:
        """Return the two guidances as points, with those of a region (box or mask) marked and their correlation."""
        return Scatter.of(self.a, self.b, self.names, region)

    def plot(self, *, gamma: float = 0.5, preset: Preset = "signed") -> Figure:
        """Return a matplotlib figure of both guidance images on one scale."""
        from fuselens.core.plotting import map_figure

        return map_figure([self.a, self.b], list(self.names), title="guidance", gamma=gamma, preset=preset)

    def save(self, folder: str | Path, *, gamma: float = 0.5, preset: Preset = "signed") -> Path:
        """Write `explanation.json`, `maps.npz` and one PNG a map into `folder`.

        Raises:
            InputError: the folder cannot be made or written.
        """
        place = prepare_folder(folder)
        scale = common_scale(self.a, self.b)
        maps = {"attribution_a": to_numpy(self.a), "attribution_b": to_numpy(self.b), "fused": to_numpy(self.fused)}
        for letter, values, error in (("a", self.a, self.error_a), ("b", self.b, self.error_b)):
            write_image(place / f"guidance_{letter}.png", colour_map(values, scale, gamma=gamma, preset=preset))
            if error is not None:
                maps[f"standard_error_{letter}"] = to_numpy(error)
        write_image(place / "guidance_rgb.png", self.rgb())
        write_image(place / "share.png", overlay(share_colours(self.share()), self.fused.clamp(0, 1)))
        write_image(place / "fused_luma.png", grey(self.fused))
        write_npz(place / "maps.npz", maps)
        answer = {"target": "image", "exact": self.is_exact, "scale": scale, "share_a": float(self.share().nanmean())}
        facts = {"size": list(self.a.shape), **answer}
        write_json(place / "explanation.json", record("guidance", self.names, facts, self.settings))
        return place


@overload
def guidance(
    model: object, pair: ImagePair, *, algorithm: Algorithm = ..., probes: int = ..., seed: int = ...,
    batch_size: int | None = ..., device: str | torch.device | None = ..., progress: Progress | None = ...,
    preview: Show | None = ...,
) -> Guidance: ...  # fmt: skip
@overload
def guidance(
    model: object, pair: Sequence[ImagePair], *, algorithm: Algorithm = ..., probes: int = ..., seed: int = ...,
    batch_size: int | None = ..., device: str | torch.device | None = ..., progress: Progress | None = ...,
    preview: Show | None = ...,
) -> list[Guidance]: ...  # fmt: skip
def guidance(
    model: object,
    pair: ImagePair | Sequence[ImagePair],
    *,
    algorithm: Algorithm = "auto",
    probes: int = 64,
    seed: int = 0,
    batch_size: int | None = None,
    device: str | torch.device | None = None,
    progress: Progress | None = None,
    preview: Show | None = None,
) -> Guidance | list[Guidance]:
    """Return the guidance images of both sources.

    Args:
        model: any differentiable `(a, b) -> fused`.
        pair: one pair, or a sequence of them (then a list comes back).
        algorithm: `"comb"`: exact, (reach + 1)^2 backward passes, local models only. `"exact"`: one backward row per
            pixel, any model. `"estimate"`: random signs, with a standard error. `"auto"`: comb for local models,
            estimate for global ones.
        probes: random sign images of the estimate; the standard error falls with their square root.
        seed: of the estimate.
        batch_size: backward passes done at once; None chooses for the device.
        device: where to compute; None leaves the model where it is.
        progress: called with (passes done, passes in all).
        preview: called with coarse or estimated pictures on the way; the result is the same.

    Raises:
        InputError: combs asked of a global model, or fewer than 2 probes.
        ModelError: no gradient reaches the sources, or the model returns what is no fused image.

    Example:
        >>> import torch
        >>> pair = ImagePair.from_arrays(torch.rand(9, 11), torch.rand(9, 11))
        >>> float(guidance(lambda a, b: 0.75 * a + 0.25 * b, pair, algorithm="exact").share().mean())
        0.75
    """
    if not isinstance(pair, ImagePair):
        return [
            guidance(model, one, algorithm=algorithm, probes=probes, seed=seed, batch_size=batch_size, device=device,
                     progress=progress, preview=preview)
            for one in pair
        ]  # fmt: skip
    operator = as_model(model)
    chosen = _algorithm(operator, algorithm, probes)
    started = time.perf_counter()
    fused = fuse_luma(operator, pair, device=device)
    with explaining(operator, device):
        diagonal = _diagonal(operator, pair, chosen, probes, seed, batch_size, progress, preview)
    settings = {
        **model_settings(operator),
        "algorithm": chosen,
        "backward_passes": diagonal.passes,
        "seconds": round(time.perf_counter() - started, 3),
    }
    if chosen == "estimate":
        settings["seed"] = seed
    maps = (diagonal.a, diagonal.b, diagonal.error_a, diagonal.error_b)
    a, b, error_a, error_b = (None if m is None else m.cpu() for m in maps)
    assert a is not None
    assert b is not None
    return Guidance(a, b, fused, pair.names, error_a, error_b, settings)


def _algorithm(model: FusionModel, algorithm: Algorithm, probes: int) -> Algorithm:
    if algorithm == "comb" and model.reach is None:
        raise InputError(f"'{model.name}' is global: combs would be wrong; use algorithm='exact' or 'estimate'.")
    if algorithm == "auto":
        algorithm = "estimate" if model.reach is None else "comb"
    if algorithm == "estimate" and probes < 2:
        raise InputError(f"Expected at least 2 probes for a standard error but got {probes}.")
    return algorithm


def _diagonal(
    model: FusionModel,
    pair: ImagePair,
    algorithm: Algorithm,
    probes: int,
    seed: int,
    batch_size: int | None,
    progress: Progress | None,
    preview: Show | None,
) -> Diagonal:
    a, b = model_inputs(model, pair)
    # One image fills a CPU; a GPU wants several.
    copies = batch_size or (1 if a.device.type == "cpu" else 8)
    if algorithm == "comb":
        return comb_diagonal(model, a, b, batch_size=copies, progress=progress, preview=preview)
    if algorithm == "exact":
        return exact_diagonal(model, a, b, batch_size=max(copies, 8), progress=progress)
    generator = torch.Generator().manual_seed(seed)
    return estimated_diagonal(
        model, a, b, probes=probes, generator=generator, batch_size=copies, progress=progress, preview=preview
    )
