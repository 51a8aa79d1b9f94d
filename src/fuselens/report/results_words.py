"""Sentences of the results page: what a set or a map says, what was hidden and how, and what to beware of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fuselens.core.explanation import STATUS_WORDS, Mode, SetExplanation, Status
from fuselens.core.results import Attribution
from fuselens.core.units import Units
from fuselens.report.target_words import ReadTarget
from fuselens.report.words import Names, amount, opened, percent

MODES: dict[Mode, str] = {
    "both": "a set that is enough and needed",
    "sufficient": "a set that is enough",
    "necessary": "a set that is needed",
}
TESTS: dict[Mode, str] = {
    "both": "Two tests: the yellow bar must reach the dashed line, or the set is not enough; the blue bar must end "
    "before it, or the set is not needed.",
    "sufficient": "The test: the yellow bar must reach the dashed line, or the set is not enough. The blue bar may.",
    "necessary": "The test: the blue bar must end before the dashed line, or the set is not needed. The yellow bar may "
    "reach it.",
}
_BADGES: dict[Status, str] = {
    "EXPLAINED": "",
    "NO_INFLUENCE": "no influence",
    "BUDGET_EXHAUSTED": "search cut short",
    "INTERRUPTED": "search cut short",
    "NOT_FOUND": "none found",
}
_FILLS = {
    "blur": "a blurred copy of its source",
    "mean": "the mean brightness of its source",
    "segment_mean": "the mean brightness of its segment",
    "black": "black",
    "noise": "random noise",
    "other": "the other source's pixels",
}


def part(fraction: float) -> str:
    """Return a part as a percentage with a decimal where it is small.

    Example:
        >>> part(0.0004), part(0.019), part(0.42), part(1.0)
        ('<0.1%', '1.9%', '42%', '100%')
    """
    if 0 < fraction < 0.001:
        return "<0.1%"
    return f"{fraction:.1%}" if 0 < fraction < 0.0995 else percent(fraction)


def score_text(value: float, level: float) -> str:
    """Return a score with as many decimals as tell it from the level.

    Example:
        >>> score_text(0.934, 0.9), score_text(0.9004, 0.9), score_text(-0.0001, 0.5)
        ('0.93', '0.9004', '0.00')
    """
    decimals = 2
    while decimals < 7 and value != level and (round(value, decimals) >= round(level, decimals)) != (value >= level):
        decimals += 1
    while decimals < 7 and value > level and f"{value:.{decimals}f}" == f"{level:.{decimals}f}":
        decimals += 1
    text = f"{value:.{decimals}f}"
    return (text.lstrip("-") if not float(text) else text).replace("-", "−")


def segments(count: int) -> str:
    """Return a count of segments in words."""
    return f"{count:,} segment{'s' * (count != 1)}"


def set_headline(found: SetExplanation, target: ReadTarget, names: Names) -> str:
    """Say in one sentence what a set explains."""
    subject = target.subject(names)
    if not found.kept:
        return STATUS_WORDS[found.status].replace("the target", subject)
    these = f"{found.size:,} of {segments(found.units.count)}, {part(found.area)} of the pixels"
    if found.mode == "necessary":
        return f"{opened(subject)} changes when {these}, {_are(found)} hidden."
    if found.mode == "sufficient":
        return f"To keep {subject}, {these}, {_are(found)} enough."
    return f"{opened(subject)} rests on {these}."


def set_sentences(found: SetExplanation) -> list[str]:
    """Say what certifies the set: that it is enough, needed and minimal, what was asked for first."""
    if not found.kept:
        full, empty = amount(found.score_full), amount(found.score_empty)
        return [f"The score is {full} with everything shown and {empty} with everything hidden."]
    kept, removed = (score_text(found.scaled(score), found.level) for score in (found.score_kept, found.score_removed))
    they, them = ("It is", "it") if found.size == 1 else ("They are", "them")
    alone = f"with {them} alone the score is {kept}"
    enough = (
        f"{they} enough: {alone}, and {found.level:.3g} or more counts as the same."
        if found.is_sufficient
        else f"{they} not enough to keep it: {alone}, and {found.level:.3g} or more counts as the same."
    )
    needed = (
        f"{they} needed: with everything but {them} the score is {removed}."
        if found.is_necessary
        else f"Others would do as well: with everything but {them} the score is {removed}."
    )
    spared = ["No single one of them can be spared."] if found.size > 1 and _is_minimal(found) else []
    return {
        "both": [enough, needed, *spared],
        "sufficient": [opened(enough.removeprefix(f"{they} enough: ")), *spared, needed],
        "necessary": [needed, *spared, enough],
    }[found.mode]


def minimal_words(found: SetExplanation) -> str:
    """Say whether a segment could be spared."""
    if not found.kept:
        return "no set"
    return "yes: no single segment can be spared" if _is_minimal(found) else "not checked: some segments may be spared"


def set_asides(found: SetExplanation, target: ReadTarget, names: Names) -> list[str]:
    """Say what the score means, how it is scaled, and what hiding is."""
    stretched = "It is stretched so that everything hidden gives 0 and everything shown gives 1."
    scale = [stretched] if found.is_relative and found.kept else []
    return [f"{target.score(names)}.", *scale, hidden_words(found.settings, found.units, names)]


def set_warnings(found: SetExplanation) -> list[str]:
    """Say where the answer is not to be leaned on."""
    said = [STATUS_WORDS[found.status]] if found.kept and found.status != "EXPLAINED" else []
    if found.kept and not found.is_safe:
        said.append(
            f"A score is within {found.margin:.1g} of the level: another batch size or device may tip this answer by "
            "rounding alone. Another level gives a firmer one."
        )
    return said


def status_badge(found: SetExplanation) -> str:
    """Return a word or two for what is not as it should be; empty where all is well."""
    return _BADGES[found.status] or ("narrow margin" if found.kept and not found.is_safe else "")


def source_words(found: SetExplanation, names: Names) -> list[str]:
    """Say of each source what its picture shows."""
    can_hide = hideable(found.settings, found.units)
    areas, sources = found.units.areas(), found.units.source_of()
    words = []
    for i, (name, can) in enumerate(zip(names, can_hide, strict=True)):
        if not can:
            words.append(f"{opened(name)} was always shown in full.")
            continue
        members = [unit for unit in found.members if int(sources[unit]) == i]
        if not members:
            words.append(f"Nothing of {name} is in the set.")
            continue
        total = areas[sources == i].sum()
        words.append(f"{opened(segments(len(members)))} of {name}, {part(float(areas[members].sum() / total))} of it.")
    return words


def hidden_words(settings: Mapping[str, Any], units: Units | None, names: Names) -> str:
    """Say what was hidden and what stood there instead; empty for methods that hide nothing."""
    if settings.get("fill") is None:
        return ""
    fill, _, value = str(settings["fill"]).partition(":")
    instead = f"brightness {value}" if fill == "value" else _FILLS.get(fill, f"the fill '{fill}'")
    can = hideable(settings, units)
    said = f"What is hidden is replaced by {instead}."
    if all(can):
        return said
    return f"{said} Only {names[can.index(True)]} could be hidden; {names[can.index(False)]} was always shown."


def hideable(settings: Mapping[str, Any], units: Units | None) -> tuple[bool, bool]:
    """Say of each source whether the method looked at it."""
    if units is not None:
        return bool((units.labels_a >= 0).any()), bool((units.labels_b >= 0).any())
    only = next((settings[key] for key in ("which", "path") if settings.get(key) in ("a", "b")), None)
    return only != "b", only != "a"


def map_headline(found: Attribution, target: ReadTarget, names: Names) -> str:
    """Say in one sentence how the influence is divided."""
    subject, can = target.subject(names), hideable(found.settings, found.units)
    if not float(found.a.abs().sum() + found.b.abs().sum()):
        mover = "Neither source moves" if all(can) else f"{opened(names[can.index(True)])} does not move"
        return f"{mover} {subject}."
    if not all(can):
        looked, other = names[can.index(True)], names[can.index(False)]
        return f"This shows where {looked} acts on {subject}; {other} was left as it is."
    share = found.share()
    if share in (0.0, 1.0):
        return f"Only {names[0] if share else names[1]} acts on {subject}."
    return f"{opened(names[0])} has {percent(share)} of the influence on {subject}, {names[1]} {percent(1 - share)}."


def _are(found: SetExplanation) -> str:
    return "is" if found.size == 1 else "are"


def _is_minimal(found: SetExplanation) -> bool:
    return found.settings.get("one_minimal") is True
