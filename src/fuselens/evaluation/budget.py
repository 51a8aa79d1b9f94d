"""A budget that ends a measure is an error: half a measure says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fuselens.core.evaluator import BudgetReachedError
from fuselens.search import BudgetExhausted


@contextmanager
def within_budget() -> Iterator[None]:
    """Turn the quiet end of a search into an error that a person can act on.

    Raises:
        BudgetReachedError: the evaluator's budget does not last.
    """
    try:
        yield
    except BudgetExhausted as error:
        raise BudgetReachedError(f"{error} Measure with a larger one, or with none.") from error
