"""Is one variant better than another, or were seeds and images kind to it?

A variant is trained over several seeds, and every training is scored on the same images, so that there are two kinds of
luck. A difference counts only where neither explains it: Student's interval over the seeds excludes 0, and so does a
test over the images (of the mean over the seeds), after Holm's correction over all comparisons of a study.

References: Wilcoxon 1945, Welch 1947, Holm 1979, and the bootstrap of Efron and Tibshirani 1993, as in
`scoring/statistics.py`; Bouthillier et al., "Accounting for variance in machine learning benchmarks", MLSys 2021, for
both kinds of luck.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from scipy import stats

from fuselens.core.errors import InputError
from fuselens.scoring.statistics import CONFIDENCE, bootstrap_means, holm, percentile_interval
from fuselens.scoring.table import Column, Numbers
from fuselens.studies.trained_variants import VariantScores

Verdict = Literal["better", "worse", "undecided", "equal"]


@dataclass(frozen=True, eq=False)
class Finding:
    """By how much a variant is better than another, in the metric's unit; negative where it is worse.

    Attributes:
        subject: the data set, or the change from one to another.
        column: the metric.
        variant, against: what is compared.
        by_seed: `[seeds]`, the mean gain over the images.
        within: `[seeds, 2]`, its 95 % bootstrap interval over the images.
        low, high: the same interval of the mean over the seeds.
        p_value: of the test over the images.
        p_holm: the same after Holm's correction.
    """

    subject: str
    column: Column
    variant: str
    against: str
    by_seed: Numbers
    within: Numbers
    low: float
    high: float
    p_value: float
    p_holm: float = 1.0

    @property
    def gain(self) -> float:
        """Mean over the seeds."""
        return float(self.by_seed.mean())

    @property
    def spread(self) -> float:
        """Standard deviation over the seeds, with n - 1."""
        return float(self.by_seed.std(ddof=1))

    @property
    def over_seeds(self) -> tuple[float, float]:
        """Student's 95 % interval of the gain over the seeds."""
        count = len(self.by_seed)
        half = float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1)) * self.spread / count**0.5
        return self.gain - half, self.gain + half

    @property
    def seeds_agree(self) -> bool:
        """Whether the interval over the seeds excludes 0."""
        low, high = self.over_seeds
        return low > 0 or high < 0

    @property
    def images_agree(self) -> bool:
        """Whether the test over the images excludes 0."""
        return self.p_holm < 1 - CONFIDENCE

    @property
    def verdict(self) -> Verdict:
        """What can be said."""
        if not self.by_seed.any():
            return "equal"
        if not (self.seeds_agree and self.images_agree):
            return "undecided"
        return "better" if self.gain > 0 else "worse"

    def record(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "subject": self.subject, "metric": self.column.name, "variant": self.variant, "against": self.against,
            "gain": self.gain, "spread": self.spread, "seeds_low": self.over_seeds[0], "seeds_high": self.over_seeds[1],
            "images_low": self.low, "images_high": self.high, "p_value": self.p_value, "p_holm": self.p_holm,
            "verdict": self.verdict,
        } | {f"seed_{number}": float(value) for number, value in enumerate(self.by_seed)}  # fmt: skip


def gains(scores: VariantScores, dataset: str, variant: str, against: str, seed: int = 0) -> list[Finding]:
    """Return what `variant` gains over `against` on a data set, a finding a metric.

    A metric is left out where fewer than two images have a score from every training.
    """
    random = np.random.default_rng(seed)
    return [
        _finding(dataset, column, variant, against, [(1, part)], random)
        for column, part in _parts(scores, dataset, variant, against).items()
    ]


def drop_gains(
    scores: VariantScores, same: str, other: str, variant: str, against: str, seed: int = 0
) -> list[Finding]:
    """Return by how much less `variant` loses than `against` from the data set `same` to `other`, a finding a metric.

    Metrics are left out as by `gains`.
    """
    random = np.random.default_rng(seed)
    here, there = (_parts(scores, dataset, variant, against) for dataset in (same, other))
    return [
        _finding(f"{same} to {other}", column, variant, against, [(1, there[column]), (-1, here[column])], random)
        for column in here
        if column in there
    ]


def corrected(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings with p-values after Holm's correction over all of them.

    Raises:
        InputError: there is none.
    """
    if not findings:
        raise InputError("No metric has a score of two images from every training; test on more or larger images.")
    p_holm = holm(np.array([one.p_value for one in findings]))
    return [replace(one, p_holm=float(p)) for one, p in zip(findings, p_holm, strict=True)]


def _parts(scores: VariantScores, dataset: str, variant: str, against: str) -> dict[Column, Numbers]:
    """Return for each metric the gains `[seeds, images]` over the images that all trainings have a score for."""
    losses = scores.losses(dataset)
    found = losses[scores.variants.index(against)] - losses[scores.variants.index(variant)]
    common = np.asarray(np.isfinite(losses).all(axis=(0, 1)))
    columns = scores.tables[dataset].columns
    return {column: found[:, common[:, k], k] for k, column in enumerate(columns) if common[:, k].sum() > 1}


def _finding(
    subject: str,
    column: Column,
    variant: str,
    against: str,
    parts: Sequence[tuple[int, Numbers]],
    random: np.random.Generator,
) -> Finding:
    """Weigh a sum of means over the images: of one set, or the difference of two sets."""
    by_seed = sum(sign * part.mean(axis=1) for sign, part in parts)
    over_seeds = [(sign, part.mean(axis=0)) for sign, part in parts]
    low, high = _interval(over_seeds, random)
    within = [_interval([(sign, part[s]) for sign, part in parts], random) for s in range(len(parts[0][1]))]
    p_value = _p_value([part for _, part in over_seeds])
    return Finding(subject, column, variant, against, np.asarray(by_seed), np.array(within), low, high, p_value)


def _interval(parts: Sequence[tuple[int, Numbers]], random: np.random.Generator) -> tuple[float, float]:
    return percentile_interval(np.sum([sign * bootstrap_means(part, random) for sign, part in parts], axis=0))


def _p_value(samples: Sequence[Numbers]) -> float:
    """Wilcoxon's signed-rank test of one sample against 0; Welch's t-test of two against each other; both two-sided."""
    if not any(sample.any() for sample in samples):
        return 1.0
    found = stats.wilcoxon(samples[0]) if len(samples) == 1 else stats.ttest_ind(*samples, equal_var=False)
    return float(found.pvalue)
