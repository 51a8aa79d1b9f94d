"""Searches for small sets with a property: the one door to them."""

from __future__ import annotations

from fuselens.search.best_first import best_first as best_first
from fuselens.search.ddmin import ddmin as ddmin
from fuselens.search.greedy import greedy as greedy
from fuselens.search.greedy import sweep as sweep
from fuselens.search.probdd import prior_of as prior_of
from fuselens.search.probdd import probdd as probdd
from fuselens.search.steps import BudgetExhausted as BudgetExhausted
from fuselens.search.steps import Found as Found
from fuselens.search.steps import Judge as Judge
from fuselens.search.steps import Step as Step
