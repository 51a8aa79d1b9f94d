"""The tables of measured agreement on the pages of docs/metrics.

After a change of a metric or of its agreements: `python -m tests.metrics.agreements.tables --update`.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from fuselens.metrics import METRICS
from tests.metrics.agreements.agreement import Agreement, golden_values, read_triple, relative_difference

UPDATE = "python -m tests.metrics.agreements.tables --update"
PAGES = sorted((Path(__file__).resolve().parents[3] / "docs" / "metrics").glob("*.md"))
INDEX = PAGES[0].parent.with_suffix(".md")
NOT_FAMILIES = {"__init__", "agreement", "tables"}
FAMILIES = sorted({path.stem for path in Path(__file__).parent.glob("*.py")} - NOT_FAMILIES)
BOUNDS = (1e-12, 1e-9, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
BLOCK = re.compile(r"(?<=<!-- agreement -->\n).*?(?=<!-- /agreement -->)", re.DOTALL)
INDEX_BLOCK = re.compile(r"(?<=<!-- metrics -->\n).*?(?=<!-- /metrics -->)", re.DOTALL)
INDEX_HEAD = """\
| metric | title | better | what it measures |
|---|---|---|---|
"""
HEAD = """\
Ours in float64 against the numbers that public implementations gave on the same images:

| implementation | ours | largest relative difference | note |
| --- | --- | --- | --- |
"""


def all_agreements() -> list[Agreement]:
    """Return the agreements of every family."""
    return [one for family in FAMILIES for one in import_module(f"{__package__}.{family}").AGREEMENTS]


def metrics_of(page: Path) -> list[str]:
    """Return the metrics that a page describes: those that its first line lists, or the one it is named after."""
    listed = re.match(r"<!-- metrics: (.+) -->\n", page.read_text(encoding="utf-8"))
    return listed[1].split() if listed else [page.stem]


def filled(page: Path) -> str:
    """Return the page's text with its table as measured now."""
    named = metrics_of(page)
    rows = [row_of(one) for one in all_agreements() if one.metric in named]
    table = HEAD + "".join(f"{row}\n" for row in sorted(rows)) if rows else ""
    text, found = BLOCK.subn(lambda _: table, page.read_text(encoding="utf-8"))
    if found != 1:
        raise ValueError(f"{page} needs one line <!-- agreement --> and below it one line <!-- /agreement -->.")
    return text


def row_of(one: Agreement) -> str:
    """Return one row of a table: the implementation, what of ours it is compared with, how far they differ, and why."""
    cells = [f"`{one.implementation}`", "", "not compared", one.differs]
    if not one.differs:
        differences = list(differences_of(one))
        count = "1 triple" if len(differences) == 1 else f"{len(differences)} triples"
        cells[1:] = [words_for_ours(one), f"{bound(max(differences))} ({count})", "; ".join(exceptions_of(one))]
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def differences_of(one: Agreement) -> Iterator[float]:
    """Yield the relative difference on each triple that is compared."""
    for name, theirs in golden_values(one.implementation).items():
        if name not in one.except_on:
            yield relative_difference(one.our_value(read_triple(name)), theirs)


def bound(difference: float) -> str:
    """Return a round number that the difference stays below, so that tables do not depend on a machine's rounding."""
    for each in BOUNDS:
        if difference < each:
            return f"< {each:.0e}".replace("e-0", "e-")
    raise ValueError(f"A relative difference of {difference} is no agreement; explain it by `differs` or `except_on`.")


def words_for_ours(one: Agreement) -> str:
    """Return what of ours is compared: a metric with its convention and factor, or what a function says it is."""
    if callable(one.ours):
        said = (one.ours.__doc__ or "").partition("\n")[0].rstrip(".")
        name = f"`{one.metric}` ({said[:1].lower()}{said[1:]})" if said else f"`{one.metric}` of one source"
    else:
        name = f"`{one.ours}`"
    return name if one.scale == 1 else f"{one.scale:.6g} x {name}"


def exceptions_of(one: Agreement) -> Iterator[str]:
    """Yield each reason for leaving triples out, behind their short names."""
    triples = defaultdict(list)
    for name, reason in one.except_on.items():
        triples[reason].append(name.partition("_")[0])
    for reason, names in triples.items():
        yield f"without {', '.join(sorted(names))}: {reason}"


def index() -> str:
    """Return docs/metrics.md with a row for every metric."""
    page_of = {name: page for page in PAGES for name in metrics_of(page)}
    rows = [
        f"| [`{name}`](metrics/{page_of[name].name}) | {METRICS[name].title} | {METRICS[name].better} "
        f"| {(METRICS[name].__doc__ or '').splitlines()[0]} |\n"
        for name in METRICS
    ]
    return INDEX_BLOCK.sub(lambda _: INDEX_HEAD + "".join(rows), INDEX.read_text(encoding="utf-8"))


def update() -> None:
    """Write every page anew, and say which changed."""
    for page in (*PAGES, INDEX):
        text = index() if page == INDEX else filled(page)
        if text != page.read_text(encoding="utf-8"):
            temporary = page.with_suffix(".tmp")
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(page)
            print(page.name)


if __name__ == "__main__":
    if sys.argv[1:] != ["--update"]:
        raise SystemExit(f"Usage: {UPDATE}")
    update()
