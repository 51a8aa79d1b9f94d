"""The page of a study: tables and figures in one file that needs nothing else."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from fuselens.core.files import atomic_path, write_text
from fuselens.core.version import __version__

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; color: #1d2129; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: .4rem 0; color: #555; max-width: 60rem; }
th, td { padding: .2rem .7rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
thead th { border-bottom: 2px solid #1d2129; }
tbody th { border-bottom: 1px solid #bbb; padding-top: .8rem; font-style: italic; }
figure { margin: 1.5rem 0; } figcaption { color: #555; } img { max-width: 100%; height: auto; }
.wide { overflow-x: auto; }
@media (prefers-color-scheme: dark) {
  body { background: #16181d; color: #e6e6e6; } caption, figcaption { color: #aaa; }
  thead th { border-color: #e6e6e6; } img { background: #fff; }
}
"""


def write_page(path: Path, title: str, paragraphs: Sequence[str], parts: Sequence[str]) -> Path:
    """Write a page.

    Args:
        path: of the file.
        title: of the study.
        paragraphs: what was done, in words.
        parts: elements such as `table_part` and `figure_part` make.

    Raises:
        InputError: the file cannot be written.
    """
    words = "".join(f"<p>{escape(paragraph)}</p>\n" for paragraph in paragraphs)
    write_text(
        path,
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body><h1>{escape(title)}</h1>\n{words}"
        + "\n".join(parts)
        + f"\n<footer><p>FuseLens {__version__}</p></footer></body></html>\n",
    )
    return path


def table_part(heading: str, table: str) -> str:
    """Return a heading with a table under it; `table` is HTML."""
    return f'<h2>{escape(heading)}</h2>\n<div class="wide">{table}</div>'


def figure_part(heading: str, figure: Figure, caption: str, stem: Path) -> str:
    """Write a figure as `STEM.png` and `STEM.pdf`, and return a heading with the figure under it.

    Raises:
        InputError: the files cannot be written.
    """
    picture = stem.with_suffix(".png")
    with atomic_path(picture) as temporary:
        figure.savefig(temporary, dpi=150)
    with atomic_path(stem.with_suffix(".pdf")) as temporary:
        figure.savefig(temporary, metadata={"CreationDate": None})  # the same figure, the same bytes
    data = base64.b64encode(picture.read_bytes()).decode("ascii")
    return (
        f'<h2>{escape(heading)}</h2>\n<figure><img alt="{escape(caption)}" src="data:image/png;base64,{data}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
