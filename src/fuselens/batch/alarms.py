"""Alarms: rules over the time series of a batch, in words that an engineer would write.

share infrared < 0.1 in road for 5     a source's share of the image, or of a region, for 5 frames
drop visible 0.5                       it falls below half of its median in the 10 frames before
ignored infrared for 3                 the fused image takes less than 2 % from a source
black infrared                         a source shows nothing
frozen visible for 3                   a source repeats its frame, to the last bit
failed                                 a frame could not be read or fused; nan: because of NaN
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fuselens.batch.plan import Plan
from fuselens.core.errors import InputError, UnknownNameError

Kind = Literal["share", "drop", "ignored", "black", "frozen", "failed", "nan"]
IGNORED = 0.02
OF_SHARES = ("share", "drop", "ignored")
_FORM = re.compile(
    r"(?P<kind>share|drop|ignored|black|frozen|failed|nan)"
    r"(?: (?P<source>[^\s<>]+))?"
    r"(?: ?(?P<sign>[<>]) ?(?P<limit>\d*\.?\d+)| (?P<part>0?\.\d+|[01]))?"
    r"(?: in (?P<region>\S+))?"
    r"(?: for (?P<frames>\d+))?"
)
FORMS = (
    "'share infrared < 0.1 in road for 5', 'drop visible 0.5', 'ignored infrared for 3', 'black infrared', "
    "'frozen visible for 3', 'failed' or 'nan'"
)


@dataclass(frozen=True)
class Alarm:
    """A rule.

    Attributes:
        text: as it was written.
        kind: what it looks at.
        source: `"a"` or `"b"`; empty for `failed` and `nan`.
        below: True where values under the limit raise it.
        limit: in shares, 0 to 1.
        region: name of a region; empty: the whole image.
        frames: how many in a row.
    """

    text: str
    kind: Kind
    source: str = ""
    below: bool = True
    limit: float = 0.0
    region: str = ""
    frames: int = 1


def parse_alarms(texts: Sequence[str], plan: Plan) -> tuple[Alarm, ...]:
    """Read rules for a plan's sources and regions.

    Raises:
        InputError: another form, or a rule on shares without the work `share`.
        UnknownNameError: no such source or region.
    """
    return tuple(_alarm(text, plan) for text in texts)


def _alarm(text: str, plan: Plan) -> Alarm:
    match = _FORM.fullmatch(" ".join(text.split()))
    if not match:
        raise _formless(text)
    kind: Kind = match["kind"]  # type: ignore[assignment]
    letter = _letter(match["source"], plan) if match["source"] else ""
    fits = {
        "share": letter and match["limit"],
        "drop": letter and match["part"],
        "failed": not letter,
        "nan": not letter,
    }
    if not fits.get(kind, letter and not match["limit"] and not match["part"]):
        raise _formless(text)
    region = match["region"] or ""
    known = [one.name for one in plan.regions]
    if region and (kind not in OF_SHARES or region not in known):
        raise UnknownNameError("region of an alarm", region, known)
    if kind in OF_SHARES and "share" not in plan.work:
        raise InputError(f"The alarm '{text}' needs shares; add the work share.")
    limit = IGNORED if kind == "ignored" else float(match["limit"] or match["part"] or 0)
    frames = int(match["frames"] or 1)
    if limit > 1 or frames < 1:
        raise InputError(f"The alarm '{text}' can never be raised; shares are 0 to 1, and frames 1 or more.")
    return Alarm(text, kind, letter, match["sign"] != ">", limit, region, frames)


def _letter(word: str, plan: Plan) -> str:
    letters = {"a": "a", "b": "b", plan.names[0]: "a", plan.names[1]: "b"}
    if word not in letters:
        raise UnknownNameError("source of an alarm", word, [*plan.names])
    return letters[word]


def _formless(text: str) -> InputError:
    return InputError(f"Expected an alarm such as {FORMS} but got '{text}'.")
