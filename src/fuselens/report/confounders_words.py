"""What the scenes of a set of images say about it, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fuselens.confounders.balance import Balance
from fuselens.confounders.scenes import ModalityScenes
from fuselens.report.words import Row, number, opened, percent, row

_MUCH, _LITTLE = 0.5, 0.2  # of an adjusted mutual information


def answer(names: Sequence[str], balances: Sequence[Balance], pairs: int, agreed: float) -> list[str]:
    """Say how even the set is, which scenes are over- and underrepresented, and whether the modalities agree."""
    count = len(balances[0].shares)
    said = [
        f"the {count} {name} scenes are as even as {balance.effective:.1f} scenes of one size would be"
        for name, balance in zip(names, balances, strict=True)
    ]
    return [opened(f"{said[0]}; {said[1]}."), _extremes(names, balances, pairs), _agreed(names, agreed)]


def _extremes(names: Sequence[str], balances: Sequence[Balance], pairs: int) -> str:
    parts = []
    for name, balance in zip(names, balances, strict=True):
        single = sum(round(share * pairs) == 1 for share in balance.shares)
        alone = f", and {single} of the scenes {'has' if single == 1 else 'have'} one image only" if single else ""
        parts.append(f"the largest {name} scene holds {percent(balance.largest)} of the images{alone}")
    even = percent(1 / len(balances[0].shares))
    return opened(f"{parts[0]}; {parts[1]}. Even scenes would hold {even} each.")


def _agreed(names: Sequence[str], agreed: float) -> str:
    if agreed >= _MUCH:
        what = f"The {names[0]} scene of a pair largely tells its {names[1]} scene"
    elif agreed >= _LITTLE:
        what = f"The {names[0]} scene of a pair tells something about its {names[1]} scene"
    else:
        what = f"The {names[0]} scene of a pair tells next to nothing about its {names[1]} scene"
    value = f"{agreed:.2f}".replace("-", "−")
    return f"{what}: the two divisions agree by {value}, where 1 is the same division and 0 is chance."


def where_else(labels: npt.NDArray[np.int64], name: str) -> str:
    """Say where in the other modality the images of a scene lie: in one scene for the most part, or in many.

    Example:
        >>> where_else(np.array([4, 4, 4, 0]), "visible")
        '75% in visible scene 4'
        >>> where_else(np.array([4, 4, 1, 0]), "visible")
        'spread over 3 visible scenes'
        >>> where_else(np.array([2, 2]), "visible"), where_else(np.array([2]), "visible")
        ('all in visible scene 2', 'in visible scene 2')
    """
    counts = np.bincount(labels)
    most = int(counts.argmax())
    if len(labels) == 1:
        return f"in {name} scene {most}"
    if counts[most] == len(labels):
        return f"all in {name} scene {most}"
    if 2 * counts[most] > len(labels):
        return f"{percent(counts[most] / len(labels))} in {name} scene {most}"
    return f"spread over {np.count_nonzero(counts)} {name} scenes"


def rows(modalities: Sequence[ModalityScenes], balances: Sequence[Balance]) -> list[Row]:
    """Return the numbers of the imbalance, a column a modality."""
    most = math.log(len(balances[0].shares))
    return [
        row("Effective number of scenes", [f"{balance.effective:.1f}" for balance in balances]),
        row(f"Entropy of the shares, {number(most)} at most", [number(balance.entropy) for balance in balances]),
        row("Gini coefficient (0: all of one size)", [number(balance.gini) for balance in balances]),
        row("Largest scene", [percent(balance.largest) for balance in balances]),
        row("Variance that the vectors keep", [percent(float(m.projection.shares.sum())) for m in modalities]),
        row("Variance that the map shows", [percent(float(m.projection.shares[:2].sum())) for m in modalities]),
    ]
