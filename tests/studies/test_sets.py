"""From answers to sets: what a map claims, and what a set is worth."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
import torch

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.explanation import SetExplanation
from fuselens.core.locality import Box
from fuselens.core.results import Attribution
from fuselens.core.units import bits
from fuselens.explainers.ddfimage import ddfimage
from fuselens.explainers.lime import lime
from fuselens.explainers.map_to_set import map_to_set
from fuselens.studies.cases import Case, CaseSettings
from fuselens.studies.panel import PANEL, QUICK, Effort, chosen_methods, images_of, refuse_stopped
from fuselens.studies.sets import answers_of, quality, sets_of_map
from tests.core.small import TinyCNN, small_pair

FAST = Effort(60, 40, 40, 8, 16, 500)
MODEL = TinyCNN()


def small_case() -> Case:
    case = CaseSettings("grid:8").case_of(small_pair(40, 44))
    return replace(case, fill="blur:3")


def attribution_of(case: Case, scores: torch.Tensor) -> Attribution:
    a, b = case.units.spread(scores)
    return Attribution(
        a, b, case.pair.names, "t", 0.0, "made", Box(0, 0, *case.pair.size), units=case.units, unit_scores=scores
    )


def test_claimed_units_hold_the_level_of_the_map() -> None:
    case = small_case()
    scores = torch.zeros(case.units.count)
    scores[[5, 2, 9, 30]] = torch.tensor([4.0, 3.0, 2.0, 1.0])
    scores[7] = -8.0
    with case.evaluator(MODEL) as evaluator:
        for level, claimed in ((0.4, [5]), (0.5, [5, 2]), (0.7, [5, 2]), (0.71, [5, 2, 9]), (1.0, [5, 2, 9, 30])):
            found = sets_of_map(attribution_of(case, scores), evaluator, level, "positive")
            assert found["claimed"] == bits(claimed), level
            assert found["positive"] == bits([5, 2, 9, 30])
        absolute = sets_of_map(attribution_of(case, scores), evaluator, 0.4, "absolute")
        assert absolute["claimed"] == bits([7])
        assert absolute["positive"] == bits([5, 2, 9, 30])
        nothing = sets_of_map(attribution_of(case, 0 * scores), evaluator, 0.4, "positive")
        assert set(nothing.values()) == {0}


def test_answers_are_those_of_the_explainers_themselves() -> None:
    case = small_case()
    levels = (0.5, 0.9)
    with case.evaluator(MODEL) as evaluator:
        searched = answers_of("probdd", MODEL, case, evaluator, FAST, levels)
        ranked = answers_of("lime", MODEL, case, evaluator, FAST, levels)
    for answer, level in zip(searched, levels, strict=True):
        direct = ddfimage(MODEL, case.pair, case.target, level=level, strategy="probdd", **case.options)
        assert (answer.kind, answer.explanation.kept) == ("found", direct.kept)
        assert answer.images == direct.model_images
    slopes = lime(MODEL, case.pair, case.target, samples=60, **case.options)
    best = [answer for answer in ranked if answer.kind == "prefix"]
    for answer, level in zip(best, levels, strict=True):
        direct = map_to_set(slopes, MODEL, case.pair, case.target, level=level, fill=case.fill, seed=case.seed)
        assert answer.explanation.kept == direct.kept
        assert answer.images == slopes.facts["model_images"]


@pytest.mark.parametrize("name", PANEL)
def test_every_method_of_the_panel_answers(name: str) -> None:
    case = small_case()
    with case.evaluator(MODEL) as evaluator:
        answers = answers_of(name, MODEL, case, evaluator, FAST, (0.8,))
        rows = [answer.row(evaluator) for answer in answers]
    assert {row["set"] for row in rows} in ({"found"}, {"claimed", "positive", "prefix"})
    best = rows[-1]
    assert best["both"] == (name != "sedc")  # which asks for necessity alone, and needs one unit here
    assert name == "random" or best["images"] > 0


def test_quality_by_hand() -> None:
    case = small_case()
    with case.evaluator(MODEL) as evaluator:
        found = ddfimage(MODEL, case.pair, case.target, level=0.8, **case.options)
        idle = [unit for unit in range(case.units.count) if not found.kept >> unit & 1][:2]
        spare = replace(found, kept=found.kept | bits(idle))
        kept, removed = evaluator.certificate(spare.kept)
        row = quality(evaluator, replace(spare, score_kept=kept, score_removed=removed))
        members = spare.members
        alone, without = evaluator.relative([spare.kept, evaluator.units.everything & ~spare.kept])
        less = [bits(rest) for rest in combinations(members, len(members) - 1)]
        holds = [
            one >= 0.8 and other < 0.8
            for one, other in zip(
                evaluator.relative(less),
                evaluator.relative([evaluator.units.everything & ~each for each in less]),
                strict=True,
            )
        ]
    assert alone >= 0.8 > without
    assert row["both"] == row["sufficient"] == row["necessary"] == 1
    assert row["redundancy"] == pytest.approx(sum(holds) / len(members))
    assert row["redundancy"] >= 2 / len(members), "the two that were added can be spared"
    assert row["margin"] == pytest.approx(min(alone - 0.8, 0.8 - without))
    assert row["units"] == row["found_units"] == len(members)
    half = quality(evaluator, replace(found, score_removed=found.score_full))
    assert (half["sufficient"], half["necessary"], half["both"]) == (1, 0, 0)
    assert half["found_units"] != half["found_units"]  # not a number: it lacks a property
    assert half["margin"] < 0


def test_random_order_ranks_every_unit_and_differs_between_pairs() -> None:
    case = small_case()
    other = replace(case, pair=small_pair(40, 44, seed=8))
    method = chosen_methods(["random"])["random"]
    orders = [method.run(MODEL, each, QUICK).unit_scores for each in (case, case, other)]  # type: ignore[call-arg, union-attr]
    assert bool((orders[0] > 0).all())
    assert torch.equal(orders[0], orders[1])
    assert not torch.equal(orders[0], orders[2])


def test_interrupted_methods_end_the_study() -> None:
    case = small_case()
    found: SetExplanation = ddfimage(MODEL, case.pair, case.target, level=0.8, **case.options)
    refuse_stopped(found)
    with pytest.raises(KeyboardInterrupt):
        refuse_stopped(replace(found, status="INTERRUPTED"))
    slopes = lime(MODEL, case.pair, case.target, samples=20, **case.options)
    refuse_stopped(slopes)
    slopes.facts["complete"] = False
    with pytest.raises(KeyboardInterrupt):
        refuse_stopped(slopes)


def test_names() -> None:
    assert list(chosen_methods(["random", "ddmin"])) == ["ddmin", "random"]
    assert list(chosen_methods(None)) == list(PANEL)
    with pytest.raises(UnknownNameError, match="did you mean ddmin"):
        chosen_methods(["dmin"])
    with pytest.raises(InputError, match="at least one method"):
        chosen_methods([])


def test_gradients_are_counted() -> None:
    case = small_case()
    found = PANEL["integrated_gradients"].run(MODEL, case, FAST)  # type: ignore[call-arg]
    assert images_of(found) >= 8
    assert images_of(found) == found.facts["gradients"]  # type: ignore[union-attr]
    assert images_of(PANEL["guidance"].run(MODEL, case, FAST)) == 9  # type: ignore[call-arg]
    assert images_of(PANEL["gradcam"].run(MODEL, case, FAST)) == 1  # type: ignore[call-arg]
