"""The terminal: words for people on stderr, results for programs on stdout."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from fuselens.core.files import plain

console = Console(stderr=True, highlight=False, emoji=False)  # "closeness:b:" is a target, no emoji
_line: ContextVar[str] = ContextVar("line", default="")
_NO_TERMINAL_WIDTH = 200


def remember_line(arguments: list[str]) -> None:
    """Keep the command line that is being run, for reports."""
    _line.set(shlex.join(["fuselens", *arguments]))


def command_line() -> str:
    """Return the command line that is being run."""
    return _line.get()


def say(text: str) -> None:
    """Tell the user something."""
    console.print(text, markup=False, soft_wrap=True)


def print_json(data: Any) -> None:
    """Print a machine-readable result on stdout."""
    print(json.dumps(plain(data), ensure_ascii=False, allow_nan=False))


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on stdout; cells may carry rich's markup, heads are text. Wide where it is no terminal."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _NO_TERMINAL_WIDTH
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for position, head in enumerate(heads):
        table.add_column(Text(head), justify="right" if position else "left")
    for row in rows:
        table.add_row(*row)
    console.print(table)


@contextmanager
def progress_bar(words: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar; the yielded function takes (done, total)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(words, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
