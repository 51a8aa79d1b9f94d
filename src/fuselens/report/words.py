"""Sentences of the report, in words that need no mathematics.

Numbers are those of the explanation; what a correlation means follows paper 002, section 6.4.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import torch

from fuselens.core.locality import Box
from fuselens.core.modalities import MEDICAL
from fuselens.core.model import FusionModel
from fuselens.core.results import Attribution
from fuselens.explainers.guidance import Guidance
from fuselens.explainers.scatter import WEAK
from fuselens.report.numbers import MOST, Camp, Camps

Names = tuple[str, str]
Row = tuple[str, str, str]  # a label, then one value per source


def shown_name(name: str) -> str:
    """Return a modality as people write it.

    Example:
        >>> shown_name("mri"), shown_name("infrared")
        ('MRI', 'infrared')
    """
    return name.upper() if name in MEDICAL else name


def with_shown_names(text: str, pair_names: Names) -> str:
    """Return a text in which the pair's modalities are written as people write them.

    Example:
        >>> with_shown_names("colour of pet", ("mri", "pet"))
        'colour of PET'
    """
    for name in pair_names:
        text = re.sub(rf"\b{re.escape(name)}\b", lambda _, name=name: shown_name(name), text)  # type: ignore[misc]
    return text


def opened(sentence: str) -> str:
    """Return a sentence with a capital at its start, and the rest as it is."""
    return sentence[:1].upper() + sentence[1:]


def amount(value: float) -> str:
    """Return a number to three digits, typeset.

    Example:
        >>> amount(0.5), amount(-0.00123)
        ('0.500', '−0.00123')
    """
    text = f"{value:.3f}" if abs(value) >= 0.0995 else f"{value:.3g}"
    return text.replace("-", "−")


def signed(value: float) -> str:
    """Return a number to three digits with its sign, typeset.

    Example:
        >>> signed(-0.123456), signed(0.5)
        ('−0.123', '+0.500')
    """
    return f"+{amount(value)}" if value > 0 else amount(value)


def number(value: float) -> str:
    """Return a number to three decimals, typeset.

    Example:
        >>> number(-0.0151)
        '−0.015'
    """
    return f"{value:.3f}".replace("-", "−")


def percent(part: float) -> str:
    """Return a part as a percentage; what is not quite nothing or everything is not called so.

    Example:
        >>> percent(0.004), percent(0.42), percent(0.999)
        ('<1%', '42%', '>99%')
    """
    if 0 < part < 0.005:
        return "<1%"
    if 0.995 <= part < 1:
        return ">99%"
    return f"{part:.0%}"


def answer(mean: float, groups: Camps, correlation: float, names: Names) -> list[str]:
    """Say which source causes how much, where each dominates, and whether they compete.

    Args:
        mean: mean share of source a; NaN where no pixel has one.
        groups: the pixels by cause.
        correlation: of the two guidance images.
        names: of the sources, as people write them.
    """
    if math.isnan(mean):
        return ["Neither source moves the fused image: it stays the same whatever the sources show."]
    (leader, most), (other, least) = sorted(zip(names, (mean, 1 - mean), strict=True), key=lambda item: -item[1])
    if most - least < 0.005:
        first = f"{names[0]} and {names[1]} cause half of the fused brightness changes each"
    else:
        first = f"{leader} causes {percent(most)} of the fused brightness changes and {other} {percent(least)}"
    return [f"Averaged over the image, {first}.", _dominance(groups, names), competition(correlation, names)]


def only_places(probes: Sequence[Attribution], names: Names) -> str:
    """Say what can be said where no guidance was computed."""
    if not probes:
        return "The pair was fused; no explanation was asked for."
    where = "place" if len(probes) == 1 else f"{len(probes)} places"
    shares = [probe.share() for probe in probes]
    span = percent(shares[0]) if len(shares) == 1 else f"{percent(min(shares))} to {percent(max(shares))}"
    return (
        f"At the explained {where}, {names[0]} has {span} of the influence. Nothing is said of the rest of the "
        "image: its guidance was not computed."
    )


def _dominance(groups: Camps, names: Names) -> str:
    said = [
        f"{name} dominates {percent(group.part)} of the image{_where(group)}"
        for name, group in zip(names, (groups.a, groups.b), strict=True)
        if group.part
    ]
    if not said:
        said = ["neither source dominates anywhere"]
    elif len(said) == 1:
        said.append(f"{names[1] if groups.a.part else names[0]} dominates nowhere")
    if groups.neither.part:
        said.append(f"{percent(groups.neither.part)} follows neither")
    return opened("; ".join(said)) + "."


def _where(group: Camp) -> str:
    return f", most densely {group.place}" if group.place else ""


def competition(correlation: float, names: Names) -> str:
    """Say what the correlation of the two influences means."""
    if math.isnan(correlation):
        return "Whether the sources compete cannot be told: the influence of at least one is the same everywhere."
    r = f"r\u00a0=\u00a0{correlation:.2f}".replace("-", "−")
    if correlation <= -WEAK:
        return f"The sources compete: where {names[0]} gains influence, {names[1]} loses it ({r})."
    if correlation >= WEAK:
        return f"The sources act together: where {names[0]} gains influence, {names[1]} gains it too ({r})."
    return f"The sources neither compete nor act together: their influences vary independently ({r})."


def certainty(guidance: Guidance, model: FusionModel, names: Names) -> str:
    """Say whether the numbers are exact or estimated, and how well."""
    if guidance.error_a is not None and guidance.error_b is not None:
        errors = [float(error.median()) for error in (guidance.error_a, guidance.error_b)]
        said = (
            f"This is an estimate: the median standard error of the influence is {errors[0]:.2g} for {names[0]} and "
            f"{errors[1]:.2g} for {names[1]}; its noise draws shares towards one half and can feign a correlation."
        )
        strengths = [float(values.abs().median()) for values in (guidance.a, guidance.b)]
        if any(error > strength / 2 for error, strength in zip(errors, strengths, strict=True)):
            said += " That is much beside the influence itself: take more probes before relying on single pixels."
        return said
    if model.reach_is_measured and guidance.settings.get("algorithm") == "comb":
        return f"These numbers are exact as far as the model's measured reach of {model.reach} pixels holds."
    return "These numbers are exact for this pair: computed for every pixel, not sampled."


def place_title(target: str, box: Box | None) -> str:
    """Name a target by its rows and columns, which count from 0; one without a place keeps its name.

    Example:
        >>> place_title("region:1,2,5,6", Box(1, 2, 5, 6))
        'Region of rows 1 to 4, columns 2 to 5'
    """
    if box is None:
        return target
    if target.startswith("pixel:"):
        return f"Pixel in row {box.top}, column {box.left}"
    kind = "Marked region within" if target.endswith("(mask)") else "Region of"
    return f"{kind} rows {box.top} to {box.bottom - 1}, columns {box.left} to {box.right - 1}"


def probe_sentence(probe: Attribution, radii: tuple[int, int] | None, names: Names) -> str:
    """Say how the influence on one target is divided, and how far it reaches."""
    if not float(probe.a.abs().sum() + probe.b.abs().sum()):
        return "Neither source moves this value."
    share = probe.share()
    if share in (0.0, 1.0):
        name, radius = (names[0], 0) if share else (names[1], 1)
        reach = "" if radii is None else f"; {percent(MOST)} of its influence comes from {_within(radii[radius])}"
        return f"Only {name} moves this value{reach}."
    divided = f"{opened(names[0])} has {percent(share)} of the influence on this value, {names[1]} {percent(1 - share)}"
    if radii is None:
        return f"{divided}."
    if radii[0] == radii[1]:
        return f"{divided}; {percent(MOST)} of either influence comes from {_within(radii[0])}."
    return (
        f"{divided}; {percent(MOST)} of the {names[0]} influence comes from {_within(radii[0])}, "
        f"{percent(MOST)} of the {names[1]} influence from {_within(radii[1])}."
    )


def _within(radius: int) -> str:
    if radius == 0:
        return "the place itself"
    return f"within {radius} pixel{'s' * (radius > 1)}"


def row(label: str, values: Sequence[str]) -> Row:
    """Return a table row with one value per source."""
    return label, values[0], values[1]


def range_words(values: torch.Tensor) -> str:
    """Sum a signed map up for those who cannot see it."""
    low, high = signed(float(values.min())), signed(float(values.max()))
    return f"average strength {amount(float(values.abs().mean()))}, from {low} to {high}"
