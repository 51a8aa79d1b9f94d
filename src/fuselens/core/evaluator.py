"""The evaluator: what is the target's score when only these units are shown? Every method that hides pixels asks here.

Scores are cached by kept set, as numbers, so sufficiency, necessity, other thresholds and curves share them. Models
with a reach are computed only where the target looks, and only where the composite differs from one already fused.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from fuselens.core.composites import Composites, Job, WindowRunner
from fuselens.core.errors import FuseLensError, InputError, ModelError
from fuselens.core.fills import make_fill
from fuselens.core.locality import Box, crop
from fuselens.core.model import FusionModel, as_model, explaining
from fuselens.core.pair import ImagePair
from fuselens.core.results import model_settings
from fuselens.core.run import model_inputs
from fuselens.core.targets import Target, bound_target
from fuselens.core.units import Units

MIN_EFFECT = 0.01
START_IMAGES = 3  # the original twice, to see whether the model is deterministic, and nothing shown


class BudgetReachedError(FuseLensError):
    """The budget of model images or of seconds is used up; explainers return their best result so far."""


@dataclass
class Counts:
    """What an evaluation cost.

    Attributes:
        model_images: composites that the model fused, whole or in part.
        model_pixels: source pixels that it was given for them.
        hits: scores that were known already.
        batches: calls of the model.
        seconds: time spent evaluating.
    """

    model_images: int = 0
    model_pixels: int = 0
    hits: int = 0
    batches: int = 0
    seconds: float = 0.0


class Evaluator:
    """Scores of kept sets for one pair, one target, one set of units.

    Use it as a context manager: the model is in evaluation mode inside.

    Args:
        model: any `(a, b) -> fused`.
        pair: the sources.
        target: what is scored.
        units: what can be hidden.
        fill: what replaces the hidden pixels; see `make_fill`.
        device: where to compute; None leaves the model where it is.
        batch_size: composites a call of the model; fewer of large images, and halved when memory runs out.
        locality: compute only what can have changed, for models with a reach. The scores are the same up to rounding.
        max_images, max_seconds: budgets; `BudgetReachedError` when used up.
        repeats: fuse each composite so many times and average, for models that are not deterministic.
        seed: of a random fill.
        progress: called with (composites fused so far, the budget or 0).

    Attributes:
        fused: the original fused image `[1, 1, H, W]`.
        score_everything, score_nothing: the target with all units shown, and with none.
        counts: what it cost so far.

    Raises:
        InputError: a target outside the image, units of another size, a batch size below 1, or a budget too small.
        ModelError: NaN, wrong shapes, or other results for the same sources while `repeats` is 1.
    """

    def __init__(
        self,
        model: object,
        pair: ImagePair,
        target: Target,
        units: Units,
        *,
        fill: str = "blur",
        device: str | torch.device | None = None,
        batch_size: int = 16,
        locality: bool = True,
        max_images: int | None = None,
        max_seconds: float | None = None,
        repeats: int = 1,
        seed: int = 0,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Keep everything; work begins when the context is entered."""
        if units.size != pair.size:
            raise InputError(f"The units have size {units.size} but the sources {pair.size}; cut this pair into units.")
        if batch_size < 1 or repeats < 1:
            raise InputError(f"Expected batch_size and repeats of at least 1 but got {batch_size} and {repeats}.")
        if max_images is not None and max_images < START_IMAGES:
            raise InputError(f"Expected a budget (max_images) of at least {START_IMAGES} but got {max_images}.")
        if max_seconds is not None and max_seconds <= 0:
            raise InputError(f"Expected max_seconds above 0 but got {max_seconds}.")
        self.model: FusionModel = as_model(model)
        self.pair, self.units, self.fill = pair, units, fill
        self.counts = Counts()
        self._target, self._device, self._locality = target, device, locality
        self._batch_size, self._repeats, self._seed = batch_size, repeats, seed
        self._max_images, self._max_seconds = max_images, max_seconds
        self._progress = progress
        self._known: dict[int, float] = {}
        self._anchors: dict[int, torch.Tensor] = {}
        self._explaining: object = None

    def __enter__(self) -> Evaluator:
        """Fuse the original, bind the target, and score everything and nothing."""
        context = explaining(self.model, self._device)
        context.__enter__()
        self._explaining = context
        try:
            self._begin()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the model as it was found."""
        context, self._explaining = self._explaining, None
        if context is not None:
            context.__exit__(None, None, None)  # type: ignore[attr-defined]

    def scores(self, sets: Sequence[int]) -> list[float]:
        """Return the target's score for each kept set, a bitmask of units.

        Raises:
            BudgetReachedError: the budget does not last for all of them; those that were computed are kept.
            ModelError: a composite's score is not finite.
        """
        keys = [self._key(each) for each in sets]
        fresh = list(dict.fromkeys(key for key in keys if key not in self._known))
        self.counts.hits += len(keys) - len(fresh)
        for group in self.affordable(fresh):
            with self._at_work():
                self._remember(group, self._run([self._job(key) for key in group]))
        return [self._known[key] for key in keys]

    def relative(self, sets: Sequence[int]) -> list[float]:
        """Return the scores on the scale on which nothing is 0 and everything is 1.

        Raises:
            InputError: everything and nothing score the same: nothing can be explained.
        """
        span = self.score_everything - self.score_nothing
        if span == 0:
            raise InputError(
                f"Hiding everything does not change the target {self.target}; take another target or fill."
            )
        return [(score - self.score_nothing) / span for score in self.scores(sets)]

    @property
    def has_influence(self) -> bool:
        """Whether showing or hiding everything moves the target by at least `MIN_EFFECT`."""
        return abs(self.score_everything - self.score_nothing) >= MIN_EFFECT

    def certificate(self, kept: int) -> tuple[float, float]:
        """Return the scores with a set alone and with everything but the set, beyond any budget: two images at most."""
        budgets, self._max_images, self._max_seconds = (self._max_images, self._max_seconds), None, None
        try:
            alone, without = self.scores([kept, self.units.everything & ~kept])
        finally:
            self._max_images, self._max_seconds = budgets
        return alone, without

    def record(self) -> dict[str, Any]:
        """Return the settings that scores depend on, and the model's identity."""
        return {
            **model_settings(self.model),
            **self.units.settings,
            "fill": self.fill,
            "seed": self._seed,
            "batch_size": self._batch_size,
            "locality": self._locality,
            "repeats": self._repeats,
            "max_images": self._max_images,
            "max_seconds": self._max_seconds,
        }

    def fused_for(self, sets: Sequence[int]) -> torch.Tensor:
        """Return the fused images of kept sets, cut to the target's box, `[N, 1, h, w]`; not cached.

        Raises:
            BudgetReachedError: the budget does not last.
        """
        parts = []
        for group in self.affordable(sets):
            with self._at_work():
                parts.append(self._run([self._job(key) for key in group]))
        return torch.cat(parts)

    def score_sources(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Return the scores `[N]` of any sources `[N, H, W]`, such as soft composites; not cached.

        Raises:
            BudgetReachedError: the budget does not last.
            ModelError: a score is not finite.
        """
        scores = self.target(self.fuse_sources(a, b))
        if not bool(torch.isfinite(scores).all()):
            raise ModelError("A composite's score is not finite; try another fill or target.")
        return scores

    def fuse_sources(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Fuse any sources `[N, H, W]`, cut to the target's box, `[N, 1, h, w]`; not cached.

        Raises:
            BudgetReachedError: the budget does not last.
        """
        parts = []
        for group in self.affordable(range(len(a))):
            rows = slice(group[0], group[-1] + 1)
            with self._at_work():
                parts.append(self._runner.fuse(a[rows, None].to(self.a), b[rows, None].to(self.b), self._box))
        return torch.cat(parts)

    def affordable(self, wanted: Sequence[int]) -> Iterator[list[int]]:
        """Yield what is wanted batch by batch while the budget lasts: sets, or numbers of sources.

        Raises:
            BudgetReachedError: it does not last for the next one.
        """
        wanted = list(wanted)
        while wanted:
            if self._max_seconds is not None and self.counts.seconds >= self._max_seconds:
                raise BudgetReachedError(f"The budget of {self._max_seconds} s is used up.")
            if self._room() < 1:
                raise BudgetReachedError(f"The budget of {self._max_images} model images is used up.")
            count = min(self._batch_size, self._room())
            yield wanted[:count]
            wanted = wanted[count:]

    def anchor(self, *sets: int) -> None:
        """Fuse these kept sets and keep the images, so that sets near them cost only where they differ."""
        if not self._is_patchable:
            return
        kept = {key: self._anchors[key] for key in (self._nothing, self.units.everything)}
        for key in map(self._key, sets):
            if key in self._anchors:
                kept[key] = self._anchors[key]
            elif self._room() > 0:
                kept[key] = self._run([self._job(key)])
        self._anchors = kept

    # -- inside -------------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self.a, self.b = model_inputs(self.model, self.pair)
        labels = self.units.labels_a, self.units.labels_b
        fill = make_fill(self.fill, seed=self._seed)
        lumas = self.a[0, 0], self.b[0, 0]
        self.fill_a, self.fill_b = fill(lumas[0], lumas[1], labels[0]), fill(lumas[1], lumas[0], labels[1])
        composites = Composites(self.units, lumas, (self.fill_a, self.fill_b))
        self._runner = WindowRunner(self.model, composites, self.counts, self._repeats, self._batch_size)
        size = self.pair.size
        self.fused = self._runner.fuse(self.a, self.b, Box(0, 0, *size))
        if self._repeats == 1 and not torch.equal(self.fused, self._runner.fuse(self.a, self.b, Box(0, 0, *size))):
            raise ModelError(
                f"'{self.model.name}' gives another result for the same sources each time; make it deterministic, or "
                "pass repeats=8 to average."
            )
        self.target = bound_target(self._target, self.a, self.b, self.fused)
        self._box = self.target.box(size)
        is_local = self._locality and self.model.reach is not None
        self._runner.is_local = is_local
        self._is_patchable = is_local and self._repeats == 1
        self._blind = self.units.everything & ~self._runner.units_seen_from(self._box) if is_local else 0
        self._nothing = self._blind  # units that the target cannot see count as shown
        self._anchors = {self.units.everything: crop(self.fused, self._box)}
        if self._is_patchable and self._nothing != self.units.everything:
            self._anchors[self._nothing] = self._run([Job(self._nothing, self._box)])
        for key, image in self._anchors.items():
            self._remember([key], image)
        self.score_everything, self.score_nothing = self.scores([self.units.everything, 0])

    def _key(self, kept: int) -> int:
        return kept | self._blind

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """Count the seconds of a batch, and report it."""
        start = time.perf_counter()
        yield
        self.counts.seconds += time.perf_counter() - start
        if self._progress is not None:
            self._progress(self.counts.model_images, self._max_images or 0)

    def _room(self) -> int:
        """Return how many more images the budget allows."""
        return sys.maxsize if self._max_images is None else self._max_images - self.counts.model_images

    def _remember(self, keys: list[int], fused: torch.Tensor) -> None:
        for key, score in zip(keys, self.target(fused).double().tolist(), strict=True):
            if not math.isfinite(score):
                raise ModelError(f"The score is {score} with {self._words(key)}; try another fill or target.")
            self._known[key] = score

    def _run(self, jobs: list[Job]) -> torch.Tensor:
        try:
            return self._runner.run(jobs, self._box)
        except ModelError as error:
            if len(jobs) > 1:  # one by one, to name the set
                return torch.cat([self._run([job]) for job in jobs])
            raise ModelError(f"{error} It happened with {self._words(jobs[0].kept)}.") from error

    def _job(self, key: int) -> Job:
        """Choose the anchor from which the fewest pixels must be fused anew."""
        best = Job(key, self._box)
        if self._is_patchable:
            for known, image in self._anchors.items():
                changed = self._runner.changed(key ^ known, self._box)
                if changed is None:
                    return Job(key, None, image)
                if self._runner.cost(changed) < 0.7 * self._runner.cost(best.box or self._box):
                    best = Job(key, changed, image)
        return best

    def _words(self, kept: int) -> str:
        hidden = [unit for unit in range(self.units.count) if not kept >> unit & 1]
        some = ", ".join(map(str, hidden[:8])) + (", ..." if len(hidden) > 8 else "")
        return f"{len(hidden)} of {self.units.count} units hidden ({some or 'none'})"
