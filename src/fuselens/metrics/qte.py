"""QTE: mutual information by Tsallis' entropy, which weighs rare and frequent levels otherwise than Shannon's."""

from __future__ import annotations

import torch

from fuselens.metrics.metric import APART, metric
from fuselens.metrics.parts.histograms import entropy, histogram, joint_histogram
from fuselens.metrics.parts.stretch import stretched

_CVEJIC, _NAVA = 1.85, 0.43137  # Tsallis' parameter q
_SWAPPED = "swaps the shares of both images' levels in p(x) p(y), after stretching images to 0..255"


@metric(
    title="QTE",
    better="higher",
    bounds=(0, None),
    reference="Cvejic, Canagarajah, Bull, Electronics Letters 42, 626, 2006",
    conventions={
        "mefb": f"{_SWAPPED} (1.5 to 200 times); {APART}",
        "zliu": f"Nava's normalised form with q = {_NAVA}; {_SWAPPED}",
    },
)
def qte(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Tsallis' mutual information, q = 1.85, of the fused image with each source, summed."""
    if convention == "canonical":
        return tsallis_information(a, fused, _CVEJIC) + tsallis_information(b, fused, _CVEJIC)
    images = [stretched(image) for image in (a, b, fused)]
    undefined = torch.cat(images, dim=1).isnan().flatten(1).any(dim=1)
    values = _of_stretched(*(image.nan_to_num() for image in images), nava=convention == "zliu")
    return torch.where(undefined, torch.nan, values)


def tsallis_information(x: torch.Tensor, y: torch.Tensor, q: float, *, swapped: bool = False) -> torch.Tensor:
    """Return (1 - sum p(x, y)^q / (p(x) p(y))^(q - 1)) / (1 - q), `[N]`; terms without a denominator are left out."""
    joint = joint_histogram(x, y)
    independent = joint.sum(dim=2, keepdim=True) * joint.sum(dim=1, keepdim=True)
    below = independent.mT if swapped else independent
    terms = torch.where(below > 0, joint**q / below ** (q - 1), 0)
    return (terms.sum(dim=(1, 2)) - 1) / (q - 1)


def _of_stretched(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, nava: bool) -> torch.Tensor:
    q = _NAVA if nava else _CVEJIC
    with_a, with_b = (tsallis_information(source, fused, q, swapped=True) for source in (a, b))
    if not nava:
        return with_a + with_b
    of_a, of_b = (entropy(histogram(source)) ** q for source in (a, b))
    return (with_a + with_b) / (of_a + of_b + tsallis_information(a, b, q, swapped=True))
