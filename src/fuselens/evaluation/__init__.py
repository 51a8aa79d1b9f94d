"""How good is an explanation? Checks of its claims, and measures of its quality."""

from fuselens.evaluation.checker import CheckResult as CheckResult
from fuselens.evaluation.checker import check as check
from fuselens.evaluation.measure import measure as measure
