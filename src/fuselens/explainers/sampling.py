"""How a run of samples ended: all of them, or as many as a budget or an interruption left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from fuselens.core.evaluator import BudgetReachedError, Evaluator

_WORDS = {"budget": "The budget ended the sampling", "interrupted": "The sampling was stopped"}


@dataclass
class Sampling:
    """The count of one run of samples.

    Attributes:
        wanted: how many were asked for.
        used: how many the result rests on.
        stopped: why the rest is missing.
    """

    wanted: int
    used: int = 0
    stopped: Literal["", "budget", "interrupted"] = ""

    @contextmanager
    def until_stopped(self) -> Iterator[None]:
        """End the block quietly when the budget is used up or the user interrupts."""
        try:
            yield
        except BudgetReachedError:
            self.stopped = "budget"
        except KeyboardInterrupt:
            self.stopped = "interrupted"

    def facts(self, evaluator: Evaluator, *warnings: str) -> dict[str, Any]:
        """Return what the result should say of its cost and completeness; empty warnings are left out."""
        cut = f"{_WORDS[self.stopped]} after {self.used} of {self.wanted}." if self.stopped else ""
        found: dict[str, Any] = {
            "samples": self.used,
            "complete": not self.stopped,
            "model_images": evaluator.counts.model_images,
            "model_pixels": evaluator.counts.model_pixels,
            "seconds": evaluator.counts.seconds,
        }
        said = " ".join(text for text in (cut, *warnings) if text)
        return found | ({"warning": said} if said else {})
