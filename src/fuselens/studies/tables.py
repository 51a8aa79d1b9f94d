"""One table as LaTeX for papers, Markdown for the terminal, HTML for the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from fuselens.scoring.formats import escaped, latex_table

MISSING = "–"


@dataclass(frozen=True)
class Table:
    """Cells in words, in blocks with a title each.

    Attributes:
        caption: what it shows, and of how many cases.
        heads: one a column.
        blocks: title and rows; a block without title has the title "".
        words: how many columns at the left hold words.
    """

    caption: str
    heads: tuple[str, ...]
    blocks: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]
    words: int = 1

    def to_markdown(self) -> str:
        """Return the table for reading; block titles stand in bold in the first column."""
        lines = [self.caption, "", markdown_row(self.heads), markdown_row(["---"] * len(self.heads))]
        for title, rows in self.blocks:
            if title:
                lines.append(markdown_row([f"**{title}**", *[""] * (len(self.heads) - 1)]))
            lines += [markdown_row(row) for row in rows]
        return "\n".join(lines) + "\n"

    def to_latex(self) -> str:
        """Return the table between booktabs' rules."""
        rows = []
        for title, members in self.blocks:
            if title:
                rows.append(rf"\multicolumn{{{len(self.heads)}}}{{l}}{{\textit{{{escaped(title)}}}}}")
            rows += [" & ".join(map(escaped, row)) for row in members]
        spec = "l" * self.words + "r" * (len(self.heads) - self.words)
        return latex_table([spec], [" & ".join(map(escaped, self.heads))], rows, self.caption)

    def to_html(self) -> str:
        """Return a `table` element."""
        lines = [f"<table><caption>{escape(self.caption)}</caption><thead>{_line('th', self.heads)}</thead>"]
        for title, rows in self.blocks:
            head = f'<tr><th colspan="{len(self.heads)}">{escape(title)}</th></tr>' if title else ""
            lines.append("<tbody>" + head + "".join(_line("td", row) for row in rows) + "</tbody>")
        return "\n".join(lines) + "</table>"


def percent(value: float) -> str:
    """Return a share as a whole percentage.

    Example:
        >>> percent(0.945), percent(float("nan"))
        ('94', '–')
    """
    return MISSING if math.isnan(value) else f"{100 * value:.0f}"


def number(value: float, decimals: int = 1) -> str:
    """Return a number in words.

    Example:
        >>> number(3.14159), number(3.14159, 3), number(float("nan"))
        ('3.1', '3.142', '–')
    """
    return MISSING if math.isnan(value) else f"{value:.{decimals}f}"


def markdown_row(cells: Sequence[str]) -> str:
    """Return a line of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _line(kind: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{kind}>{escape(cell)}</{kind}>" for cell in cells) + "</tr>"
