"""The terminal: words for people on stderr, results for programs on stdout."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from fuselens.core.files import plain

console = Console(stderr=True, highlight=False)


def say(text: str) -> None:
    """Tell the user something."""
    console.print(text, markup=False, soft_wrap=True)


def print_json(data: Any) -> None:
    """Print a machine-readable result on stdout."""
    print(json.dumps(plain(data), ensure_ascii=False, allow_nan=False))


@contextmanager
def progress_bar(words: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar; the yielded function takes (done, total)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(words, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
