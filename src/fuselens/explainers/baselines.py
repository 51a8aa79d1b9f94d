"""Baselines: the sources without what they tell, from which gradient methods count.

Black hides dark objects, which in infrared are cold ones: where x = 0 nothing is attributed. Hence the default is the
average over a blurred and a mean-coloured baseline. Averaging: Erion et al., "Improving performance of deep learning
models with axiomatic attribution priors and expected gradients", 2021.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from fuselens.core.errors import InputError
from fuselens.core.fills import make_fill
from fuselens.core.pair import ImagePair

Images = tuple[torch.Tensor, torch.Tensor]
Baseline = str | Sequence[str] | tuple[Any, Any]
AVERAGE = ("blur", "mean")


def make_baselines(how: Baseline, a: torch.Tensor, b: torch.Tensor, *, seed: int = 0) -> list[Images]:
    """Return one or several baselines of whole sources `[1, 1, H, W]`, each a pair of that shape.

    Args:
        how: `"average"` (of `"blur"` and `"mean"`), any fill of `make_fill` with the whole image as its one segment,
            several of these to average over, or a pair of images `[H, W]` in `[0, 1]`.
        a, b: the sources.
        seed: of a random fill.

    Raises:
        UnknownNameError: no such fill.
        InputError: no baseline at all, or images of another size.
    """
    if is_given(how):
        pair = ImagePair.from_arrays(*how)
        if pair.size != tuple(a.shape[-2:]):
            raise InputError(f"The baseline has size {pair.size} but the sources {tuple(a.shape[-2:])}; make it fit.")
        given_a, given_b = pair.tensors(dtype=a.dtype, device=a.device)
        return [(given_a, given_b)]
    names = fill_names(how)
    if not names or not all(isinstance(name, str) for name in names):
        raise InputError("Expected a baseline like 'blur', several of them, or two images, one a source.")
    return [_filled(name, a[0, 0], b[0, 0], seed) for name in names]


def is_given(how: Baseline) -> bool:
    """Say whether a baseline is a pair of images, not names of fills."""
    return not isinstance(how, str) and len(how) == 2 and not isinstance(how[0], str)


def fill_names(how: Baseline) -> list[str]:
    """Return the names of the fills that a baseline is averaged over."""
    names = [how] if isinstance(how, str) else list(how)
    return [fill for name in names for fill in (AVERAGE if isinstance(name, str) and name == "average" else (name,))]


def baseline_words(how: Baseline) -> str:
    """Name a baseline for the record: `blur, mean`, or `given` for images."""
    return "given" if is_given(how) else ", ".join(fill_names(how))


def _filled(name: str, a: torch.Tensor, b: torch.Tensor, seed: int) -> Images:
    fill, everywhere = make_fill(name, seed=seed), torch.zeros(a.shape, dtype=torch.long)
    return fill(a, b, everywhere)[None, None], fill(b, a, everywhere)[None, None]
